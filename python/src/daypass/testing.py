"""Tokens and visitors for the tests of your own project. Its importer can sign tokens: not for production.

Importing it is a `ConfigurationError` unless one of these holds: pytest runs, Django's test runner runs, Django's
`DEBUG` is True, or the environment variable `DAYPASS_TESTING` is 1. Any other process could be production.

With pytest, the fixtures `daypass_token`, `daypass_headers` and `daypass_visitor` are there without an import.
"""

import base64
import json
import math
import os
import secrets
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict

from ._options import is_scope, is_test_run, nearest
from ._token.claims import DEPLOY_CONTEXTS
from ._token.keys import check_secrets, make_key
from ._token.sites import KnownSite, is_whole
from .access_token import AccessToken
from .errors import ConfigurationError, Problem
from .verifier import Verifier, _hs256

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .rest_framework import Visitor

__all__ = ["TokenOptions", "bearer_headers", "make_access_token", "make_visitor", "mint_token"]


class TokenOptions(TypedDict, total=False):
    """What a token says. Whatever is left out is as the site would say it."""

    subject: str
    """`sub`: names the session, `anon_` and 22 base64url characters; random."""

    scopes: Iterable[str]
    """`scope`; none."""

    issuer: str
    """`iss`; the first site of the settings. Of several, it chooses the secret, audience and deploy context too."""

    audience: str
    """`aud`; the settings' own."""

    deploy_context: str
    """`deploy_context`; `production` if the settings accept it, else the first that they do."""

    age_seconds: int
    """How long ago the token was minted, which is `iat`; 0. More than `ttl_seconds` makes one that has expired."""

    ttl_seconds: int
    """Its life, from `iat` to `exp`; 300. More than 3600 is refused by every verifier."""

    session_age_seconds: int
    """How long ago its session began, which is `auth_time`; as long as the token is old."""

    token_id: str
    """`jti`; random."""

    session_id: str
    """`sid`, which only the broker reads; random."""

    secret: str
    """Signs; the settings' first."""


def mint_token(verifier: Verifier | None = None, **options: "Unpack[TokenOptions]") -> str:
    """Mint an access token as the site would.

    Args:
        verifier: has secret, issuer, audience, deploy contexts and clock; the one of Django's setting `DAYPASS` unless
            given. It need not accept the token: `mint_token(audience="other")` is for a test that one is refused.
        options: what the token says, see `TokenOptions`.

    Raises:
        ConfigurationError: a ValueError: an option is malformed or unknown.
        ImproperlyConfigured: Django's setting `DAYPASS` is at fault.

    Example:
        `client.get("/api/hello", headers={"Authorization": f"Bearer {mint_token(scopes=['write'])}"})`
    """
    given: dict[str, Any] = dict(options)
    _check(verifier, given)
    verifier = _find_verifier() if verifier is None else verifier
    sites: dict[str, KnownSite] = verifier._sites  # noqa: SLF001
    issuer = given.get("issuer", next(iter(sites)))
    policy, keys = sites.get(issuer, next(iter(sites.values())))
    # The first secret's stands last.
    key = make_key(given["secret"]) if "secret" in given else list(keys.values())[-1]
    age_seconds = given.get("age_seconds", 0)
    now = math.floor(verifier._clock())  # noqa: SLF001
    issued_at = now - age_seconds
    claims = {
        "iss": issuer,
        "sub": given.get("subject", f"anon_{secrets.token_urlsafe(16)}"),
        "aud": given.get("audience", policy.audience),
        "iat": issued_at,
        "exp": issued_at + given.get("ttl_seconds", 300),
        "jti": given.get("token_id", secrets.token_urlsafe(16)),
        "auth_time": now - given.get("session_age_seconds", age_seconds),
        "sid": given.get("session_id", secrets.token_urlsafe(16)),
        "scope": " ".join(given.get("scopes", ())),
        "deploy_context": given.get(
            "deploy_context", next(each for each in DEPLOY_CONTEXTS if each in policy.deploy_contexts)
        ),
    }
    signing_input = f"{_encode({'alg': 'HS256', 'typ': 'JWT', 'kid': key.id})}.{_encode(claims)}"
    return f"{signing_input}.{_base64url(_hs256.sign(signing_input.encode(), key.secret))}"


