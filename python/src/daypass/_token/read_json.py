"""JSON as every verifier of these tokens reads it: RFC 8259, no member twice, numbers as IEEE 754 doubles."""

import json
from typing import Any, NoReturn

from .read_deep_json import read_deep_json

# Far more than an honest token has, far less than what exhausts the stack of the C scanner.
_SHALLOW = 64

_MAX_SAFE_INTEGER = 2**53 - 1


def read_json(text: str) -> Any:
    """Read a JSON text.

    Returns:
        Numbers are those of RFC 8259 §6 that all implementations agree on: an int where the double nearest to what
        is written is whole and within ±(2^53 - 1), whether written 1800000000, 1.8e9 or 1800000000.0, else a float.

    Raises:
        ValueError: it is no JSON, or an object repeats a member (RFC 7515 §4).
    """
    # Brackets inside strings count too; that only sends a text to the slower reader, which reads the same.
    if text.count("[") + text.count("{") > _SHALLOW:
        return read_deep_json(text, _decoder, _make_object)
    return _decoder.decode(text)


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
