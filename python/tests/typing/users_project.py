"""A user's project that uses every public name; `test_users_project.py` has mypy read it."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views import View
from fastapi import Depends, FastAPI
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse

from daypass import (
    AccessToken,
    ConfigurationError,
    Introspector,
    Problem,
    Site,
    TokenError,
    TokenErrorCode,
    Transport,
    Verifier,
)
from daypass.asgi import DaypassMiddleware as AsgiMiddleware
from daypass.asgi import access_token
from daypass.asgi.fastapi import RequireDaypass, exception_handlers
from daypass.django import (
    DaypassMiddleware,
    DaypassRequest,
    OptionalDaypassRequest,
    get_verifier,
    require_daypass,
)
from daypass.rest_framework import (
    DaypassAuthentication,
    DaypassRateThrottle,
    HasDaypass,
    HasScope,
    Refused,
    Visitor,
)
from daypass.testing import TokenOptions, bearer_headers, make_access_token, make_visitor, mint_token


def make_verifier(secret: str) -> Verifier | tuple[Problem, ...]:
    try:
        return Verifier(secret, issuer="https://your-site.example", deploy_contexts=["production"])
    except ConfigurationError as error:
        return error.problems


def make_verifier_of_sites(sites: list[Site]) -> Verifier:
    blog: Site = {"secret": "not run", "issuer": "https://blog.example", "deploy_contexts": ["production"]}
    return Verifier(sites=[*sites, blog], leeway_seconds=5)


def why(verifier: Verifier, token: str) -> TokenErrorCode | None:
    try:
        says: AccessToken = verifier.verify(token)
    except TokenError as error:
        return error.code if error.hint is None else "token_audience"
    seconds: int = says.expires_at - says.issued_at
    jti: object = says.claims["jti"]
    return None if seconds and jti and "read" in says.scopes else "insufficient_scope"


def introspect(token: str, transport: Transport) -> str:
    return Introspector("https://your-site.example", "secret", transport=transport).verify(token).subject


@require_daypass
def plain(request: DaypassRequest, name: str) -> HttpResponse:
    return JsonResponse({"you": request.daypass.subject, "name": name})


@require_daypass(scope="read")
async def later(request: DaypassRequest) -> HttpResponse:
    return JsonResponse({"you": request.daypass.subject})


@require_daypass()
def careless(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def optional(request: OptionalDaypassRequest) -> HttpResponse:
    return HttpResponse("" if request.daypass is None else request.daypass.subject)


class ClassView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(repr(get_verifier()))


middleware: type[DaypassMiddleware] = DaypassMiddleware


class ThreeAMinute(DaypassRateThrottle):
    rate = "3/min"


class CanWrite(HasScope):
    scopes = ("write",)


class Api(APIView):
    authentication_classes = [DaypassAuthentication]
    permission_classes = [HasDaypass, HasScope.of("read"), CanWrite, HasDaypass | IsAuthenticated]
    throttle_classes = [ThreeAMinute]

    def get(self, request: Request) -> Response:
        visitor = request.user
        if not isinstance(visitor, Visitor):
            raise Refused(TokenError("token_missing"))
        return Response({"you": visitor.subject, "until": visitor.token.expires_at})


urlpatterns = [
    path("plain/<str:name>", plain),
    path("later", later),
    path("careless", careless),
    path("class", require_daypass(ClassView.as_view())),
    path("api", Api.as_view()),
]


async def hello(request: StarletteRequest) -> PlainTextResponse:
    return PlainTextResponse(access_token(request).subject)


verifier = Verifier("not run", issuer="https://your-site.example")
starlette = Starlette(middleware=[Middleware(AsgiMiddleware, verifier=verifier, scope="read")])
starlette.add_middleware(AsgiMiddleware, verifier=verifier)
fastapi = FastAPI(exception_handlers=exception_handlers)


@fastapi.get("/hello")
def fast(visitor: Annotated[AccessToken, Depends(RequireDaypass(verifier, scope="read"))]) -> str:
    return visitor.subject


def test_writers() -> None:
    options: TokenOptions = {"scopes": ["write"], "age_seconds": 5}
    visitor: Visitor = make_visitor(**options)
    token: str = mint_token(verifier, subject=visitor.subject, scopes=["write"])
    headers: dict[str, str] = bearer_headers(deploy_context="dev")
    assert token
    assert headers
    assert make_access_token(verifier, audience="api").scopes == ()
