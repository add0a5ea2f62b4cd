"""System check of the order of middleware."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.middleware.cache import UpdateCacheMiddleware
from django.utils.module_loading import import_string

from .middleware import DaypassMiddleware


def check_middleware(**_options: Any) -> list[CheckMessage]:
    """Refuse orders in which one visitor's answer could reach another."""
    ours = _positions(DaypassMiddleware)
    if len(ours) > 1:
        return [Error("MIDDLEWARE lists daypass.django.DaypassMiddleware more than once.", id="daypass.E007")]
    if not ours or not any(ours[0] < cache for cache in _positions(UpdateCacheMiddleware)):
        return []
    hint = (
        "Move it below django.middleware.cache.UpdateCacheMiddleware: that must see the Vary: Authorization that"
        " DaypassMiddleware adds, or it keeps one visitor's answer for all."
    )
    return [Error("daypass.django.DaypassMiddleware stands above the cache.", hint=hint, id="daypass.E006")]


def _positions(wanted: type) -> list[int]:
    return [index for index, path in enumerate(settings.MIDDLEWARE) if _is_kind(path, wanted)]


def _is_kind(path: str, wanted: type) -> bool:
    try:
        middleware = import_string(path)
    except ImportError:
        return False  # Django says so when it loads it
    return isinstance(middleware, type) and issubclass(middleware, wanted)
