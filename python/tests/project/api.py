"""REST views of every kind."""

from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from daypass import AccessToken
from daypass.rest_framework import DaypassAuthentication, DaypassRateThrottle, HasDaypass, HasScope


class Public(APIView):
    """By the project's defaults."""

    def get(self, request: Request) -> Response:
        return Response({"you": str(request.user)})

    post = get


class Scoped(Public):
    permission_classes = [HasScope.of("read", "write")]


class Site(Public):
    def get(self, request: Request) -> Response:
        return Response({"site": request.auth.issuer if isinstance(request.auth, AccessToken) else None})


class Members(Public):
    permission_classes = [IsAuthenticated]


class Both(Public):
    permission_classes = [HasDaypass | IsAuthenticated]


class SessionFirst(Public):
    authentication_classes = [SessionAuthentication, DaypassAuthentication]
    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]


class Unguarded(Public):
    """Whoever comes; who says that he is a visitor must be one."""

    permission_classes = []


class ThreeAMinute(DaypassRateThrottle):
    rate = "3/min"


class Throttled(Public):
    throttle_classes = [ThreeAMinute]


class Misconfigured(Public):
    authentication_classes = [SessionAuthentication]


class Nameless(Public):
    permission_classes = [HasScope]


class Broken(Public):
    def get(self, request: Request) -> Response:
        raise RuntimeError("a bug")
