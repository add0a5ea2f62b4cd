"""Reads tokens without believing them."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple, NoReturn

# How deep a text may nest (RFC 8259 §9): far more than an honest token does, far less than what exhausts the stack of
# the C scanner. An object or list at the top is the first level, each one inside another one more.
_MAX_LEVELS = 64

# An unclosed string ends with the text: its brackets do not count, as it is not JSON anyway.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)

_MAX_SAFE_INTEGER = 2**53 - 1


def read_json(text: str) -> Any:
    """Read a JSON text.

    Returns:
        Numbers are those of RFC 8259 §6 that all implementations agree on: an int where the double nearest to what
        is written is whole and within ±(2^53 - 1), whether written 1800000000, 1.8e9 or 1800000000.0, else a float.

    Raises:
        ValueError: it is no JSON, nests deeper than 64 levels, or an object repeats a member (RFC 7515 §4).
    """
    # Few brackets nest no deeper than they are many.
    if text.count("[") + text.count("{") > _MAX_LEVELS and _count_levels(text) > _MAX_LEVELS:
        raise ValueError("it nests too deep")
    return _decoder.decode(text)


def _count_levels(text: str) -> int:
    level = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in ("[", "{"):
            level += 1
            deepest = max(deepest, level)
        elif match[0] in ("]", "}"):
            level -= 1
    return deepest


def _make_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) != len(members):
        raise ValueError("a member is repeated")
    return made


def _make_number(written: str) -> int | float:
    value = float(written)
    return int(value) if value.is_integer() and abs(value) <= _MAX_SAFE_INTEGER else value


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


_decoder = json.JSONDecoder(
    object_pairs_hook=_make_object,
    parse_int=_make_number,
    parse_float=_make_number,
    parse_constant=_refuse_constant,
)


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
