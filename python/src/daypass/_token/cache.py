"""Remembers tokens that were verified."""

import hashlib
from threading import Lock
from typing import NamedTuple

from daypass.access_token import AccessToken


class TokenCache:
    """A bounded cache of verified tokens. Thread-safe.

    An entry is good from the token's start to its end, without leeway, so that none outlives `exp`; outside, the token
    is verified anew. Tokens are kept as hashes: no memory dump or debug page shows one.

    Args:
        size: how many tokens it holds; 0 switches it off.
        max_age_seconds: how long an entry is good at most; an access token lives no longer than 3600.
    """

    def __init__(self, size: int, max_age_seconds: int = 3600) -> None:
        self._size = size
        self._max_age_seconds = max_age_seconds
        self._lock = Lock()
        self._entries: dict[bytes, _Entry] = {}

    def get(self, token: str, now: int) -> AccessToken | None:
        """What the token says, if it is known and `now` (seconds since the epoch) is within its life."""
        if not self._entries:
            return None
        entry = self._entries.get(_hash(token))
        return entry.says if entry is not None and entry.start <= now < entry.end else None

    def put(self, token: str, says: AccessToken, now: int) -> None:
        """Remember a token that was found to hold at `now`."""
        # What is nested could be changed by one request under another's hands; a site mints nothing nested. A token
        # with a start of its own would need a second look at the clock; a site mints none of these either.
        if self._size == 0 or "nbf" in says.claims or any(map(_is_nested, says.claims.values())):
            return
        key = _hash(token)
        entry = _Entry(says, says.issued_at, min(says.expires_at, now + self._max_age_seconds))
        with self._lock:
            self._entries[key] = entry
            # The first to come is the first to expire, more or less.
            while len(self._entries) > self._size:
                del self._entries[next(iter(self._entries))]


class _Entry(NamedTuple):
    says: AccessToken
    start: int
    end: int


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _is_nested(claim: object) -> bool:
    return isinstance(claim, (dict, list))
