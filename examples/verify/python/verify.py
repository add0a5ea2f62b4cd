"""Verifies Daypass access tokens with PyJWT: copy this file into your backend."""

import base64
import hmac
import json
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NoReturn

import jwt


@dataclass(frozen=True)
class Site:
    """A site whose tokens are accepted.

    secrets: DAYPASS_SECRET, and DAYPASS_SECRET_SECONDARY during a rotation.
    issuer: such as https://your-site.example
    deploy_contexts: for tokens of `npx daypass dev`, ["dev"]
    """

    secrets: Collection[str | None]
    issuer: str
    audience: str = "api"
    deploy_contexts: Collection[str] = ("production",)


class Verifier:
    """Make it where your backend starts, so that a bad secret is found there."""

    def __init__(self, *sites: Site) -> None:
        """Of several sites, the issuer in the token chooses: the claim iss says which it was.

        Raises ValueError for settings that cannot work.
        """
        secrets = [secret for site in sites for secret in site.secrets]
        if not sites or any(not site.secrets for site in sites):
            raise ValueError("name at least one site, each with a secret")
        if any(len((secret or "").encode()) < 32 for secret in secrets):
            raise ValueError("a secret is missing, or shorter than 32 bytes: set DAYPASS_SECRET")
        if len(set(secrets)) < len(secrets):
            raise ValueError("a secret stands twice: make another")
        self._sites = {site.issuer: site for site in sites}
        if len(self._sites) < len(sites):
            raise ValueError("an issuer stands twice: give one site all its secrets")
        self._keys = {
            site.issuer: {_key_id(secret): secret for secret in site.secrets if secret} for site in sites
        }

    def verify(self, token: str, now: float | None = None) -> dict[str, Any]:
        """Returns the claims of a token, or raises jwt.InvalidTokenError.

        now: the present in seconds since the epoch, by default time.time().
        """
        header, claims = _read(token)
        site = self._sites.get(str(claims.get("iss")))
        if site is None:
            raise jwt.InvalidIssuerError("a site that is not accepted")
        key = self._keys[site.issuer].get(str(header.get("kid")))
        if key is None:
            raise jwt.InvalidTokenError("unknown key")
        return _check(token, site, key, time.time() if now is None else now)


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(token) > 4096 or not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}", token):
        raise jwt.DecodeError("too long, or not three parts of base64url")
    header, claims = (_parse(part) for part in token.split(".")[:2])
    if header.get("typ") != "JWT" or "crit" in header:
        raise jwt.InvalidTokenError("another kind of token")
    return header, claims


def _check(token: str, site: Site, key: str, now: float) -> dict[str, Any]:
    # PyJWT asks the system's clock and takes "123" and 1.5 for times, so they are checked below.
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["HS256"],
        issuer=site.issuer,
        audience=site.audience,
        options={
            "require": ["iss", "aud", "sub", "jti", "iat", "exp", "deploy_context"],
            "strict_aud": True,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        },
    )

    if not re.fullmatch(r"anon_[A-Za-z0-9_-]{22}", claims["sub"]) or claims["jti"] == "":
        raise jwt.InvalidTokenError("not a session of Daypass")
    if not isinstance(claims.get("scope", ""), str) or claims["deploy_context"] not in list(
        site.deploy_contexts
    ):
        raise jwt.InvalidTokenError("a scope that is no string, or another deploy context")
    times = [claims["iat"], claims["exp"], claims.get("nbf", 0), claims.get("auth_time", 0)]
    if not all(_is_whole(value) for value in times):
        raise jwt.InvalidTokenError("a time that is no whole number of seconds")
    if not 0 < claims["exp"] - claims["iat"] <= 3600:
        raise jwt.InvalidTokenError("a life that no Daypass token has")
    if claims.get("auth_time", 0) > claims["iat"]:
        raise jwt.InvalidTokenError("minted before its session began")
    if max(claims["iat"], claims.get("nbf", 0)) > now + 30:
        raise jwt.ImmatureSignatureError("not yet valid")
    if now >= claims["exp"] + 30:
        raise jwt.ExpiredSignatureError("expired")
    return claims


def read_token(authorization: str | None, x_daypass: str | None) -> str | None:
    """Returns the token of a request: of `Authorization: Bearer`, or of `X-Daypass`, which holds only the token, where a
    password of the site takes `Authorization`. None when it is in neither: answer 401 without an error code. Raises
    jwt.InvalidTokenError for what is not one token.

    authorization, x_daypass: the fields' values, None for one that was not sent.
    """
    bearer = re.fullmatch(r"bearer(?: +(.*)|\s.*)?", authorization or "", re.IGNORECASE | re.DOTALL)
    if bearer and x_daypass is not None:
        raise jwt.InvalidTokenError("sent twice")
    token = bearer[1] or "" if bearer else x_daypass
    if token is not None and not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token):
        raise jwt.DecodeError("not one token")
    return token


def _key_id(secret: str) -> str:
    digest = hmac.digest(secret.encode(), b"daypass kid", "sha256")
    return base64.urlsafe_b64encode(digest).decode()[:8]


def _parse(part: str) -> dict[str, Any]:
    """Stricter than json.loads: only UTF-8, no NaN, no member twice, at most 64 levels."""
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        levels = _count_levels(value)
    except (ValueError, RecursionError) as error:
        raise jwt.DecodeError("not JSON") from error
    if not isinstance(value, dict) or levels > 64:
        raise jwt.DecodeError("not a JSON object, or nested too deep")
    return value


def _count_levels(value: Any) -> int:
    # The value is the first level, each object or list inside another one more.
    if not isinstance(value, (dict, list)):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_count_levels, inner), default=0)


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(members)) < len(members):
        raise ValueError("a member twice")
    return dict(members)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_whole(value: Any) -> bool:
    # True is an int, too.
    return type(value) in (int, float) and 0 <= value < 2**53 and value == int(value)
