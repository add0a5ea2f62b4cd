"""Daypass for Django REST framework. Settings: `INSTALLED_APPS` and `DAYPASS`, as for `daypass.django`."""

from .authentication import DaypassAuthentication
from .permissions import HasDaypass, HasScope
from .refusal import Refused
from .throttling import DaypassRateThrottle
from .visitor import Visitor

__all__ = [
    "DaypassAuthentication",
    "DaypassRateThrottle",
    "HasDaypass",
    "HasScope",
    "Refused",
    "Visitor",
]
