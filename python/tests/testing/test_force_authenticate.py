"""REST framework's own ways to log in a test, for visitors and for members."""

import asyncio
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client, RequestFactory
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework_simplejwt.tokens import AccessToken as MemberToken

from daypass.rest_framework import Visitor
from daypass.testing import bearer_headers, make_access_token, make_visitor
from tests.project import api, views


@pytest.fixture(name="member")
def _member(db: None) -> User:
    return User.objects.create_user("member", password="a long one")


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("path", ["public", "both", "unguarded", "session-first", "throttled", "site"])
def test_a_client_forced_to_a_visitor_is_that_visitor(path: str, with_token: bool) -> None:
    visitor = make_visitor()
    client = APIClient()
    token: Any = visitor.token if with_token else None
    client.force_authenticate(visitor, token)
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 200
    assert answer.json() == ({"site": visitor.token.issuer} if path == "site" else {"you": visitor.subject})
    assert APIClient().get("/api/public").status_code == 401


def test_a_request_forced_to_a_visitor_is_that_visitor() -> None:
    visitor = make_visitor(scopes=["read", "write"])
    for view in (api.Public, api.Both, api.Scoped):
        request = APIRequestFactory().get("/")
        force_authenticate(request, user=visitor)
        answer: Any = view.as_view()(request)
        assert (answer.status_code, answer.data) == (200, {"you": visitor.subject})


def test_scopes_and_rates_hold_for_forced_visitors() -> None:
    cache.clear()
    client = APIClient()
    client.force_authenticate(make_visitor(scopes=["read"]))
    answer = client.get("/api/scoped")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert [client.get("/api/throttled").status_code for _ in range(4)] == [200, 200, 200, 429]
    client.force_authenticate(make_visitor())
    assert client.get("/api/throttled").status_code == 200


def test_a_view_that_could_take_no_visitor_fails_its_test_too() -> None:
    request = APIRequestFactory().get("/")
    force_authenticate(request, user=make_visitor())
    with pytest.raises(ImproperlyConfigured, match="Misconfigured has a Daypass permission, and no DaypassAuth"):
        api.Misconfigured.as_view()(request)


class TestMembers:
    """What was written before visitors came."""

    @pytest.mark.parametrize("path", ["both", "members", "unguarded"])
    def test_their_tests_go_on(self, member: User, path: str) -> None:
        forced, logged_in = APIClient(), APIClient()
        forced.force_authenticate(user=member)
        logged_in.force_login(member)
        with_token = APIClient(headers={"Authorization": f"Bearer {MemberToken.for_user(member)}"})
        by_credentials = APIClient()
        by_credentials.credentials(HTTP_AUTHORIZATION=f"Bearer {MemberToken.for_user(member)}")
        with_auth = APIClient()
        token: Any = MemberToken.for_user(member)
        with_auth.force_authenticate(user=member, token=token)
        for client in (forced, logged_in, with_token, by_credentials, with_auth):
            assert client.get(f"/api/{path}").json() == {"you": "member"}

    def test_requests_of_theirs_too(self, member: User) -> None:
        request = APIRequestFactory().post("/")
        force_authenticate(request, user=member, token=None)
        answer: Any = api.Both.as_view()(request)
        assert answer.data == {"you": "member"}

    def test_they_are_no_visitors(self, member: User) -> None:
        client = APIClient()
        for user in (member, AnonymousUser()):
            client.force_authenticate(user=user)
            answer = client.get("/api/public")
            assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
        assert client.get("/api/both").status_code in (401, 403)

    def test_visitors_are_no_members(self) -> None:
        client = APIClient()
        client.force_authenticate(make_visitor())
        assert client.get("/api/members").status_code == 403


class TestDjango:
    """Django's own client and requests."""

    @pytest.mark.parametrize("path", ["/plain", "/coroutine", "/optional", "/optional-coroutine", "/api/public"])
    def test_a_client_with_header_fields(self, path: str) -> None:
        token = make_access_token()
        headers = bearer_headers(subject=token.subject)
        assert Client().get(path, headers=headers).json() == {"you": token.subject}
        assert Client(headers=headers).get(path).json() == {"you": token.subject}

    def test_an_async_client(self) -> None:
        async def call() -> int:
            response = await AsyncClient().get("/coroutine", headers=bearer_headers())
            return response.status_code

        assert asyncio.run(call()) == 200

    def test_requests_without_a_client(self) -> None:
        request = RequestFactory().get("/", headers=bearer_headers())
        assert views.plain(request).status_code == 200
        token = make_access_token()
        optional: Any = RequestFactory().get("/")
        optional.daypass = token
        assert token.subject in views.optional(optional).content.decode()


def test_fixtures(daypass_token: str, daypass_headers: dict[str, str], daypass_visitor: Visitor) -> None:
    assert Client().get("/plain", headers={"Authorization": f"Bearer {daypass_token}"}).status_code == 200
    assert Client(headers=daypass_headers).get("/plain").status_code == 200
    client = APIClient()
    client.force_authenticate(daypass_visitor)
    assert client.get("/api/public").json() == {"you": daypass_visitor.subject}
