import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Coroutine
from inspect import Parameter, signature
from typing import Any

import pytest
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models.manager import EmptyManager
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import (
    BasePermission,
    DjangoModelPermissions,
    IsAdminUser,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
)
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from daypass import AccessToken
from daypass.rest_framework import DaypassAuthentication, DaypassRateThrottle, HasDaypass, Visitor
from tests.tokens import (
    ISSUER,
    OTHER_SECRET,
    SECRET,
    SUBJECT,
    bearer,
    good_claims,
    good_header,
    key_id,
    make_pass,
    sign,
)


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


ARGUMENTS: dict[str, object] = {
    "perm": "guestbook.view_entry",
    "perm_list": ["guestbook.view_entry", "guestbook.add_entry"],
    "module": "guestbook",
    "raw_password": "a long one",
}


def answer_of(user: object, name: str) -> object:
    """What a user of some kind answers to a name: its value, its list, what a call of it returns or raises."""
    value = getattr(user, name)
    if isinstance(value, EmptyManager):
        return list(value.filter(pk=1)), list(value.all()), value.model
    if not callable(value):
        return value
    required = [each.name for each in signature(value).parameters.values() if each.default is Parameter.empty]
    try:
        returned = value(*(ARGUMENTS[each] for each in required))
        return asyncio.run(returned) if isinstance(returned, Coroutine) else returned
    except (NotImplementedError, TypeError, ValueError) as error:
        return type(error), str(error)


class Plain:
    """What any class has."""


# Every name that this Django gives an anonymous user, but for those that tell one visitor from another.
NAMES = [name for name in dir(AnonymousUser) if name not in dir(Plain)]


@pytest.mark.parametrize("backends", [[], ["tests.rest_framework.test_visitor.OpenDoor"]])
@pytest.mark.parametrize("name", NAMES)
def test_he_answers_all_that_an_anonymous_user_answers(name: str, backends: list[str], settings: Any) -> None:
    settings.AUTHENTICATION_BACKENDS += backends
    assert answer_of(make_request().user, name) == answer_of(AnonymousUser(), name)


def test_no_name_was_left_out() -> None:
    assert {"groups", "user_permissions", "has_perm", "ahas_perm", "get_username", "__int__", "is_staff"} <= {*NAMES}


class OpenDoor(BaseBackend):
    """A backend that grants something to whoever asks."""

    def get_user_permissions(self, user_obj: object, obj: object = None) -> set[str]:
        return {"guestbook.view_entry"}

    def has_module_perms(self, user_obj: object, app_label: str) -> bool:
        return app_label == "guestbook"


def test_he_is_an_anonymous_user_to_code_that_asks() -> None:
    visitor = make_request().user
    assert isinstance(visitor, AnonymousUser)
    assert (visitor == AnonymousUser(), AnonymousUser() == visitor) == (False, False)


class InGroup(BasePermission):
    """A permission as others write them."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user: Any = request.user
        return user.groups.filter(name="editors").exists() or bool(user.user_permissions.all())


class OfModel(DjangoModelPermissions):
    authenticated_users_only = False


class ModelView(GenericAPIView[Group]):
    queryset = Group.objects.all()


@pytest.mark.parametrize("other", [InGroup, IsAdminUser, IsAuthenticated, DjangoModelPermissions, OfModel])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_permissions_of_others_compose_with_ours(other: Any, method: str) -> None:
    def granted(permission: Any) -> bool:
        view = ModelView(permission_classes=[permission])
        return all(each.has_permission(make_request(method), view) for each in view.get_permissions())

    alone = granted(other)
    assert alone is (other is OfModel and method == "GET")
    assert granted(HasDaypass | other) is granted(other | HasDaypass) is True
    assert granted(HasDaypass & other) is granted(other & HasDaypass) is alone
    assert granted(HasDaypass & ~other) is granted(~other & HasDaypass) is not alone


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


def test_of_two_sites_the_same_subject_is_two_visitors(settings: Any) -> None:
    settings.DAYPASS = {"SITES": TWO_SITES}
    here, there = make_request().user, of_the_other_site().user
    assert isinstance(here, Visitor)
    assert isinstance(there, Visitor)
    assert (here.subject, there.subject) == (SUBJECT, SUBJECT)
    assert here != there
    assert len({here, there, make_request(jti="b").user}) == 2


def of_the_other_site() -> Request:
    token = sign(
        good_header(kid=key_id(OTHER_SECRET)), good_claims(int(time.time()), iss="https://other.example"), OTHER_SECRET
    )
    request = APIRequestFactory().get("/", headers=bearer(token))
    return Request(request, authenticators=[DaypassAuthentication()])


TWO_SITES = [{"SECRET": SECRET, "ISSUER": ISSUER}, {"SECRET": OTHER_SECRET, "ISSUER": "https://other.example"}]


def test_of_two_sites_the_same_subject_is_counted_twice(settings: Any) -> None:
    settings.DAYPASS = {"SITES": TWO_SITES}

    class Throttle(DaypassRateThrottle):
        rate = "3/min"

    keys = [Throttle().get_cache_key(request, APIView()) for request in (make_request(), of_the_other_site())]
    assert len({*keys, Throttle().get_cache_key(make_request(jti="b"), APIView())}) == 2
    # Memcached takes no white space in a key.
    assert all(key and not re.search(r"\s", key) for key in keys)


# What a project does before its apps are loaded, and one that has no users at all.
EARLY = """
from django.conf import settings
settings.configure(
    INSTALLED_APPS={apps},
    DAYPASS={{"SECRET": {secret!r}, "ISSUER": {issuer!r}}},
    REST_FRAMEWORK={{
        "DEFAULT_AUTHENTICATION_CLASSES": ["daypass.rest_framework.DaypassAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["daypass.rest_framework.HasDaypass"],
        "UNAUTHENTICATED_USER": None,
    }},
)
import daypass.rest_framework, rest_framework.views
import django
django.setup()
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
class View(rest_framework.views.APIView):
    def get(self, request):
        return Response([str(request.user), request.user.is_authenticated, request.user.has_perm("x")])
factory = APIRequestFactory()
for headers in ({{"Authorization": "Bearer {token}"}}, {{}}):
    answer = View.as_view()(factory.get("/", headers=headers))
    print(answer.status_code, answer.data)
"""


@pytest.mark.parametrize("apps", [["django.contrib.auth", "django.contrib.contenttypes"], []])
def test_nothing_needs_users_before_they_are_loaded_or_at_all(apps: list[str]) -> None:
    program = EARLY.format(
        apps=[*apps, "daypass.django", "rest_framework"], secret=SECRET, issuer=ISSUER, token=make_pass()
    )
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0] == f"200 ['{SUBJECT}', False, False]"
    assert ran.stdout.splitlines()[1].startswith("401 ")
