"""Daypass for Django REST framework. Settings: `INSTALLED_APPS` and `DAYPASS`, as for `daypass.django`."""

from typing import TYPE_CHECKING, Any

from .authentication import DaypassAuthentication
from .permissions import HasDaypass, HasScope
from .refusal import Refused
from .throttling import DaypassRateThrottle

if TYPE_CHECKING:
    from .visitor import Visitor

__all__ = [
    "DaypassAuthentication",
    "DaypassRateThrottle",
    "HasDaypass",
    "HasScope",
    "Refused",
    "Visitor",
]


def __getattr__(name: str) -> Any:
    # `Visitor` loads Django's users, and REST framework's settings load this module before apps are ready.
    if name == "Visitor":
        from .visitor import Visitor

        return Visitor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
