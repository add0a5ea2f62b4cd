"""Every part refuses, when it is made, an option that it does not know or cannot use."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from daypass import ConfigurationError, Introspector, Verifier
from daypass.asgi import DaypassMiddleware
from daypass.asgi.fastapi import RequireDaypass
from daypass.django import require_daypass
from daypass.django.check_settings import check_settings
from daypass.django.settings import read_verifier
from daypass.rest_framework import HasDaypass, HasScope
from tests.tokens import ISSUER, SECRET

VERIFIER = Verifier(SECRET, issuer=ISSUER)


async def app(*_: object) -> None: ...


def verifier(**options: Any) -> object:
    return Verifier(**{"secret": SECRET, "issuer": ISSUER, **options})


def introspector(**options: Any) -> object:
    return Introspector(**{"site": ISSUER, "secret": "x", **options})


def middleware(**options: Any) -> object:
    return DaypassMiddleware(app, **{"verifier": VERIFIER, **options})


def dependency(**options: Any) -> object:
    return RequireDaypass(**{"verifier": VERIFIER, **options})


def decorator(**options: Any) -> object:
    return require_daypass(**options)


def subclass_of(base: type, **attributes: Any) -> Callable[..., object]:
    return lambda **_: type(base)("Mine", (base,), attributes)


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (verifier, {"audiense": "api"}, "audiense is unknown. Did you mean audience?"),
        (verifier, {"deploy_context": ["dev"]}, "deploy_context is unknown. Did you mean deploy_contexts?"),
        (verifier, {"secondarySecret": SECRET}, "secondarySecret is unknown. Did you mean secondary_secret?"),
        (verifier, {"deploy_contexts": "production"}, "deploy_contexts must list"),
        (verifier, {"deploy_contexts": 5}, "deploy_contexts must list"),
        (verifier, {"deploy_contexts": None}, "deploy_contexts must list"),
        (verifier, {"deploy_contexts": [["dev"]]}, "deploy_contexts must list"),
        (verifier, {"audience": ["api"]}, "audience must be a name"),
        (verifier, {"clock": 5}, "clock must be a function"),
        (verifier, {"secret": 5}, "secret "),
        (verifier, {"secret": SECRET.encode()}, "secret "),
        (introspector, {"timeout": 2}, "timeout is unknown. Did you mean timeout_seconds?"),
        (introspector, {"audiense": "api"}, "audiense is unknown. Did you mean audience?"),
        (introspector, {"deploy_contexts": 5}, "deploy_contexts must list"),
        (introspector, {"clock": 5}, "clock must be a function"),
        (introspector, {"transport": "https"}, "transport must be a function"),
        (middleware, {"scopes": "write"}, "scopes is unknown. Did you mean scope?"),
        (middleware, {"scope": ["write"]}, "scope must be one scope"),
        (middleware, {"scope": "read write"}, "scope must be one scope"),
        (middleware, {"scope": ""}, "scope must be one scope"),
        (middleware, {"verifier": None}, "verifier must be"),
        (middleware, {"verifier": SECRET}, "verifier must be"),
        (middleware, {"verifier": Verifier}, "verifier must be"),
        (dependency, {"scopes": "write"}, "scopes is unknown. Did you mean scope?"),
        (dependency, {"scope": ("write",)}, "scope must be one scope"),
        (dependency, {"verifier": None}, "verifier must be"),
        (decorator, {"scopes": "write"}, "scopes is unknown. Did you mean scope?"),
        (decorator, {"scope": ["write"]}, "scope must be one scope"),
        (decorator, {"view": "write"}, "view must be a view"),
        (lambda **_: HasScope.of("read write"), {}, "scopes must be"),
        (lambda **_: HasScope.of(["read"]), {}, "scopes must be"),  # type: ignore[arg-type]
        (lambda **_: HasScope.of(), {}, "scopes must be"),
        (subclass_of(HasScope, scopes="read"), {}, "scopes must be"),
        (subclass_of(HasScope, scope=("read",)), {}, "scope is unknown. Did you mean scopes?"),
        (subclass_of(HasDaypass, scopes=("read",)), {}, "scopes is unknown. Did you mean HasScope?"),
    ],
)
def test_refuses(make: Callable[..., object], options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make(**options)
    assert says in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"AUDIENSE": "api"}, "DAYPASS['AUDIENSE'] is unknown. Did you mean 'AUDIENCE'?"),
        ({"scopes": ["write"]}, "DAYPASS['scopes'] is unknown."),
        ({"DEPLOY_CONTEXTS": 5}, 'DAYPASS["DEPLOY_CONTEXTS"] must list'),
        ({"DEPLOY_CONTEXTS": "production"}, 'DAYPASS["DEPLOY_CONTEXTS"] must list'),
        ({"SECRET": [SECRET]}, 'DAYPASS["SECRET"]'),
        ({5: "x"}, "DAYPASS[5] is unknown."),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_the_setting_of_django(written: dict[Any, Any], says: str, debug: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr(settings, "DAYPASS", {"SECRET": SECRET, "ISSUER": ISSUER, **written})
    made, problems = read_verifier(debug=debug)
    assert made is None
    assert any(says in problem.message for problem in problems)
    assert any(says in message.msg for message in check_settings())


def test_a_permission_of_one_s_own_may_have_any_other_attribute() -> None:
    class Mine(HasScope):
        scopes = ("read",)
        limit = 5

        def helper(self) -> None: ...

    assert Mine.scopes == ("read",)
