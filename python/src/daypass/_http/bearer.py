"""Reads `Authorization: Bearer`."""

import re

from daypass.errors import TokenError

_SCHEME = re.compile(r"bearer(?=\s|$)", re.IGNORECASE)

# b64token of RFC 6750 §2.1. Two fields arrive joined by a comma, which no token holds.
_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)


def read_bearer(authorization: str | None) -> str:
    """Read the token of `Authorization: Bearer` (RFC 6750 §2.1); the scheme's case does not matter (RFC 9110 §11.1).

    Args:
        authorization: the field's value, None when it was not sent.

    Raises:
        TokenError: `token_missing` without the field or with another scheme, `token_malformed` when what follows is
            not one token.
    """
    field = (authorization or "").strip(" \t")
    if not _SCHEME.match(field):
        raise TokenError("token_missing")
    match = _CREDENTIALS.fullmatch(field)
    if match is None:
        raise TokenError("token_malformed")
    return match[1]
