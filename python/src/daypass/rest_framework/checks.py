"""System checks of REST framework's authentication and throttle classes."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.settings import api_settings

from .authentication import DaypassAuthentication

_COUNTS_AS_ONE = "which counts all visitors behind the gate as one."
_HINT = (
    "To Django, all calls through the gate come from one address, and visitors have no account to count by. Use"
    ' daypass.rest_framework.DaypassRateThrottle, whose rate is "daypass" in DEFAULT_THROTTLE_RATES, and let other'
    " throttles return None from get_cache_key for visitors."
)


def check_authentication(**_options: Any) -> list[CheckMessage]:
    """Warn where another class that reads Bearer tokens would refuse ours before it is verified."""
    classes: list[Any] = list(api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    ours = [index for index, each in enumerate(classes) if issubclass(each, DaypassAuthentication)]
    if not ours:
        return []
    above = [each.__name__ for each in classes[: ours[0]] if _reads_bearer(each)]
    if not above:
        return []
    return [
        CheckWarning(
            f"DEFAULT_AUTHENTICATION_CLASSES lists {above[0]} above DaypassAuthentication.",
            hint="It refuses every Bearer token that it does not know: move DaypassAuthentication above it.",
            id="daypass.W001",
        )
    ]


def _reads_bearer(authentication: type) -> bool:
    bases = {f"{base.__module__}.{base.__qualname__}" for base in authentication.__mro__}
    is_simple_jwt = "rest_framework_simplejwt.authentication.JWTAuthentication" in bases
    return is_simple_jwt or str(getattr(authentication, "keyword", "")).lower() == "bearer"


def check_throttles(**_options: Any) -> list[CheckMessage]:
    """Warn where a throttle of REST framework's own counts by address: behind the gate, that is one bucket for all."""
    # Loading it loads the project's default classes: before apps are ready, too early.
    from rest_framework.views import APIView

    messages: list[CheckMessage] = []
    defaults: list[Any] = list(api_settings.DEFAULT_THROTTLE_CLASSES)
    is_default = _takes_visitors(api_settings.DEFAULT_AUTHENTICATION_CLASSES)
    if is_default:
        messages = _warn("DEFAULT_THROTTLE_CLASSES", defaults, None)
    for view, options in _list_views():
        if not issubclass(view, APIView):
            continue
        throttles = options.get("throttle_classes", view.throttle_classes)
        authentications = options.get("authentication_classes", view.authentication_classes)
        # What comes from the defaults is reported once, above.
        is_told = is_default and list(throttles) == defaults
        if not is_told and _takes_visitors(authentications):
            name = f"{view.__module__}.{view.__qualname__}"
            scope = options.get("throttle_scope", getattr(view, "throttle_scope", None))
            messages += [message for message in _warn(name, throttles, scope) if message not in messages]
    return messages


def _takes_visitors(authentications: Iterable[Any]) -> bool:
    return any(issubclass(each, DaypassAuthentication) for each in authentications)


def _warn(owner: str, throttles: Iterable[Any], scope: str | None) -> list[CheckMessage]:
    return [
        CheckWarning(f"{owner} lists {each.__name__}, {_COUNTS_AS_ONE}", hint=_HINT, id="daypass.W002")
        for each in throttles
        if _counts_by_address(each, scope)
    ]


def _counts_by_address(throttle: Any, view_scope: str | None) -> bool:
    from rest_framework.throttling import AnonRateThrottle, BaseThrottle, ScopedRateThrottle, UserRateThrottle

    kinds = (AnonRateThrottle, UserRateThrottle, ScopedRateThrottle)
    key, ident = (getattr(throttle, name, None) for name in ("get_cache_key", "get_ident"))
    if key not in [kind.get_cache_key for kind in kinds] or ident is not BaseThrottle.get_ident:
        return False
    scope = view_scope if issubclass(throttle, ScopedRateThrottle) else throttle.scope
    rates: Any = api_settings.DEFAULT_THROTTLE_RATES
    return bool(getattr(throttle, "rate", None) or rates.get(scope))


def _list_views() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each class-based view of REST framework in the project's addresses, with what `as_view` was given."""
    patterns = list(get_resolver().url_patterns) if getattr(settings, "ROOT_URLCONF", None) else []
    while patterns:
        pattern = patterns.pop()
        if isinstance(pattern, URLResolver):
            patterns += pattern.url_patterns
        elif isinstance(pattern, URLPattern):
            view: Any = getattr(pattern.callback, "cls", None)
            if isinstance(view, type):
                yield view, getattr(pattern.callback, "initkwargs", {})
