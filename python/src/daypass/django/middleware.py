"""Gives every request its token."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from daypass._http import VARY
from daypass.errors import TokenError

from .request import add_lazy_token
from .settings import get_verifier
from .verify import refusal_response, was_verified


class DaypassMiddleware:
    """Sets `request.daypass`: the verified `AccessToken`, or None when the request carries no token of our site.

    Nothing is verified until a view reads it, so other views (the admin, other logins) are as they were. A token of our
    site that is refused answers 401 from where it is read. Serves sync and async views.

    Raises:
        ImproperlyConfigured: at start, when the setting `DAYPASS` is at fault.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        get_verifier()
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Pass the request on, with its lazy token."""
        add_lazy_token(request)
        answer = self.get_response(request)
        return self._finish(request, answer) if isinstance(answer, HttpResponseBase) else self._wait(request, answer)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal that a view did not handle."""
        return refusal_response(request, exception) if isinstance(exception, TokenError) else None

    async def _wait(self, request: HttpRequest, answer: Awaitable[HttpResponseBase]) -> HttpResponseBase:
        return self._finish(request, await answer)

    @staticmethod
    def _finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if was_verified(request):
            # One caller's answer is not another's (RFC 9111 §4.1).
            patch_vary_headers(response, VARY)
        return response
