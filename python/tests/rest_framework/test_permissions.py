from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from daypass.rest_framework import DaypassAuthentication, HasDaypass, HasScope, Refused
from tests.project.api import Misconfigured, Nameless
from tests.servers import Call, assert_refused, call_wsgi, on_both
from tests.tokens import bearer, make_pass


@on_both
def test_every_scope_is_needed(call: Call) -> None:
    assert call("/api/scoped", headers=bearer(make_pass(scope="write admin read"))).status_code == 200
    for scope in ("", "read", "write", "readwrite", "READ WRITE"):
        assert_refused(call("/api/scoped", headers=bearer(make_pass(scope=scope))), "insufficient_scope", 403)


class Never(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return False


class Always(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return True


def granted(permission: object, **headers: str) -> bool:
    class View(APIView):
        permission_classes = [permission]  # type: ignore[list-item]

    request = Request(APIRequestFactory().get("/", headers=headers), authenticators=[DaypassAuthentication()])
    return all(each.has_permission(request, View()) for each in View().get_permissions())


def test_composes() -> None:
    visitor = bearer(make_pass(scope="read"))
    for permission in (
        *(HasDaypass | Never, Never | HasDaypass, HasDaypass & Always, Always & HasDaypass, ~~HasDaypass),
        *((HasDaypass & Never) | Always, (Never | HasDaypass) & Always, HasScope.of("read") | Never),
        *(HasScope.of("other") | HasDaypass, ~HasScope.of("other"), HasDaypass & HasScope.of("read")),
    ):
        assert granted(permission, **visitor) is True
    for permission in (~HasDaypass, HasDaypass & Never, HasScope.of("read", "write") | Never):
        assert granted(permission, **visitor) is False
    for permission in (HasDaypass | Always, Always | HasDaypass, ~HasDaypass, (HasDaypass & Always) | Always):
        assert granted(permission) is True
    for permission in (HasDaypass | Never, HasDaypass | IsAuthenticated, HasDaypass & Always, ~~HasDaypass):
        assert granted(permission) is False


class Inside(BasePermission):
    """A permission of somebody's own that asks ours, and goes on when it says no."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return HasScope.of("write")().has_permission(request, view) or request.method == "GET"


class Above(HasDaypass):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) or request.method == "GET"


@pytest.mark.parametrize("permission", [Inside, Above])
def test_a_permission_that_asks_ours_gets_an_answer_and_no_refusal(permission: type[BasePermission]) -> None:
    assert granted(permission, **bearer(make_pass(scope="write"))) is True
    assert granted(permission, **bearer(make_pass())) is True
    assert granted(permission) is True


def test_where_it_is_listed_by_itself_nothing_else_is_asked() -> None:
    asked: list[str] = []

    class Asked(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            asked.append("asked")
            return True

    class View(APIView):
        permission_classes = [HasScope.of("read"), Asked | HasDaypass]

    request = Request(APIRequestFactory().get("/"), authenticators=[DaypassAuthentication()])
    with pytest.raises(Refused, match="Send the token"):
        View().check_permissions(request)
    assert asked == []


def test_what_is_no_view_of_rest_framework_gets_an_answer() -> None:
    view: Any = object()
    for headers, expected in ({}, False), (bearer(make_pass()), True):
        request = Request(APIRequestFactory().get("/", headers=headers), authenticators=[DaypassAuthentication()])
        assert HasDaypass().has_permission(request, view) is expected


@on_both
def test_a_composition_that_says_no_is_401(call: Call) -> None:
    response = call("/api/both")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="daypass"'


def test_mistakes_are_told() -> None:
    request = APIRequestFactory().get("/", headers=bearer(make_pass()))
    with pytest.raises(ImproperlyConfigured, match="Misconfigured has a Daypass permission, and no DaypassAuth"):
        Misconfigured.as_view()(request)
    with pytest.raises(ImproperlyConfigured, match="Name the scopes"):
        Nameless.as_view()(request)
    assert call_wsgi("/api/misconfigured").status_code == 500
