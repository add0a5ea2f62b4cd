import httpx2
import pytest

from tests.refusals import each_refusal
from tests.servers import Call, assert_refused, on_both
from tests.tokens import OTHER_SECRET, SUBJECT, bearer, beside_password, good_claims, good_header, make_pass, sign

guarded = pytest.mark.parametrize("path", ["/plain", "/scoped", "/scoped/x", "/coroutine", "/async-class"])


@on_both
@guarded
@each_refusal
def test_refuses(call: Call, path: str, headers: dict[str, str], code: str) -> None:
    assert_refused(call(path, headers=headers), code)


@on_both
@guarded
def test_lets_visitors_in(call: Call, path: str) -> None:
    response = call(path, headers=bearer(make_pass(scope="read write")))
    assert response.status_code == 200
    assert response.json()["you"] in (SUBJECT, "somebody")
    assert response.headers["vary"] == "Authorization, X-Daypass"


@on_both
@guarded
def test_lets_visitors_in_beside_a_password(call: Call, path: str) -> None:
    assert call(path, headers=beside_password(make_pass(scope="read write"))).status_code == 200


@on_both
def test_asks_for_the_scope(call: Call) -> None:
    assert_refused(call("/scoped/x", headers=bearer(make_pass(scope="read writer"))), "insufficient_scope", 403)


@on_both
def test_needs_no_csrf_token(call: Call) -> None:
    assert call("/plain", "POST", headers=bearer(make_pass())).status_code == 200
    assert call("/coroutine", "POST", headers=bearer(make_pass())).status_code == 200


@on_both
@pytest.mark.parametrize("path", ["/optional", "/optional-coroutine"])
class TestOptional:
    def test_knows_visitors(self, call: Call, path: str) -> None:
        response = call(path, headers=bearer(make_pass()))
        assert response.json() == {"you": SUBJECT}
        assert response.headers["vary"] == "Authorization, X-Daypass"
        assert call(path, headers=beside_password(make_pass())).json() == {"you": SUBJECT}

    def test_verifies_whatever_is_in_x_daypass(self, call: Call, path: str) -> None:
        assert_refused(call(path, headers={"X-Daypass": "nonsense"}), "token_malformed")
        assert_refused(call(path, headers={"X-Daypass": make_pass(iss="https://other.example")}), "token_issuer")
        assert_refused(call(path, headers={**bearer("a.b.c"), "X-Daypass": make_pass()}), "token_repeated")

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": "Basic YTpi"},
            bearer("nonsense"),
            bearer(make_pass(iss="https://other.example")),
            bearer(sign(good_header(), {"user_id": 1}, OTHER_SECRET)),
        ],
    )
    def test_is_none_for_everybody_else(self, call: Call, path: str, headers: dict[str, str]) -> None:
        response = call(path, headers=headers)
        assert response.json() == {"you": None}
        assert response.headers["vary"] == "Authorization, X-Daypass"

    def test_refuses_a_token_of_ours_that_does_not_hold(self, call: Call, path: str) -> None:
        assert_refused(call(path, headers=bearer(make_pass(aud="other"))), "token_audience")
        forged = sign(good_header(), good_claims(), OTHER_SECRET)
        assert_refused(call(path, headers=bearer(forged)), "token_signature")


@on_both
def test_verifies_nothing_that_is_not_read(call: Call) -> None:
    response = call("/open", headers=bearer(make_pass(aud="other")))
    assert response.status_code == 200
    assert "vary" not in response.headers


def test_refusals_are_the_same_to_the_byte() -> None:
    from tests.servers import call_asgi, call_wsgi

    answers: list[httpx2.Response] = [call("/plain") for call in (call_wsgi, call_asgi)]
    assert answers[0].content == answers[1].content
    assert sorted(answers[0].headers.items()) == sorted(answers[1].headers.items())
