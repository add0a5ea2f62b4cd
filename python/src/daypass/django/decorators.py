"""Lets only callers with a token into a view."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, overload

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from daypass._http import VARY
from daypass._options import find_bad_scope, refuses_unknown
from daypass.errors import ConfigurationError, Problem, TokenError

from .request import DaypassRequest
from .verify import refusal_response, require_own_token

_Parameters = ParamSpec("_Parameters")
_Answer = TypeVar("_Answer", bound=HttpResponseBase | Awaitable[HttpResponseBase])
_View = Callable[Concatenate[DaypassRequest, _Parameters], _Answer]
_GuardedView = Callable[Concatenate[HttpRequest, _Parameters], _Answer]


@overload
def require_daypass(view: _View[_Parameters, _Answer]) -> _GuardedView[_Parameters, _Answer]: ...


@overload
def require_daypass(
    *, scope: str | None = None
) -> Callable[[_View[_Parameters, _Answer]], _GuardedView[_Parameters, _Answer]]: ...


@refuses_unknown
def require_daypass(view: Any = None, *, scope: str | None = None) -> Any:
    """Let only callers with a valid access token into a view, sync or async. Needs no middleware.

    Inside, `request.daypass` is the `AccessToken`. Others get 401, or 403 for want of the scope, with the challenge of
    RFC 6750 §3 and problem+json that holds the stable code. The view needs no CSRF token: what a caller proves here, no
    browser sends by itself.

    Args:
        view: a function view, or what `as_view()` of a class returned.
        scope: a scope that the token must carry.

    Raises:
        ConfigurationError: a ValueError: an option is malformed or unknown.
    """
    problems = find_bad_scope(scope)
    if view is not None and not callable(view):
        problems.append(Problem("view", "must be a view; write @require_daypass(scope=...) to require a scope."))
    if problems:
        raise ConfigurationError(problems)
    return _guard(view, scope) if view is not None else lambda later: _guard(later, scope)


def _guard(view: Callable[..., Any], scope: str | None) -> Callable[..., Any]:
    if iscoroutinefunction(view):

        @wraps(view)
        async def guarded_async(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            try:
                _admit(request, scope)
            except TokenError as error:
                return refusal_response(request, error)
            return _finish(await view(request, *args, **kwargs))

        return _exempt(guarded_async)

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            _admit(request, scope)
        except TokenError as error:
            return refusal_response(request, error)
        return _finish(view(request, *args, **kwargs))

    return _exempt(guarded)


def _admit(request: HttpRequest, scope: str | None) -> None:
    cast("DaypassRequest", request).daypass = require_own_token(request, scope)


def _finish(response: HttpResponseBase) -> HttpResponseBase:
    # One caller's answer is not another's (RFC 9111 §4.1).
    patch_vary_headers(response, VARY)
    return response


def _exempt(view: Callable[..., Any]) -> Callable[..., Any]:
    view.csrf_exempt = True  # type: ignore[attr-defined]  # as django.views.decorators.csrf does
    return view
