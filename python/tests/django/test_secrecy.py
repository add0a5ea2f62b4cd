"""What goes wrong is told without a token, without a secret, and for refusals without a traceback."""

import logging
import sys
from collections.abc import Callable, Iterator

import pytest
from django.core import signals
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from django.views.debug import ExceptionReporter

from daypass import TokenError, Verifier
from daypass.django import verify
from tests.refusals import each_refusal, each_request_id
from tests.servers import Call, call_asgi, call_wsgi, on_both
from tests.tokens import ISSUER, SECRET, bearer, beside_password, make_pass

with_debug = pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """What Django and Daypass log, at every level."""
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append  # type: ignore[method-assign, assignment]
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(handler)
    root.setLevel(level)


def formatted(records: list[logging.LogRecord]) -> str:
    # Everything that a handler could print of a record.
    return "\n".join(f"{logging.Formatter().format(record)} {record.__dict__!r}" for record in records)


@on_both
@with_debug
@pytest.mark.parametrize("path", ["/plain", "/coroutine", "/optional", "/api/public", "/api/session-first"])
@each_refusal
def test_a_refusal_logs_its_code_and_its_reason_alone(
    call: Call, debug: bool, path: str, headers: dict[str, str], code: str, records: list[logging.LogRecord]
) -> None:
    with override_settings(DEBUG=debug):
        response = call(path, headers=headers)
    # SimpleJWT words the refusals of what is not ours.
    if response.headers["content-type"] == "application/problem+json":
        # Another is the WARNING of a setting that the token does not fit.
        (ours,) = [record for record in records if (record.name, record.levelno) == ("daypass", logging.INFO)]
        refusal = TokenError(response.json()["code"])
        reason = "" if refusal.reason is None else f": {refusal.reason}"
        assert ours.getMessage() == f"refused: {refusal.code}{reason}"
    assert not any(record.exc_info for record in records)
    text = formatted(records) + response.text
    assert "Traceback" not in text
    for word in " ".join(headers.values()).split():
        assert len(word) < 20 or word.strip(",") not in text


@on_both
@pytest.mark.parametrize("path", ["/plain", "/coroutine", "/optional", "/api/public", "/api/session-first"])
@each_request_id
def test_a_refusal_is_found_by_the_id_of_its_request(
    call: Call, path: str, sent: str, logged: str | None, records: list[logging.LogRecord]
) -> None:
    call(path, headers={**bearer(make_pass(sub="user_1")), "X-Request-Id": sent})
    (ours,) = [record for record in records if record.name == "daypass"]
    suffix = "" if logged is None else f" (request {logged})"
    assert ours.getMessage() == f"refused: token_subject{suffix}"
    assert ours.__dict__["request_id"] == logged


@pytest.mark.parametrize("path", ["/broken", "/api/broken"])
@on_both
@with_debug
@pytest.mark.parametrize("fields", [bearer, beside_password])
def test_a_bug_in_a_view_shows_no_token(
    call: Call, path: str, debug: bool, fields: Callable[[str], dict[str, str]], records: list[logging.LogRecord]
) -> None:
    token = make_pass()
    with override_settings(DEBUG=debug):
        response = call(path, headers=fields(token))
    assert response.status_code == 500
    assert ("RuntimeError" in response.text) is debug
    for text in (response.text, formatted(records)):
        assert token not in text
        assert token.rpartition(".")[2] not in text
        assert SECRET not in text


def report(function: Callable[[HttpRequest], object], request: HttpRequest) -> ExceptionReporter:
    """What Django would mail of an error; its frames begin here."""
    try:
        function(request)
    except RuntimeError:
        return ExceptionReporter(request, *sys.exc_info())
    raise AssertionError("nothing was raised")


def test_error_reports_hide_what_our_functions_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_clock() -> float:
        raise RuntimeError("no clock")

    monkeypatch.setattr(verify, "get_verifier", lambda: Verifier(SECRET, issuer=ISSUER, clock=broken_clock))
    token = make_pass()
    request = RequestFactory().get("/", headers=bearer(token))
    for function in (verify.find_own_token, verify.require_own_token):
        reporter = report(function, request)
        for text in (reporter.get_traceback_html(), reporter.get_traceback_text()):
            assert "no clock" in text
            assert token not in text
            assert SECRET not in text


def test_refusals_are_no_exceptions_to_django() -> None:
    caught: list[object] = []

    def note(**_: object) -> None:
        caught.append(sys.exc_info())

    signals.got_request_exception.connect(note)
    try:
        for call in (call_wsgi, call_asgi):
            for path in ("/plain", "/optional", "/coroutine", "/api/public"):
                assert call(path, headers=bearer(make_pass(aud="other"))).status_code == 401
    finally:
        signals.got_request_exception.disconnect(note)
    assert caught == []
