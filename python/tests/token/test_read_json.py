import json
from collections.abc import Callable

import pytest

from daypass._token.parse import read_json

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


@pytest.mark.parametrize("text", GOOD)
def test_reads_json(text: str) -> None:
    assert read_json(text) == json.loads(text)


@pytest.mark.parametrize("text", BAD)
def test_refuses_what_is_none(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any will do
        read_json(text)


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


DEEP = [
    lambda levels: "[" * levels + "]" * levels,
    lambda levels: '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1),
    lambda levels: '[{"a":' * (levels // 2) + ("[]" if levels % 2 else "0") + "}]" * (levels // 2),
    lambda levels: '["]]\\"]",' + "[" * (levels - 1) + "]" * levels,
]


@pytest.mark.parametrize("make", DEEP)
def test_64_levels_are_read_and_65_are_not(make: Callable[[int], str]) -> None:
    assert read_json(make(64)) == json.loads(make(64))
    with pytest.raises(ValueError, match="deep"):
        read_json(make(65))


@pytest.mark.parametrize(
    "text", [json.dumps("[{" * 500), json.dumps({"[{" * 500: '"[['}), "[" + ",".join(["[]"] * 500) + "]"]
)
def test_brackets_in_strings_and_beside_one_another_are_no_depth(text: str) -> None:
    assert read_json(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["[" * 4000, '{"a":' * 800, '["' + '\\"' * 2000, '["[' + "[{" * 2000, "]" * 100 + "[" * 4000]
)
def test_depth_is_no_danger(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any will do
        read_json(text)
