"""System check of REST framework's authentication classes."""

from typing import Any

from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from rest_framework.settings import api_settings

from .authentication import DaypassAuthentication


def check_authentication(**_options: Any) -> list[CheckMessage]:
    """Warn where another class that reads Bearer tokens would refuse ours before it is judged."""
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
