"""Secrets, times and tokens that the tests share."""

import base64
import hmac
import json
import time
from typing import Any

SECRET = "u1ZkQ0yXr8mT5nB2vC7wE4hJ9pL6sD3a-first"
OTHER_SECRET = "k9WfR2tYq6pM3xN8bV1zA5gH7jL4cS0e-other"
ISSUER = "https://site.example"
NOW = 1_800_000_000
SUBJECT = "anon_AAAAAAAAAAAAAAAAAAAAAA"


def encode(value: bytes | str | object) -> str:
    """base64url of bytes, of a text, or of the JSON of anything else."""
    text = value if isinstance(value, bytes | str) else json.dumps(value)
    data = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_id(secret: str = SECRET) -> str:
    return encode(hmac.digest(secret.encode(), b"daypass kid", "sha256"))[:8]


def good_header(**changes: Any) -> dict[str, Any]:
    return _without_none({"alg": "HS256", "typ": "JWT", "kid": key_id(), **changes})


def good_claims(now: int = NOW, **changes: Any) -> dict[str, Any]:
    """Claims that every verifier takes at `now`; a change to None takes one out."""
    claims = {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": "api",
        "iat": now,
        "exp": now + 300,
        "jti": "AAAAAAAAAAAAAAAAAAAAAA",
        "auth_time": now - 7200,
        "scope": "",
        "deploy_context": "production",
    }
    return _without_none({**claims, **changes})


def sign(header: object, claims: object, secret: str = SECRET) -> str:
    """Sign any two parts: what an attacker with the key, or a buggy issuer, could send."""
    signing_input = f"{encode(header)}.{encode(claims)}"
    return f"{signing_input}.{encode(hmac.digest(secret.encode(), signing_input.encode(), 'sha256'))}"


def make_token(now: int = NOW, **changes: Any) -> str:
    return sign(good_header(), good_claims(now, **changes))


def make_pass(**changes: Any) -> str:
    """A token that holds at this moment."""
    return make_token(int(time.time()), **changes)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def beside_password(token: str) -> dict[str, str]:
    """As at a site with a password, which the browser sends by itself."""
    return {"Authorization": "Basic dmlzaXRvcjpwYXNzd29yZA==", "X-Daypass": token}


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
