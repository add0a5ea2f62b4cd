"""JSON of any depth, without recursion: the standard library's reader ends in RecursionError on deep texts."""

import json
import re
from collections.abc import Callable
from typing import Any, Literal

_TOKEN = re.compile(
    r"""[ \t\n\r]*(?:([\[\]{},:])|("(?:[^"\\]|\\.)*"|[^ \t\n\r\[\]{},:"]+))[ \t\n\r]*""",
    re.DOTALL,
)
_CLOSERS = {"[": "]", "{": "}"}

_Expected = Literal["value", "first value", "name", "first name", "colon", "comma", "end"]


def read_deep_json(text: str, decoder: json.JSONDecoder, make_object: Callable[[list[tuple[str, Any]]], Any]) -> Any:
    """Read a JSON text of any depth.

    Args:
        decoder: reads the scalars.
        make_object: makes an object of its members, as written.

    Raises:
        ValueError: it is no JSON.
    """
    # The whole text is the one item of a list that nobody wrote.
    items: list[Any] = []
    opener = ""
    outer: list[tuple[str, list[Any]]] = []
    expected: _Expected = "value"
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError("no JSON")
        position = token.end()
        mark, scalar = token.groups()
        if scalar is not None and expected in ("name", "first name") and scalar[0] == '"':
            items.append(decoder.decode(scalar))
            expected = "colon"
        elif scalar is not None and expected in ("value", "first value"):
            items.append(decoder.decode(scalar))
            expected = "comma" if opener else "end"
        elif mark == ":" and expected == "colon":
            expected = "value"
        elif mark == "," and expected == "comma":
            expected = "name" if opener == "{" else "value"
        elif mark in _CLOSERS and expected in ("value", "first value"):
            outer.append((opener, items))
            opener, items = mark, []
            expected = "first name" if mark == "{" else "first value"
        elif opener and mark == _CLOSERS[opener] and expected in ("comma", "first name", "first value"):
            made = make_object(list(zip(items[::2], items[1::2], strict=True))) if opener == "{" else items
            opener, items = outer.pop()
            items.append(made)
            expected = "comma" if opener else "end"
        else:
            raise ValueError("no JSON")
    if expected != "end":
        raise ValueError("no JSON")
    return items[0]
