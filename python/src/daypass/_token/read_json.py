"""JSON as every verifier of these tokens reads it: RFC 8259, no member twice, numbers as IEEE 754 doubles."""

import json
import re
from typing import Any, NoReturn

# How deep a text may nest (RFC 8259 §9): far more than an honest token does, far less than what exhausts the stack of
# the C scanner. An object or list at the top is the first level, each one inside another one more.
_MAX_LEVELS = 64

# A string that nobody closes ends with the text: its brackets count for nothing, as it is no JSON anyway.
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
