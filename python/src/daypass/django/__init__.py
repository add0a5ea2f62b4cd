"""Daypass for Django: a decorator, a middleware, and system checks. Settings: `INSTALLED_APPS` and `DAYPASS`."""

from .decorators import require_daypass
from .middleware import DaypassMiddleware
from .request import DaypassRequest, OptionalDaypassRequest
from .settings import get_verifier

__all__ = [
    "DaypassMiddleware",
    "DaypassRequest",
    "OptionalDaypassRequest",
    "get_verifier",
    "require_daypass",
]
