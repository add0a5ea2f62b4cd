import base64
import hmac
import secrets
import time

import jwt
from django.conf import settings


def make_pass(**changes):
    """An access token as the site signs them; the changes replace claims."""
    secret = settings.DAYPASS["SECRET"]
    key_id = base64.urlsafe_b64encode(hmac.digest(secret.encode(), b"daypass kid", "sha256"))
    now = int(time.time())
    claims = {
        "iss": settings.DAYPASS["ISSUER"],
        "sub": "anon_" + secrets.token_urlsafe(16),
        "aud": "api",
        "iat": now,
        "exp": now + 300,
        "jti": secrets.token_urlsafe(16),
        "auth_time": now - 3600,
        "scope": "hello",
        "deploy_context": "production",
        **changes,
    }
    return jwt.encode(claims, secret, headers={"kid": key_id[:8].decode()})


def bearer(token):
    return {"Authorization": f"Bearer {token}"}
