"""Verifies access tokens by asking the site."""

import base64
import logging
import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote_plus, urlencode

from daypass._options import find_no_function, listed, refuses_unknown
from daypass._token.cache import TokenCache
from daypass._token.claims import ClaimsPolicy, check_claims
from daypass._token.parse import parse_token, read_json
from daypass._token.sites import check_policy, is_origin, is_whole
from daypass.access_token import AccessToken
from daypass.errors import ConfigurationError, Problem, TokenError

from .transport import Transport, send_with_urllib

# The credentials leave this machine encrypted or not at all.
_SAFE_SITE = re.compile(r"https:|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::|$)")

_logger = logging.getLogger("daypass")


class Introspector:
    """Verifies access tokens by asking the site (RFC 7662), for backends that are not to hold its secret. Thread-safe.

    Prefer `Verifier`: it needs no call. This one learns of a revoked session when what it remembers has expired.

    Args:
        site: where `/session/introspect` is: an https origin (http only on this machine).
        secret: this audience's introspection secret.
        audience: `aud`: this backend's name in the site's policy.
        issuer: `iss`; None when it is `site`.
        deploy_contexts: deploy contexts whose tokens are accepted.
        leeway_seconds: how much the clocks of two machines may differ; 0 to 300.
        timeout_seconds: how long a call may take, from connecting to the last byte of the answer.
        cache_seconds: how long a positive answer is cached, never past `exp`; 0 introspects at each request.
        cache_size: how many tokens are remembered.
        clock: the present, seconds since the epoch.
        transport: sends the request; urllib where not given.

    Raises:
        ConfigurationError: a ValueError: an option is malformed or unknown.
    """

    @refuses_unknown
    def __init__(
        self,
        site: str,
        secret: str | None,
        *,
        audience: str = "api",
        issuer: str | None = None,
        deploy_contexts: Iterable[str] = ("production",),
        leeway_seconds: int = 30,
        timeout_seconds: float = 3.0,
        cache_seconds: int = 3600,
        cache_size: int = 1024,
        clock: Callable[[], float] = time.time,
        transport: Transport = send_with_urllib,
    ) -> None:
        contexts = listed(deploy_contexts)
        issuer = site if issuer is None else issuer
        problems = find_no_function(clock=clock, transport=transport)
        problems += check_policy(issuer, audience, contexts, leeway_seconds)
        problems += _check_options(site, secret, timeout_seconds)
        problems += [
            Problem(name, "must be a whole number from 0.")
            for name, value in (("cache_seconds", cache_seconds), ("cache_size", cache_size))
            if not is_whole(value, 0, 1_000_000)
        ]
        if problems:
            raise ConfigurationError(problems)
        self._url = f"{site}/session/introspect"
        # RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
        pair = f"{quote_plus(audience)}:{quote_plus(str(secret))}"
        self._credentials = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._policy = ClaimsPolicy(issuer, audience, frozenset(cast("tuple[str, ...]", contexts)), leeway_seconds)
        self._timeout_seconds = timeout_seconds
        self._cache = TokenCache(cache_size if cache_seconds > 0 else 0, cache_seconds)
        self._clock = clock
        self._transport = transport

    def __repr__(self) -> str:
        return f"Introspector(issuer={self._policy.issuer!r}, audience={self._policy.audience!r})"

    def verify(self, token: str) -> AccessToken:
        """Ask the site about a token. Blocks; an async application calls it in a thread.

        Raises:
            TokenError: the token is refused: `token_inactive` when the site says no more than that; or
                `introspection_unavailable` (503), when there was no answer to rely on. No token ever passes then.
        """
        now = math.floor(self._clock())
        known = self._cache.get(token, now)
        if known is not None:
            return known
        parsed = parse_token(token)
        if parsed is None:
            raise TokenError("token_malformed")
        # A token refused for its own claims needs no request.
        own = check_claims(parsed.payload, self._policy, now)
        claims = self._ask(token)
        if claims.get("active") is not True:
            raise TokenError("token_inactive")
        says = check_claims(claims, self._policy, now)
        # The site may have taken scopes back. Everything else that it says is about this token, or about none.
        if replace(own, scopes=says.scopes, claims=says.claims) != says or not set(says.scopes) <= set(own.scopes):
            raise _unavailable("the answer is about another token")
        self._cache.put(token, says, now)
        return says

    def _ask(self, token: str) -> dict[str, Any]:
        headers = {
            "Authorization": self._credentials,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        body = urlencode({"token": token, "token_type_hint": "access_token"}).encode()
        try:
            status, answer = self._transport(self._url, headers, body, self._timeout_seconds)
        except OSError as error:
            raise _unavailable(type(error).__name__) from None
        try:
            claims = read_json(answer.decode()) if status == 200 else None
        except ValueError:
            claims = None
        if not isinstance(claims, dict):
            raise _unavailable(f"status {status}")
        return claims


def _unavailable(reason: str) -> TokenError:
    # 401 here means that the site does not know this backend's secret.
    _logger.warning("introspection failed: %s", reason)
    return TokenError("introspection_unavailable")


def _check_options(site: object, secret: object, timeout_seconds: object) -> list[Problem]:
    problems = []
    if not is_origin(site) or not _SAFE_SITE.match(str(site)):
        problems.append(Problem("site", "must be an https origin such as https://example.com, without a path."))
    if not isinstance(secret, str) or secret == "":
        remedy = "Ask the site's owner for the introspection secret of this audience."
        problems.append(Problem("secret", f"is missing. {remedy}"))
    is_number = isinstance(timeout_seconds, int | float) and not isinstance(timeout_seconds, bool)
    if not is_number or not 0 < timeout_seconds <= 60:  # type: ignore[operator]
        problems.append(Problem("timeout_seconds", "must be seconds, above 0 and up to 60."))
    return problems
