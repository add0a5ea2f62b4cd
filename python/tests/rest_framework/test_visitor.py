from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework.permissions import BasePermission, IsAdminUser, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from daypass import AccessToken
from daypass.rest_framework import DaypassAuthentication, Visitor
from tests.tokens import SUBJECT, bearer, make_pass


def make_request(method: str = "GET", **changes: object) -> Request:
    request = APIRequestFactory().generic(method, "/", headers=bearer(make_pass(**changes)))
    return Request(request, authenticators=[DaypassAuthentication()])


def test_a_visitor_is_somebody_without_an_account() -> None:
    request = make_request(scope="read")
    visitor, token = request.user, request.auth
    assert isinstance(visitor, Visitor)
    assert isinstance(token, AccessToken)
    assert visitor.token is token
    assert (visitor.subject, str(visitor)) == (SUBJECT, SUBJECT)
    assert visitor.is_authenticated is False
    assert visitor.is_anonymous is True
    assert (visitor.pk, visitor.id, visitor.get_username()) == (None, None, "")


def test_he_answers_all_that_an_anonymous_user_answers() -> None:
    visitor: Any = make_request().user
    nobody = AnonymousUser()
    for name in ("is_authenticated", "is_anonymous", "is_active", "is_staff", "is_superuser", "pk", "id", "username"):
        assert getattr(visitor, name) == getattr(nobody, name), name
    assert visitor.has_perm("any") is visitor.has_perms(["any"]) is visitor.has_module_perms("any") is False
    assert visitor.get_username() == nobody.get_username()


@pytest.mark.parametrize("permission", [IsAuthenticated, IsAdminUser])
def test_what_is_for_members_stays_theirs(permission: type[BasePermission]) -> None:
    assert not permission().has_permission(make_request(), APIView())


def test_reading_stays_open_where_it_is() -> None:
    assert IsAuthenticatedOrReadOnly().has_permission(make_request(), APIView())
    assert not IsAuthenticatedOrReadOnly().has_permission(make_request("POST"), APIView())


def test_two_requests_of_one_session_have_the_same_visitor() -> None:
    first, second, other = (
        make_request(**changes).user for changes in ({"jti": "a"}, {"jti": "b"}, {"sub": "anon_" + "B" * 22})
    )
    assert first == second
    assert len({first, second, other}) == 2
