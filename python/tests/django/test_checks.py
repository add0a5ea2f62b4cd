from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.test import override_settings

from tests.project import settings as project
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


def test_http_belongs_to_the_debug_mode() -> None:
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
