"""Tells drf-spectacular of the authentication class. `daypass.django` imports it where drf-spectacular is installed."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class DaypassScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its metaclass has no types
    """Its own security scheme, next to those of other classes that read a Bearer token (OpenAPI 3.1 §4.8.27)."""

    target_class = "daypass.rest_framework.DaypassAuthentication"
    name = "daypass"
    match_subclasses = True

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The scheme's definition."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of Daypass: an anonymous session.",
        }
