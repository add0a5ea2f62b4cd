import json
import random
from typing import Any

import pytest

from daypass._token.read_deep_json import read_deep_json
from daypass._token.read_json import _decoder, _make_object, read_json

GOOD = [
    "{}",
    "[]",
    ' \t\r\n{ "a" : [ 1 , { "b" : null } ] } ',
    '{"a":"[{]}\\"","b":"\\u005b"}',
    "[[],[[]],{}]",
    '"x"',
    "1",
    "-0.5e+10",
    "true",
    '["\\ud800","\\ud83d\\ude00","😀"]',
]
BAD = [
    *("", " ", "[", "]", "{", "}", "[}", "{]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[[]", "[]]", "[] []", '{"a"}'),
    *('{"a":}', '{"a":1,}', "{,}", '{"a" 1}', "{1:1}", '{"a":1 "b":2}', '{"a":1,"a":2}', '[{"a":1,"\\u0061":2}]'),
    *("[NaN]", "[Infinity]", "[-Infinity]", "[nul]", "[truefalse]", "[01]", "[1.]", "[.1]", "[+1]", "[1e]", "[0x1]"),
    *(
        '["\n"]',
        '["\\x"]',
        '["\\u12"]',
        '["',
        "['a']",
        "[\f1]",
        "[\u00a01]",
        "\ufeff[]",
        "[١]",
        "[1_0]",
        '[1:"a"]',
        "a",
    ),
    *('{"a":1}}', '{"a"::1}', '{"a":[}', "[:]", '["a":1]', '[""""]', "[-]", "//\n[]", "[1]//"),
]


def _deep(text: str) -> Any:
    return read_deep_json(text, _decoder, _make_object)


@pytest.mark.parametrize("text", GOOD)
def test_both_readers_read_alike(text: str) -> None:
    assert _deep(text) == read_json(text) == json.loads(text)


@pytest.mark.parametrize("text", BAD)
def test_both_readers_refuse_alike(text: str) -> None:
    for reader in (read_json, _deep):
        with pytest.raises(ValueError):  # noqa: PT011  # any will do
            reader(text)


def test_both_readers_agree_on_texts_that_were_tampered_with() -> None:
    chance = random.Random(20261121)
    for _ in range(20_000):
        text = chance.choice(GOOD)
        position = chance.randrange(len(text) + 1)
        inserted = chance.choice(['"', "\\", "[", "]", "{", "}", ",", ":", " ", "1", "e", "-", '"a":1', "null", ""])
        text = text[:position] + inserted + text[position + chance.randrange(2) :]
        results = []
        for reader in (read_json, _deep):
            try:
                results.append(repr(reader(text)))
            except ValueError:
                results.append("refused")
        assert results[0] == results[1], text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1800000000.0", 1800000000),
        ("1.8e9", 1800000000),
        ("-0", 0),
        ("-0.0", 0),
        ("9007199254740991", 9007199254740991),
        ("9007199254740991.4", 9007199254740991),
        ("9007199254740992", 9007199254740992.0),
        ("1e400", float("inf")),
        ("9" * 3000, float("inf")),
        ("0.5", 0.5),
    ],
)
def test_numbers_are_doubles(written: str, read: float) -> None:
    value = read_json(written)
    assert value == read
    assert type(value) is type(read)


def test_depth_is_no_danger() -> None:
    assert read_json("[" * 2000 + "]" * 2000) is not None
    with pytest.raises(ValueError, match="no JSON"):
        read_json("[" * 4000)
    with pytest.raises(ValueError, match="repeated"):
        read_json('{"a":' * 300 + '{"b":1,"b":2}' + "}" * 300)
