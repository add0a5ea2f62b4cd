import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from daypass import ConfigurationError, Introspector, TokenError
from tests.tokens import ISSUER, NOW, OTHER_SECRET, SUBJECT, good_claims, good_header, make_token, sign

INTROSPECTION_SECRET = "introspect me: 100% ä"


class Site:
    """A transport that answers what it is told to, and counts."""

    def __init__(self, answer: object = None, status: int = 200) -> None:
        self.answer = answer
        self.status = status
        self.asked: list[tuple[str, Mapping[str, str], bytes, float]] = []

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> tuple[int, bytes]:
        self.asked.append((url, headers, body, timeout_seconds))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.status, self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


def active(**changes: Any) -> dict[str, Any]:
    return {"active": True, "token_type": "Bearer", **good_claims(), **changes}


def introspector(site: Site, **changes: Any) -> Introspector:
    options = {"secret": INTROSPECTION_SECRET, "clock": lambda: NOW, "transport": site, **changes}
    return Introspector(ISSUER, **options)


def code_of(site: Site, token: str, **changes: Any) -> str:
    with pytest.raises(TokenError) as refused:
        introspector(site, **changes).verify(token)
    return refused.value.code


def test_asks_the_site() -> None:
    site = Site(active(scope="read"))
    token = make_token(scope="read")
    says = introspector(site, timeout_seconds=1.5, audience="api").verify(token)
    assert (says.subject, says.expires_at, says.scopes) == (SUBJECT, NOW + 300, ("read",))
    ((url, headers, body, timeout),) = site.asked
    assert url == "https://site.example/session/introspect"
    # RFC 6749 §2.3.1, appendix B: "introspect me: 100% ä", form-encoded.
    assert headers["Authorization"] == "Basic YXBpOmludHJvc3BlY3QrbWUlM0ErMTAwJTI1KyVDMyVBNA=="
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {"token": [token], "token_type_hint": ["access_token"]}
    assert timeout == 1.5


def test_a_token_that_is_not_active_is_refused_and_asked_again() -> None:
    for answer in ({"active": False}, {}, active(active="true"), active(active=1), active(active=None)):
        site = Site(answer)
        assert code_of(site, make_token()) == "token_inactive"
    backend = introspector(site)
    for _ in range(2):
        with pytest.raises(TokenError):
            backend.verify(make_token())
    assert len(site.asked) == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "other"}, "token_audience"),
        ({"iss": "https://other.example"}, "token_issuer"),
        ({"exp": NOW - 30, "iat": NOW - 60}, "token_expired"),
        ({"deploy_context": "deploy-preview"}, "token_deploy_context"),
        ({"sub": None}, "token_claims"),
    ],
)
def test_the_policy_holds_for_the_answer_and_for_the_token(changes: dict[str, Any], code: str) -> None:
    answer = {name: value for name, value in active(**changes).items() if value is not None}
    assert code_of(Site(answer), make_token()) == code
    site = Site(active())
    assert code_of(site, make_token(**changes)) == code
    assert site.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "anon_BBBBBBBBBBBBBBBBBBBBBB"},
        {"scope": "read write"},
        {"scope": "read admin"},
        {"jti": "another"},
        {"exp": NOW + 3000},
        {"exp": NOW + 299},
        {"iat": NOW - 1},
        {"auth_time": NOW - 1},
    ],
)
def test_an_answer_about_another_token_is_none(changes: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    assert (
        code_of(Site(active(**{"scope": "read", **changes})), make_token(scope="read")) == "introspection_unavailable"
    )
    assert caplog.messages == ["introspection failed: the answer is about another token"]


def test_the_site_may_take_scopes_back() -> None:
    says = introspector(Site(active(scope="read"))).verify(make_token(scope="write read"))
    assert says.scopes == ("read",)


def test_what_is_no_token_is_not_asked() -> None:
    site = Site(active())
    for token in ("", "x", "a.b.c", make_token() + "=", f"{make_token()}&x=y", "é", "x" * 5000):
        assert code_of(site, token) == "token_malformed"
    assert site.asked == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (TimeoutError(), 200),
        (ConnectionRefusedError("127.0.0.1"), 200),
        (active(), 201),
        (active(), 302),
        ({"code": "invalid_client"}, 401),
        (active(), 500),
        ({}, 503),
        (b"", 200),
        (b"<html>", 200),
        (b'{"active":true,"active":false}', 200),
        (b"\xff", 200),
        ([active()], 200),
        (True, 200),
    ],
)
def test_without_an_answer_nobody_passes(answer: object, status: int, caplog: pytest.LogCaptureFixture) -> None:
    token = make_token()
    with caplog.at_level(logging.DEBUG), pytest.raises(TokenError) as refused:
        introspector(Site(answer, status)).verify(token)
    assert (refused.value.code, refused.value.status) == ("introspection_unavailable", 503)
    assert caplog.messages == [caplog.messages[0]]
    assert caplog.messages[0].startswith("introspection failed: ")
    assert token not in caplog.text
    assert INTROSPECTION_SECRET not in caplog.text


def test_answers_are_remembered_until_the_token_expires() -> None:
    site, now = Site(active()), [NOW]
    backend = introspector(site, clock=lambda: now[0])
    for now[0] in (NOW, NOW + 299):
        backend.verify(make_token())
    assert len(site.asked) == 1
    now[0] = NOW + 300
    backend.verify(make_token())
    assert len(site.asked) == 2
    # And what was remembered is of no use when the site is away.
    site.answer = TimeoutError()
    with pytest.raises(TokenError, match="introspection_unavailable"):
        backend.verify(make_token())


@pytest.mark.parametrize(("cache_seconds", "asked"), [(0, 4), (10, 2), (3600, 1)])
def test_answers_are_remembered_no_longer_than_asked_for(cache_seconds: int, asked: int) -> None:
    site, now = Site(active()), [NOW]
    backend = introspector(site, clock=lambda: now[0], cache_seconds=cache_seconds)
    for now[0] in (NOW, NOW + 5, NOW + 10, NOW + 19):
        backend.verify(make_token())
    assert len(site.asked) == asked


def test_a_signature_is_the_site_s_business() -> None:
    forged = sign(good_header(), good_claims(), OTHER_SECRET)
    assert code_of(Site({"active": False}), forged) == "token_inactive"


@pytest.mark.parametrize(
    ("site", "changes", "option"),
    [
        ("http://site.example", {}, "site"),
        ("http://localhost.evil.example", {}, "site"),
        ("https://site.example/", {"issuer": ISSUER}, "site"),
        (ISSUER, {"secret": None}, "secret"),
        (ISSUER, {"secret": ""}, "secret"),
        (ISSUER, {"timeout_seconds": 0}, "timeout_seconds"),
        (ISSUER, {"timeout_seconds": float("nan")}, "timeout_seconds"),
        (ISSUER, {"timeout_seconds": True}, "timeout_seconds"),
        (ISSUER, {"cache_seconds": -1}, "cache_seconds"),
        (ISSUER, {"cache_size": 1.5}, "cache_size"),
        (ISSUER, {"audience": ""}, "audience"),
    ],
)
def test_refuses_options(site: str, changes: dict[str, Any], option: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Introspector(site, **{"secret": INTROSPECTION_SECRET, **changes})
    assert [problem.option for problem in refused.value.problems] == [option]
    assert INTROSPECTION_SECRET not in f"{refused.value!r} {refused.value}"


def test_prints_no_secret() -> None:
    backend = introspector(Site())
    assert INTROSPECTION_SECRET not in repr(backend)
    assert "YXBp" not in repr(backend)
