"""Refusals, as REST framework answers them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from daypass._http import PROBLEM_TYPE, challenge, log_refusal, problem
from daypass.errors import TokenError

if TYPE_CHECKING:
    from rest_framework.response import Response


class Refused(APIException):
    """A token was refused. `get_codes()` is the stable code.

    Not an `AuthenticationFailed`: REST framework turns that into 403 wherever the first authentication class of the
    view has no challenge of its own, as with `SessionAuthentication`.

    Attributes:
        error: what was wrong.
        auth_header: value of `WWW-Authenticate`.
    """

    def __init__(self, error: TokenError) -> None:
        super().__init__(error.detail, error.code)
        self.error = error
        self.status_code = error.status
        self.auth_header = challenge(error)


class ProblemRenderer(JSONRenderer):
    """Renders a refusal as problem+json (RFC 9457).

    What the project's exception handler made of it goes along as extension members.

    Args:
        hint: which setting the token does not fit, in Django's debug mode.
    """

    media_type = PROBLEM_TYPE
    format = "problem"

    def __init__(self, hint: str | None = None) -> None:
        self._hint = hint

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Render the answer to a refusal."""
        response: Response = (renderer_context or {})["response"]
        response.headers["Cache-Control"] = "no-store"
        detail = data.get("detail") if isinstance(data, dict) else None
        code = detail.code if isinstance(detail, ErrorDetail) else None
        members = problem(response.status_code, str(detail), code, self._hint) if code is not None else {}
        made: bytes = super().render({**data, **members} if members else data, accepted_media_type, renderer_context)
        return made + b"\n"


def refuse(request: Request, error: TokenError) -> NoReturn:
    """Refuse a request.

    Raises:
        Refused: always; it becomes problem+json, whatever the view renders otherwise.
    """
    log_refusal(error, request.headers.get("X-Request-Id"))
    request.accepted_renderer = ProblemRenderer(error.hint if settings.DEBUG else None)
    request.accepted_media_type = PROBLEM_TYPE
    raise Refused(error)
