"""Limits visitors."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from .authentication import find_token

if TYPE_CHECKING:
    # Loading it loads the project's default throttles: at run time, a circle.
    from rest_framework.views import APIView


class DaypassRateThrottle(SimpleRateThrottle):
    """Limits requests by session: however many tokens it renews, and whatever its address.

    The rate is REST framework's: `DEFAULT_THROTTLE_RATES = {"daypass": "60/min"}`, or a subclass with a `rate` or a
    `scope` of its own. Requests without an access token are left to other throttles.
    """

    scope = "daypass"

    def get_cache_key(self, request: Request, _view: "APIView") -> str | None:
        """The key under which the session's requests are counted, None for a request without an access token."""
        token = find_token(request)
        if token is None:
            return None
        # Two sites may give the same subject.
        return self.cache_format % {"scope": self.scope, "ident": f"{token.issuer}/{token.subject}"}
