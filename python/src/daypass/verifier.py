"""Verifies access tokens offline."""

import math
import time
from collections.abc import Callable, Iterable
from typing import cast

from jwt.algorithms import HMACAlgorithm

from ._options import find_no_function, listed, refuses_unknown
from ._token.cache import TokenCache
from ._token.check_options import check_policy, is_whole
from ._token.claims import ClaimsPolicy, check_claims
from ._token.keys import check_secrets, make_key
from ._token.parse import ParsedToken, parse_token
from .access_token import AccessToken
from .errors import ConfigurationError, Problem, TokenError

_hs256 = HMACAlgorithm(HMACAlgorithm.SHA256)


class Verifier:
    """Verifies access tokens offline, by the one policy that every Daypass verifier follows. Thread-safe.

    Args:
        secret: the site's `DAYPASS_SECRET`: at least 32 bytes of UTF-8 (RFC 7518 §3.2).
        secondary_secret: the site's `DAYPASS_SECRET_SECONDARY`: verifies too, during a rotation.
        issuer: `iss`: the site's primary URL, without a trailing slash.
        audience: `aud`: this backend's name in the site's policy.
        deploy_contexts: deploy contexts whose tokens are accepted.
        leeway_seconds: how much the clocks of two machines may differ, in either direction; 0 to 300.
        cache_size: how many verified tokens are remembered until they expire; 0 for none.
        clock: the present, seconds since the epoch.

    Raises:
        ConfigurationError: a ValueError: a secret is missing or weak, or an option is malformed or unknown.
    """

    @refuses_unknown
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
    ) -> None:
        contexts = listed(deploy_contexts)
        problems = find_no_function(clock=clock)
        problems += check_secrets(secret, secondary_secret)
        problems += check_policy(issuer, audience, contexts, leeway_seconds)
        if not is_whole(cache_size, 0, 1_000_000):
            problems.append(Problem("cache_size", "must be a number of tokens, from 0 to 1000000."))
        if problems:
            raise ConfigurationError(problems)
        keys = [make_key(each) for each in (secret, secondary_secret) if each is not None]
        # Reversed: should two names ever collide, the first secret's stands, as with every verifier.
        self._keys = {key.id: key for key in reversed(keys)}
        self._policy = ClaimsPolicy(issuer, audience, frozenset(cast("tuple[str, ...]", contexts)), leeway_seconds)
        self._cache = TokenCache(cache_size)
        self._clock = clock

    def __repr__(self) -> str:
        return f"Verifier(issuer={self._policy.issuer!r}, audience={self._policy.audience!r})"

    def verify(self, token: str) -> AccessToken:
        """Verify a token.

        Args:
            token: the compact form, as it stood behind `Authorization: Bearer`.

        Raises:
            TokenError: it is refused; `code` says why. Answer 401 for all of them.
        """
        now = math.floor(self._clock())
        known = self._cache.get(token, now)
        return known if known is not None else self._judge(token, parse_token(token), now)

    def verify_own(self, token: str) -> AccessToken | None:
        """Verify a token if it claims to come from our site, for backends that take tokens of several issuers.

        Returns:
            None when it is no JWT, or claims another issuer: it is for somebody else to judge.

        Raises:
            TokenError: it claims our issuer, and is refused.
        """
        now = math.floor(self._clock())
        known = self._cache.get(token, now)
        if known is not None:
            return known
        parsed = parse_token(token)
        if parsed is None or parsed.payload.get("iss") != self._policy.issuer:
            return None
        return self._judge(token, parsed, now)

    def _judge(self, token: str, parsed: ParsedToken | None, now: int) -> AccessToken:
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
        key_id = header.get("kid")
        key = self._keys.get(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise TokenError("token_key")
        if not _hs256.verify(parsed.signing_input, key.secret, parsed.signature):
            raise TokenError("token_signature")
        says = check_claims(parsed.payload, self._policy, now)
        self._cache.put(token, says, now)
        return says
