"""The Django app: registers the system checks."""

from django.apps import AppConfig, apps
from django.core.checks import register

from .check_middleware import check_middleware
from .check_settings import check_settings


class DaypassConfig(AppConfig):
    """Has no models; it is there for `manage.py check` and for the OpenAPI schema."""

    name = "daypass.django"
    label = "daypass"
    verbose_name = "Daypass"

    def ready(self) -> None:
        """Register the checks, and the OpenAPI extension where drf-spectacular is installed."""
        register(check_settings)
        register(check_middleware)
        if apps.is_installed("rest_framework"):
            from daypass.rest_framework.checks import check_authentication, check_throttles

            register(check_authentication)
            register(check_throttles)
        if apps.is_installed("drf_spectacular"):
            import daypass.rest_framework.schema  # noqa: F401  # defining the extension registers it
