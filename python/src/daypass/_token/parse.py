"""Reads tokens without believing them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple

from .read_json import read_json

MAX_TOKEN_BYTES = 4096
"""Longest token that anybody here looks at (it is ASCII)."""


class ParsedToken(NamedTuple):
    """A JWS in compact form; no signature was checked."""

    header: dict[str, Any]
    payload: dict[str, Any]
    signing_input: bytes
    signature: bytes


def parse_token(token: str) -> ParsedToken | None:
    """Read a JWS in compact form (RFC 7515 §7.1).

    Returns:
        None when the token is longer than 4096 bytes, has not three parts, is not base64url in its canonical form
        (RFC 4648 §3.5), not JSON in UTF-8, not two objects, nests deeper than 64 levels, or repeats a member
        (RFC 7515 §4).
    """
    if len(token) > MAX_TOKEN_BYTES or token.count(".") != 2:
        return None
    try:
        header, payload, signature = map(_decode, token.split("."))
        objects = read_json(header.decode()), read_json(payload.decode())
    except ValueError:
        return None
    if not all(isinstance(value, dict) for value in objects):
        return None
    return ParsedToken(*objects, token.rpartition(".")[0].encode(), signature)


def _decode(part: str) -> bytes:
    data = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    # The decoder skips foreign characters and ignores the bits behind the last byte, so that one signature would
    # have several spellings: only the one that the encoder writes is taken.
    if not data or urlsafe_b64encode(data).rstrip(b"=") != part.encode():
        raise ValueError("not canonical")
    return data
