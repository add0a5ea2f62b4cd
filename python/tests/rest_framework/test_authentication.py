import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken as MemberToken
from rest_framework_simplejwt.tokens import RefreshToken

from tests.refusals import each_refusal
from tests.servers import Call, assert_refused, call_wsgi, on_both
from tests.tokens import SUBJECT, bearer, beside_password, make_pass


@on_both
@pytest.mark.parametrize("path", ["/api/public", "/api/session-first", "/api/scoped", "/api/throttled"])
@each_refusal
def test_refuses(call: Call, path: str, headers: dict[str, str], code: str) -> None:
    if (
        path != "/api/session-first"
        and headers.get("Authorization", "").startswith("Bearer")
        and code in FOREIGN
        and "X-Daypass" not in headers
    ):
        # SimpleJWT answers for tokens that are not ours, in its own words.
        response = call(path, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="daypass"'
        assert response.json()["code"] in ("token_not_valid", "bad_authorization_header")
    else:
        assert_refused(call(path, headers=headers), code)


FOREIGN = {"token_malformed", "token_issuer"}


@on_both
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "application/problem+json"])
def test_refuses_whatever_the_view_renders(call: Call, accept: str) -> None:
    headers = {**bearer(make_pass(aud="other")), "Accept": accept}
    if accept == "application/problem+json":
        # Nothing that the view offers: that is said first.
        assert call("/api/public", headers=headers).status_code == 406
    else:
        for path in ("/api/public", "/api/session-first"):
            assert_refused(call(path, headers=headers), "token_audience")


@on_both
def test_lets_visitors_in(call: Call) -> None:
    for path in ("/api/public", "/api/both", "/api/unguarded", "/api/session-first"):
        for method in ("GET", "POST"):
            response = call(path, method, headers=bearer(make_pass()))
            assert (response.status_code, response.json()) == (200, {"you": SUBJECT})
            assert "authorization" in response.headers["vary"].lower()
        assert call(path, headers=beside_password(make_pass())).json() == {"you": SUBJECT}


@on_both
def test_a_bad_token_of_ours_is_refused_even_where_all_may_come(call: Call) -> None:
    assert call("/api/unguarded").status_code == 200
    assert_refused(call("/api/unguarded", headers=bearer(make_pass(aud="other"))), "token_audience")
    assert_refused(call("/api/unguarded", headers={"X-Daypass": "nonsense"}), "token_malformed")


@on_both
def test_a_pass_is_no_log_in(call: Call) -> None:
    assert call("/api/members", headers=bearer(make_pass())).status_code == 403
    assert call("/api/members").status_code == 401


@pytest.mark.django_db
class TestBesideMembers:
    @pytest.fixture
    def member(self) -> User:
        return User.objects.create_user("member", password="a long one")

    def test_simple_jwt_takes_its_own(self, member: User) -> None:
        headers = bearer(str(MemberToken.for_user(member)))
        for path in ("/api/members", "/api/both", "/api/unguarded"):
            response = call_wsgi(path, headers=headers)
            assert (response.status_code, response.json()) == (200, {"you": "member"})

    def test_sessions_go_on(self, member: User) -> None:
        client = Client()
        client.force_login(member)
        for path in ("/api/members", "/api/both", "/api/unguarded"):
            assert client.get(path).json() == {"you": "member"}

    def test_a_visitor_on_a_member_s_machine_is_a_visitor(self, member: User) -> None:
        client = Client()
        client.force_login(member)
        assert client.get("/api/public", headers=bearer(make_pass())).json() == {"you": SUBJECT}

    def test_members_need_a_pass_where_one_is_asked_for(self, member: User) -> None:
        client = Client()
        client.force_login(member)
        response = client.get("/api/public")
        assert (response.status_code, response.json()["code"]) == (401, "token_missing")
        response = client.get("/api/public", headers=bearer(str(MemberToken.for_user(member))))
        assert (response.status_code, response.json()["code"]) == (401, "token_key")

    def test_a_token_is_never_taken_for_the_other_kind(self, member: User) -> None:
        refresh = str(RefreshToken.for_user(member))
        assert call_wsgi("/api/both", headers=bearer(refresh)).status_code == 401
        ours_to_members = call_wsgi("/api/members", headers=bearer(make_pass(user_id=member.pk, token_type="access")))
        assert ours_to_members.status_code == 403