def make_access_token(verifier: Verifier | None = None, **options: "Unpack[TokenOptions]") -> AccessToken:
    """What a verifier says of such a token: what views find in `request.auth` or `request.daypass`.

    Args:
        verifier: as for `mint_token`.
        options: as for `mint_token`.

    Raises:
        TokenError: these settings refuse such a token.
        ConfigurationError: a ValueError: an option is malformed or unknown.

    Example:
        `app.dependency_overrides[require_daypass] = lambda: make_access_token(verifier, scopes=["write"])`
    """
    token = mint_token(verifier, **options)
    return (_find_verifier() if verifier is None else verifier).verify(token)


def make_visitor(verifier: Verifier | None = None, **options: "Unpack[TokenOptions]") -> "Visitor":
    """A `Visitor`, for `force_authenticate` of REST framework.

    Where a view has a Daypass permission or throttle, that is all. One that has neither and reads `request.auth` is
    given it as well: `force_authenticate(user=visitor, token=visitor.token)`.

    Args:
        verifier: as for `mint_token`.
        options: as for `mint_token`.

    Raises:
        TokenError: these settings refuse such a token.
        ConfigurationError: a ValueError: an option is malformed or unknown.

    Example:
        `client.force_authenticate(user=make_visitor(scopes=["write"]))`
    """
    from .rest_framework import Visitor

    return Visitor(make_access_token(verifier, **options))


def bearer_headers(verifier: Verifier | None = None, **options: "Unpack[TokenOptions]") -> dict[str, str]:
    """The header field of a request with such a token, for the test clients of Django, Starlette and FastAPI.

    Args:
        verifier: as for `mint_token`.
        options: as for `mint_token`.

    Raises:
        ConfigurationError: a ValueError: an option is malformed or unknown.

    Example:
        `TestClient(app, headers=bearer_headers(verifier)).get("/hello")`
    """
    return {"Authorization": f"Bearer {mint_token(verifier, **options)}"}


def _find_verifier() -> Verifier:
    from .django import get_verifier

    return get_verifier()


def _check(verifier: object, options: dict[str, Any]) -> None:
    known = [*TokenOptions.__annotations__]
    problems = [
        Problem(name, f"is unknown. Did you mean {nearest(name, known)}?") for name in options if name not in known
    ]
    if verifier is not None and not isinstance(verifier, Verifier):
        problems.append(Problem("verifier", "must be a Verifier."))
    for name, value in options.items():
        if name == "scopes":
            if isinstance(value, str) or not isinstance(value, Iterable) or not all(map(is_scope, value)):
                problems.append(Problem(name, 'must be a list of scopes, such as ["write"].'))
        elif name == "secret":
            problems += check_secrets(value, None)
        elif name.endswith("_seconds"):
            if not is_whole(value, -(10**10), 10**10):
                problems.append(Problem(name, "must be whole seconds."))
        elif name in known and not isinstance(value, str):
            problems.append(Problem(name, "must be a text."))
    if problems:
        raise ConfigurationError(problems)


def _encode(part: object) -> str:
    return _base64url(json.dumps(part).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _is_debug() -> bool:
    django_conf = sys.modules.get("django.conf")
    # Settings that were not read yet must not be read for this.
    return django_conf is not None and django_conf.settings.configured and django_conf.settings.DEBUG is True


if not (os.environ.get("DAYPASS_TESTING") == "1" or is_test_run() or _is_debug()):
    raise ConfigurationError(
        [
            Problem(
                "DAYPASS_TESTING",
                "is not 1, and this is no test run of pytest or Django and no debug mode of Django. daypass.testing"
                " signs tokens, which has no place in production: import it only in tests, or set DAYPASS_TESTING=1.",
            )
        ]
    )
