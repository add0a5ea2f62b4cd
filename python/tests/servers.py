"""Django's WSGI and ASGI applications, called as a server calls them."""

import asyncio
from typing import Any, Protocol

import httpx2
import pytest
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections


class Call(Protocol):
    """One request to the application; every call loads it anew, with the settings of the moment."""

    def __call__(self, path: str, method: str = "GET", **options: Any) -> httpx2.Response: ...


def call_wsgi(path: str, method: str = "GET", **options: Any) -> httpx2.Response:
    _keep_database()
    transport = httpx2.WSGITransport(get_wsgi_application())
    with httpx2.Client(transport=transport, base_url="http://testserver") as client:
        return client.request(method, path, **options)


def call_asgi(path: str, method: str = "GET", **options: Any) -> httpx2.Response:
    _keep_database()

    async def call() -> httpx2.Response:
        transport = httpx2.ASGITransport(get_asgi_application())  # type: ignore[arg-type]  # django-stubs: older ASGI
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.request(method, path, **options)

    return asyncio.run(call())


def _keep_database() -> None:
    # The one in memory would be closed. Django's own test client does the same, and connects them again.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)


on_both = pytest.mark.parametrize("call", [call_wsgi, call_asgi], ids=["wsgi", "asgi"])
"""Runs a test on both."""


def assert_refused(response: httpx2.Response, code: str, status: int | None = None) -> None:
    """A refusal is the same from every part: status, challenge, problem+json, code."""
    status = status or (400 if code == "token_repeated" else 401)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    problem = response.json()
    assert problem == {
        "type": f"https://github.com/daypass/daypass/blob/main/docs/errors.md#{code}",
        "title": {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}[status],
        "status": status,
        "detail": problem["detail"],
        "code": code,
    }
    challenge = 'Bearer realm="daypass"'
    if code != "token_missing":
        error = {400: "invalid_request", 401: "invalid_token", 403: "insufficient_scope"}[status]
        challenge += f', error="{error}", error_description="{problem["detail"]}"'
    assert response.headers["www-authenticate"] == challenge
