"""Reads the token of a request, of whichever of two fields it is in."""

import re
from typing import NamedTuple

from daypass.errors import TokenError

_SCHEME = re.compile(r"bearer(?=\s|$)", re.IGNORECASE)

# b64token of RFC 6750 §2.1. Two fields arrive joined by a comma, which no token holds.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)

VARY = ("Authorization", "X-Daypass")
"""One caller's answer is not another's (RFC 9111 §4.1)."""


class TokenFields(NamedTuple):
    """The values of the fields that may hold a token; None for one that was not sent."""

    authorization: str | None
    x_daypass: str | None


def read_bearer(fields: TokenFields) -> str:
    """Read the token of `Authorization: Bearer` (RFC 6750 §2.1), or of `X-Daypass`.

    `X-Daypass` holds the token alone, beside whatever other scheme `Authorization` has: at a site with a password, the
    browser sends `Basic` in it by itself. The scheme's case does not matter (RFC 9110 §11.1).

    Raises:
        TokenError: `token_missing` when it is in neither, `token_repeated` when there are both (RFC 6750 §2: one way
            only), `token_malformed` when what is there is not one token.
    """
    authorization = (fields.authorization or "").strip(" \t")
    scheme = _SCHEME.match(authorization)
    if scheme and fields.x_daypass is not None:
        raise TokenError("token_repeated")
    if scheme is None and fields.x_daypass is None:
        raise TokenError("token_missing")
    token = authorization[scheme.end() :].lstrip(" ") if scheme else (fields.x_daypass or "").strip(" \t")
    if not _TOKEN.fullmatch(token):
        raise TokenError("token_malformed")
    return token
