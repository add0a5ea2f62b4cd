"""Requests that know their token."""

from functools import cache, cached_property

from django.http import HttpRequest

from daypass.access_token import AccessToken

from .verify import find_own_token


class DaypassRequest(HttpRequest):
    """For annotations: the request of a view behind `require_daypass`."""

    daypass: AccessToken


class OptionalDaypassRequest(HttpRequest):
    """For annotations: the request of any other view behind `DaypassMiddleware`."""

    daypass: AccessToken | None


def add_lazy_token(request: HttpRequest) -> None:
    """Give a request the attribute `daypass`, which verifies the token when it is read.

    A `SimpleLazyObject` would not do: one that stands for None `is not None`, and a view with such a check would let
    everybody in.
    """
    request.__class__ = _lazy_class(type(request))  # type: ignore[arg-type]  # classes are hashable


@cache
def _lazy_class(base: type[HttpRequest]) -> type[HttpRequest]:
    return type(base.__name__, (base,), {"daypass": cached_property(find_own_token), "__module__": base.__module__})
