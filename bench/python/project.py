"""A Django project of one view, behind each way to authenticate."""

import itertools
import secrets
import time
from collections.abc import Callable

import django
import jwt
from django.conf import settings
from django.core.management import call_command

from daypass._token.keys import make_key

SECRET = secrets.token_urlsafe(32)
ISSUER = "https://your-site.example"

settings.configure(
    SECRET_KEY=secrets.token_urlsafe(32),
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "daypass.django",
        "rest_framework",
        "rest_framework.authtoken",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DAYPASS={"SECRET": SECRET, "ISSUER": ISSUER},
    SIMPLE_JWT={"SIGNING_KEY": secrets.token_urlsafe(32)},
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402  # models load once Django is set up
from rest_framework.authentication import BaseAuthentication, TokenAuthentication  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated  # noqa: E402
from rest_framework.renderers import JSONRenderer  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.test import APIRequestFactory  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt.authentication import JWTAuthentication, JWTStatelessUserAuthentication  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

from daypass.rest_framework import DaypassAuthentication, HasDaypass  # noqa: E402


def make_cases() -> dict[str, Callable[[], None]]:
    """One function for each way to authenticate: a request through the view, which must answer 200."""
    call_command("migrate", verbosity=0)
    user = User.objects.create_user("member")
    member = f"Bearer {AccessToken.for_user(user)}"
    # By the time that one comes round again, those behind it have pushed it out of the memory of 1024.
    visitors = [f"Bearer {_make_pass()}" for _ in range(2048)]
    return {
        "no check": _make_request(None, AllowAny, [""]),
        "Daypass, token seen before": _make_request(DaypassAuthentication, HasDaypass, visitors[:1]),
        "Daypass, token never seen": _make_request(DaypassAuthentication, HasDaypass, visitors),
        "SimpleJWT, stateless": _make_request(JWTStatelessUserAuthentication, IsAuthenticated, [member]),
        "SimpleJWT": _make_request(JWTAuthentication, IsAuthenticated, [member]),
        "REST framework's token": _make_request(
            TokenAuthentication, IsAuthenticated, [f"Token {Token.objects.create(user=user).key}"]
        ),
    }


def _make_request(
    authentication: type[BaseAuthentication] | None, permission: type[BasePermission], authorizations: list[str]
) -> Callable[[], None]:
    class View(APIView):
        authentication_classes = [authentication] if authentication is not None else []
        permission_classes = [permission]
        renderer_classes = [JSONRenderer]

        def get(self, request: Request) -> Response:
            return Response({"hello": "you"})

    view, factory, callers = View.as_view(), APIRequestFactory(), itertools.cycle(authorizations)

    def call() -> None:
        response = view(factory.get("/", HTTP_AUTHORIZATION=next(callers)))
        if response.status_code != 200:
            raise RuntimeError(f"{response.status_code} {response.data}")

    return call


def _make_pass() -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": f"anon_{secrets.token_urlsafe(16)}",
        "aud": "api",
        "iat": now,
        # A run of the bench is shorter.
        "exp": now + 3600,
        "jti": secrets.token_urlsafe(16),
        "auth_time": now,
        "scope": "read",
        "deploy_context": "production",
    }
    return jwt.encode(claims, SECRET, headers={"kid": make_key(SECRET).id})
