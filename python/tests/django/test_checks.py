from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.test import override_settings
from django.urls import include, path
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, ScopedRateThrottle, UserRateThrottle
from rest_framework.views import APIView

from daypass.rest_framework import DaypassAuthentication, DaypassRateThrottle
from tests.project import settings as project
from tests.project.api import Public
from tests.tokens import ISSUER, OTHER_SECRET, SECRET

GOOD: dict[str, Any] = {"SECRET": SECRET, "ISSUER": ISSUER}


def found(**changes: Any) -> list[CheckMessage]:
    with override_settings(**changes):
        return [message for message in run_checks() if str(message.id).startswith("daypass.")]


def found_in(**changes: Any) -> list[tuple[str | None, str]]:
    """Of the setting DAYPASS: identifiers and messages."""
    return [(message.id, str(message.msg)) for message in found(DAYPASS={**GOOD, **changes})]


def test_a_good_project_is_green() -> None:
    assert run_checks() == []


@pytest.mark.parametrize("written", [None, "x", []])
def test_the_setting_must_be_there(written: object) -> None:
    (message,) = found(DAYPASS=written)
    assert message.id == "daypass.E001"
    assert 'DAYPASS = {"SECRET": os.environ.get("DAYPASS_SECRET"), "ISSUER":' in message.msg


@pytest.mark.parametrize(
    ("secret", "weakness"),
    [
        (None, "is missing"),
        ("", "is missing"),
        ("x1Y2z3", "is shorter than 32 bytes"),
        ("changeme-changeme-changeme-changeme-12", "is a placeholder"),
        ("${DAYPASS_SECRET_OF_THE_ENVIRONMENT_1234}", "is a placeholder"),
        ("abcd1234" * 4, "repeats itself"),
        (f"{SECRET}\n", "starts or ends with white space"),
    ],
)
def test_a_secret_must_be_good_and_the_message_says_what_to_do(secret: str | None, weakness: str) -> None:
    ((check_id, message),) = found_in(SECRET=secret)
    assert check_id == "daypass.E003"
    assert message.startswith(f'DAYPASS["SECRET"] {weakness}. Set it to the site\'s DAYPASS_SECRET, or make one: ')
    assert 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"' in message
    assert not secret or secret not in message


def test_the_secondary_secret_too() -> None:
    assert [check_id for check_id, _ in found_in(SECONDARY_SECRET="weak")] == ["daypass.E003"]
    assert found_in(SECONDARY_SECRET=OTHER_SECRET) == []


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("SECRT", "SECRET"),
        ("secret", "SECRET"),
        ("ISSUR", "ISSUER"),
        ("SECONDARY", "SECONDARY_SECRET"),
        ("DEPLOY_CONTEXT", "DEPLOY_CONTEXTS"),
        ("LEEWAY", "LEEWAY_SECONDS"),
        ("AUD", "AUDIENCE"),
    ],
)
def test_an_unknown_key_names_the_nearest_right_one(key: str, nearest: str) -> None:
    assert found_in(**{key: "x"}) == [("daypass.E002", f"DAYPASS['{key}'] is unknown. Did you mean '{nearest}'?")]


def test_all_that_is_wrong_is_said_at_once() -> None:
    messages = found_in(SECRET=None, ISSUER="site.example", AUDIENCE="", DEPLOY_CONTEXTS="dev", LEEWAY=1)
    assert [check_id for check_id, _ in messages] == ["daypass.E002", *["daypass.E003"] * 4]


def test_http_belongs_to_the_debug_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    # A settings file that names a dev site where DEBUG is on: test runners turn it off later.
    assert found_in(ISSUER="http://localhost:8888") == []
    monkeypatch.setattr("daypass.django.check_settings.is_test_run", lambda: False)
    assert [check_id for check_id, _ in found_in(ISSUER="http://localhost:8888")] == ["daypass.E004"]
    assert found(DEBUG=True, DAYPASS={**GOOD, "ISSUER": "http://localhost:8888"}) == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"SECRET_KEY": SECRET}, "SECRET_KEY."),
        ({"SECRET_KEY_FALLBACKS": ["x", SECRET]}, "SECRET_KEY_FALLBACKS."),
        ({"SIMPLE_JWT": {"SIGNING_KEY": SECRET}}, 'SIMPLE_JWT["SIGNING_KEY"].'),
    ],
)
def test_a_key_has_one_use(changes: dict[str, Any], name: str) -> None:
    (message,) = found(**changes)
    assert (message.id, message.msg) == ("daypass.E005", f"A secret of DAYPASS is also {name}")


def test_the_cache_must_see_what_the_answer_depends_on() -> None:
    cache, ours = "django.middleware.cache.UpdateCacheMiddleware", "daypass.django.DaypassMiddleware"
    (message,) = found(MIDDLEWARE=[ours, cache])
    assert message.id == "daypass.E006"
    assert found(MIDDLEWARE=[cache, ours]) == []
    assert found(MIDDLEWARE=[ours, "no.such.Middleware"]) == []
    assert found(MIDDLEWARE=[]) == []


