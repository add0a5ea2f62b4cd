"""Requests that every part must refuse, and the code of each."""

import time
from typing import Any

import pytest

from tests.tokens import bearer, good_claims, good_header, make_pass, make_token, sign

_NOW = int(time.time())

REFUSALS: list[tuple[str, dict[str, str], str]] = [
    ("nothing", {}, "token_missing"),
    ("another scheme", {"Authorization": "Basic YTpi"}, "token_missing"),
    ("an empty field", {"Authorization": ""}, "token_missing"),
    ("no token behind Bearer", {"Authorization": "Bearer "}, "token_malformed"),
    ("two tokens", {"Authorization": f"Bearer {make_pass()}, Bearer {make_pass()}"}, "token_malformed"),
    ("a word", bearer("nonsense"), "token_malformed"),
    ("a word in X-Daypass", {"X-Daypass": "nonsense"}, "token_malformed"),
    ("a scheme in X-Daypass", {"X-Daypass": f"Bearer {make_pass()}"}, "token_malformed"),
    ("two in X-Daypass", {"X-Daypass": f"{make_pass()}, {make_pass()}"}, "token_malformed"),
    ("nothing in X-Daypass", {"X-Daypass": "", "Authorization": "Basic YTpi"}, "token_malformed"),
    ("another issuer in X-Daypass", {"X-Daypass": make_pass(iss="https://other.example")}, "token_issuer"),
    ("a token in both fields", {**bearer(make_pass()), "X-Daypass": make_pass()}, "token_repeated"),
    ("somebody else's beside X-Daypass", {**bearer("a.b.c"), "X-Daypass": make_pass()}, "token_repeated"),
    ("alg none", bearer(sign(good_header(alg="none"), good_claims(_NOW))), "token_algorithm"),
    ("another type", bearer(sign(good_header(typ="at+jwt"), good_claims(_NOW))), "token_type"),
    ("an unknown key", bearer(sign(good_header(kid="AAAAAAAA"), good_claims(_NOW))), "token_key"),
    ("another key", bearer(sign(good_header(), good_claims(_NOW), "x" * 40)), "token_signature"),
    ("no subject", bearer(make_pass(sub=None)), "token_claims"),
    ("another issuer", bearer(make_pass(iss="https://other.example")), "token_issuer"),
    ("another audience", bearer(make_pass(aud="other")), "token_audience"),
    ("a member", bearer(make_pass(sub="user_1")), "token_subject"),
    ("a life of two hours", bearer(make_pass(exp=_NOW + 7200)), "token_lifetime"),
    ("tomorrow", bearer(make_token(_NOW + 86400)), "token_not_yet_valid"),
    ("yesterday", bearer(make_token(_NOW - 86400)), "token_expired"),
    ("a preview", bearer(make_pass(deploy_context="deploy-preview")), "token_deploy_context"),
    ("a dev site", bearer(make_pass(deploy_context="dev")), "token_deploy_context"),
]

_ALL: Any = [pytest.param(headers, code, id=name) for name, headers, code in REFUSALS]

each_refusal = pytest.mark.parametrize(("headers", "code"), _ALL)
"""Runs a test for each."""

each_request_id = pytest.mark.parametrize(
    ("sent", "logged"),
    [
        ("01HZX3J5Q8K2", "01HZX3J5Q8K2"),
        ("%s", "%s"),
        ("x" * 128, "x" * 128),
        ("x" * 129, None),
        ("two words", None),
        ("", None),
    ],
)
"""Runs a test for each value of `X-Request-Id`, with what the log makes of it."""
