"""Verifies access tokens offline."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, overload

from jwt.algorithms import HMACAlgorithm

from ._options import find_no_function, refuses_unknown
from ._token.cache import TokenCache
from ._token.claims import check_claims, warn_once
from ._token.parse import ParsedToken, parse_token
from ._token.sites import LEEWAY_RULE, SITE_OPTIONS, KnownSite, Site, is_leeway, is_whole, make_site, make_sites
from .access_token import AccessToken
from .errors import ConfigurationError, Problem, TokenError

_hs256 = HMACAlgorithm(HMACAlgorithm.SHA256)


# Tells what was not given from a value that cannot be used.
_UNSET: Any = object()


class Verifier:
    """Verifies access tokens offline, by the one policy that every Daypass verifier follows. Thread-safe.

    Args:
        secret: the site's `DAYPASS_SECRET`: at least 32 bytes of UTF-8 (RFC 7518 §3.2).
        secondary_secret: the site's `DAYPASS_SECRET_SECONDARY`: verifies too, during a rotation.
        issuer: `iss`: the site's primary URL, without a trailing slash.
        audience: `aud`: this backend's name in the site's policy; `api` unless given.
        deploy_contexts: deploy contexts whose tokens are accepted; only `production` unless given.
        sites: instead of all these, for a backend of several sites: a list of dicts with these five. The issuer in the
            token chooses among them, and then everything must fit that site; `AccessToken.issuer` says which.
        leeway_seconds: how much the clocks of two machines may differ, in either direction; 0 to 300.
        cache_size: how many verified tokens are remembered until they expire; 0 for none.
        clock: the present, seconds since the epoch.

    Raises:
        ConfigurationError: a ValueError: a secret is missing, weak or shared by two sites, or an option is malformed or
            unknown.

    Example:
        `Verifier(os.environ["DAYPASS_SECRET"], issuer="https://your-site.example")`
    """

    @overload
    def __init__(
        self,
        secret: str | None,
        secondary_secret: str | None = None,
        *,
        issuer: str,
        audience: str = "api",
        deploy_contexts: Iterable[str] = ("production",),
        leeway_seconds: int = 30,
        cache_size: int = 1024,
        clock: Callable[[], float] = time.time,
    ) -> None: ...

    @overload
    def __init__(
        self,
        *,
        sites: Sequence[Site],
        leeway_seconds: int = 30,
        cache_size: int = 1024,
        clock: Callable[[], float] = time.time,
    ) -> None: ...

    @refuses_unknown
    def __init__(
        self,
        secret: Any = _UNSET,
        secondary_secret: Any = _UNSET,
        *,
        issuer: Any = _UNSET,
        audience: Any = _UNSET,
        deploy_contexts: Any = _UNSET,
        sites: Any = _UNSET,
        leeway_seconds: int = 30,
        cache_size: int = 1024,
        clock: Callable[[], float] = time.time,
    ) -> None:
        values = (secret, secondary_secret, issuer, audience, deploy_contexts)
        only = {name: value for name, value in zip(SITE_OPTIONS, values, strict=True) if value is not _UNSET}
        problems = find_no_function(clock=clock)
        known: list[KnownSite] = []
        if sites is _UNSET:
            made = make_site(only, leeway_seconds)
            if isinstance(made, list):
                problems += made
            else:
                known = [made]
        else:
            known, wrong = make_sites(sites, leeway_seconds)
            problems += wrong
            problems += [
                Problem(name, "stands next to a list of sites. Move it into the site that it is about.")
                for name in only
            ]
        if not is_leeway(leeway_seconds):
            problems.append(Problem("leeway_seconds", LEEWAY_RULE))
        if not is_whole(cache_size, 0, 1_000_000):
            problems.append(Problem("cache_size", "must be a number of tokens, from 0 to 1000000."))
        if problems:
            raise ConfigurationError(problems)
        self._sites = {site.policy.issuer: site for site in known}
        self._cache = TokenCache(cache_size)
        self._clock = clock

    def __repr__(self) -> str:
        sites = "; ".join(
            f"issuer={site.policy.issuer!r}, audience={site.policy.audience!r}" for site in self._sites.values()
        )
        return f"Verifier({sites})"

    def verify(self, token: str) -> AccessToken:
        """Verify a token.

        Args:
            token: the compact form, as it stood behind `Authorization: Bearer`.

        Raises:
            TokenError: it is refused; `code` says why. Answer 401 for all of them.
        """
        now = math.floor(self._clock())
        known = self._cache.get(token, now)
        return known if known is not None else self._verify(token, parse_token(token), now)

    def verify_own(self, token: str) -> AccessToken | None:
        """Verify a token if it claims to come from our site, for backends that take tokens of several issuers.

        Returns:
            None when it is no JWT, or claims another issuer: it is for another class to verify.

        Raises:
            TokenError: it claims our issuer, and is refused.
        """
        now = math.floor(self._clock())
        known = self._cache.get(token, now)
        if known is not None:
            return known
        parsed = parse_token(token)
        if parsed is None:
            return None
        if self._find_site(parsed.payload.get("iss")) is not None:
            return self._verify(token, parsed, now)
        # If it is ours all the same, the setting is wrong: worth a warning, though others may take it.
        if self._find_signer(parsed) is not None:
            with suppress(TokenError):
                self._verify(token, parsed, now)
        return None

    def _verify(self, token: str, parsed: ParsedToken | None, now: int) -> AccessToken:
        if parsed is None:
            raise TokenError("token_malformed")
        header = parsed.header
        # RFC 8725 §3.1: the algorithm is ours to choose, not the token's. `crit` (RFC 7515 §4.1.11) asks for
        # something that we do not do.
        if header.get("alg") != "HS256" or "crit" in header:
            raise TokenError("token_algorithm")
        # RFC 8725 §3.11: another kind of JWT must not pass for this one.
        if header.get("typ") != "JWT":
            raise TokenError("token_type")
        site = self._find_signer(parsed)
        if site is None:
            raise TokenError("token_key")
        if not _hs256.verify(parsed.signing_input, site.keys[header["kid"]].secret, parsed.signature):
            raise TokenError("token_signature")
        try:
            # `iss` among them: whatever selected the keys, the token must be of the site whose keys they are.
            says = check_claims(parsed.payload, site.policy, now)
        except TokenError as error:
            if error.hint is not None:
                warn_once(error)
            raise
        self._cache.put(token, says, now)
        return says

    def _find_site(self, issuer: object) -> KnownSite | None:
        return self._sites.get(issuer) if isinstance(issuer, str) else None

    def _find_signer(self, parsed: ParsedToken) -> KnownSite | None:
        """The site that the token names, if the key is its own; else the one whose key it is, which refuses it."""
        key_id = parsed.header.get("kid")
        if not isinstance(key_id, str):
            return None
        named = self._find_site(parsed.payload.get("iss"))
        if named is not None and key_id in named.keys:
            return named
        return next((site for site in self._sites.values() if key_id in site.keys), None)