def test_the_middleware_is_listed_once() -> None:
    ours = "daypass.django.DaypassMiddleware"
    assert [message.id for message in found(MIDDLEWARE=[ours, ours])] == ["daypass.E007"]


@pytest.mark.parametrize(
    "above",
    [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
        "rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication",
        "tests.rest_framework.bearer_token.BearerTokenAuthentication",
    ],
)
def test_classes_that_refuse_what_they_do_not_know_come_after_ours(above: str) -> None:
    ours = "daypass.rest_framework.DaypassAuthentication"

    def check(*classes: str) -> list[str | None]:
        changed = {**project.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": classes}
        return [message.id for message in found(REST_FRAMEWORK=changed)]

    assert check(above, ours) == ["daypass.W001"]
    assert check(ours, above) == []
    assert check(above) == []
    assert check("rest_framework.authentication.SessionAuthentication", ours) == []


class Members(UserRateThrottle):
    """One that counts members alone, in its own words."""

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return super().get_cache_key(request, view) if request.user.is_authenticated else None


class ByOwnIdent(AnonRateThrottle):
    """One that knows callers apart by something of its own."""

    def get_ident(self, request: Request) -> str:
        return request.headers.get("X-Install-Id", "")


class Renamed(AnonRateThrottle):
    rate = "5/min"


class View(APIView):
    authentication_classes = [DaypassAuthentication]
    throttle_classes: list[Any] = []
    throttle_scope = "uploads"


def routed(**changes: Any) -> Any:
    """Addresses of a project with one view of that kind, and one by the project's defaults."""
    urls: Any = ModuleType("urls")
    view: Any = type("Mine", (View,), changes)
    urls.urlpatterns = [path("v", view.as_view()), path("d", Public.as_view())]
    return urls


RATES = {"daypass": None, "anon": "9/min", "user": "9/min", "uploads": "9/min"}


def throttle_warnings(*classes: str, rates: Mapping[str, str | None] = RATES, urls: Any = None) -> list[CheckMessage]:
    changed = {**project.REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": classes, "DEFAULT_THROTTLE_RATES": rates}
    return found(REST_FRAMEWORK=changed, **({} if urls is None else {"ROOT_URLCONF": urls}))


@pytest.mark.parametrize("name", ["AnonRateThrottle", "UserRateThrottle"])
def test_throttles_that_count_all_visitors_as_one_are_told_of(name: str) -> None:
    (message,) = throttle_warnings("daypass.rest_framework.DaypassRateThrottle", f"rest_framework.throttling.{name}")
    assert message.id == "daypass.W002"
    assert message.msg == f"DEFAULT_THROTTLE_CLASSES lists {name}, which counts all visitors behind the gate as one."
    assert message.hint is not None
    assert "daypass.rest_framework.DaypassRateThrottle" in message.hint


def test_throttles_that_do_not_are_no_warning() -> None:
    framework = "rest_framework.throttling"
    assert throttle_warnings() == []
    assert throttle_warnings("daypass.rest_framework.DaypassRateThrottle") == []
    # One that counts by a scope of views counts nothing by itself.
    assert throttle_warnings(f"{framework}.ScopedRateThrottle") == []
    assert throttle_warnings("tests.django.test_checks.Members") == []
    off = {"anon": None, "user": None}
    assert throttle_warnings(f"{framework}.AnonRateThrottle", f"{framework}.UserRateThrottle", rates=off) == []


@pytest.mark.parametrize(
    ("takes", "told"),
    [([DaypassAuthentication], ["tests.django.test_checks.Mine lists"]), ([SessionAuthentication], [])],
)
def test_a_project_that_takes_visitors_in_some_views(takes: list[Any], told: list[str]) -> None:
    changed = {
        **project.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
        "DEFAULT_THROTTLE_RATES": RATES,
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    }
    urls = routed(throttle_classes=[AnonRateThrottle], authentication_classes=takes)
    messages = found(REST_FRAMEWORK=changed, ROOT_URLCONF=urls)
    assert [message.msg.split(" AnonRateThrottle")[0] for message in messages] == told


@pytest.mark.parametrize("throttle", [AnonRateThrottle, UserRateThrottle, ScopedRateThrottle, Renamed])
def test_a_view_s_own_are_told_of(throttle: type) -> None:
    (message,) = throttle_warnings(urls=routed(throttle_classes=[throttle]))
    assert message.id == "daypass.W002"
    assert message.msg == (
        f"tests.django.test_checks.Mine lists {throttle.__name__}, which counts all visitors behind the gate as one."
    )
    # Listed twice in the addresses, told once.
    urls = routed(throttle_classes=[throttle])
    urls.urlpatterns += [path("again/", include(([urls.urlpatterns[0]], "again")))]
    assert len(throttle_warnings(urls=urls)) == 1


def test_a_view_that_takes_no_visitors_or_counts_them_well_is_no_warning() -> None:
    for changes in (
        {"throttle_classes": [DaypassRateThrottle, Members, ByOwnIdent]},
        {"throttle_classes": [AnonRateThrottle], "authentication_classes": [SessionAuthentication]},
        {"throttle_classes": [ScopedRateThrottle], "throttle_scope": None},
    ):
        assert throttle_warnings(urls=routed(**changes)) == []
