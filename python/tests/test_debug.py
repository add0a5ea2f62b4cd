"""In a backend's debug mode, a 401 names the setting that the token does not fit; otherwise refusals look alike."""

from collections.abc import Callable

import pytest
from django.test import override_settings
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from daypass import Verifier
from daypass.asgi import DaypassMiddleware
from daypass.asgi.fastapi import RequireDaypass, exception_handlers
from tests.servers import call_wsgi
from tests.tokens import ISSUER, SECRET, bearer, make_pass

VERIFIER = Verifier(SECRET, issuer=ISSUER)
Call = Callable[..., object]


async def hello(request: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


def django(path: str) -> Call:
    def call(*, debug: bool, token: str) -> object:
        with override_settings(DEBUG=debug):
            return call_wsgi(path, headers=bearer(token)).json()

    return call


def asgi(make: Callable[[bool], Starlette]) -> Call:
    return lambda *, debug, token: TestClient(make(debug)).get("/hello", headers=bearer(token)).json()


def make_fastapi(debug: bool) -> FastAPI:
    app = FastAPI(debug=debug, exception_handlers=exception_handlers)
    app.get("/hello", dependencies=[Depends(RequireDaypass(VERIFIER))])(hello)
    return app


def make_starlette(debug: bool) -> Starlette:
    route = Route("/hello", hello)
    return Starlette(debug=debug, routes=[route], middleware=[Middleware(DaypassMiddleware, verifier=VERIFIER)])


def make_mounted(debug: bool) -> Starlette:
    middleware = [Middleware(DaypassMiddleware, verifier=VERIFIER)]
    return Starlette(debug=debug, routes=[Mount("/", routes=[Route("/hello", hello)], middleware=middleware)])


@pytest.mark.parametrize(
    "call",
    [
        *map(django, ("/plain", "/coroutine", "/optional", "/api/public", "/api/session-first")),
        *map(asgi, (make_fastapi, make_starlette, make_mounted)),
    ],
)
def test_it_names_the_setting(call: Call) -> None:
    token = make_pass(aud="shop")
    refused = call(debug=False, token=token)
    assert isinstance(refused, dict)
    assert refused["code"] == "token_audience"
    assert "shop" not in str(refused)
    hint = "the token's aud is 'shop', and audience (in Django: DAYPASS[\"AUDIENCE\"]) is 'api'"
    assert call(debug=True, token=token) == {**refused, "hint": hint}
    # No setting would mend this one.
    stranger = make_pass(sub="user_1")
    assert call(debug=True, token=stranger) == call(debug=False, token=stranger)


@pytest.mark.parametrize("call", [*map(asgi, (make_fastapi, make_starlette, make_mounted))])
def test_it_says_how_tokens_of_npm_start_are_accepted(call: Call) -> None:
    refused = call(debug=True, token=make_pass(deploy_context="dev"))
    assert isinstance(refused, dict)
    assert "is 'production'. To accept the tokens of npx daypass dev on your own machine" in refused["hint"]
