"""Daypass as a dependency of FastAPI."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from daypass._http import answer_refusal, require_token
from daypass._options import check_guard, refuses_unknown
from daypass.access_token import AccessToken
from daypass.errors import TokenError
from daypass.verifier import Verifier

from .scope import is_debug, request_id_of, token_fields_of


async def _answer(request: Request, error: TokenError) -> Response:
    status, headers, body = answer_refusal(
        error, request_id=request_id_of(request.scope), debug=is_debug(request.scope)
    )
    return Response(body, status, headers)


exception_handlers: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    TokenError: _answer
}
"""For `FastAPI(exception_handlers=exception_handlers)`: answers refusals with problem+json and a challenge."""


class RequireDaypass(SecurityBase):
    """A dependency that is the verified `AccessToken`: `Annotated[AccessToken, Depends(RequireDaypass(verifier))]`.

    Appears as a security scheme in the OpenAPI document. The application takes `exception_handlers` of this module.

    Args:
        verifier: says which tokens hold.
        scope: a scope that the token must carry.

    Raises:
        ConfigurationError: a ValueError: an option is malformed or unknown.
    """

    @refuses_unknown
    def __init__(self, verifier: Verifier, scope: str | None = None) -> None:
        check_guard(verifier, scope)
        self.model = HTTPBearer(bearerFormat="JWT", description="An access token of Daypass: an anonymous session.")
        self.scheme_name = "daypass"
        self._verifier = verifier
        self._scope = scope

    async def __call__(self, connection: HTTPConnection) -> AccessToken:
        """Verify the token of a request.

        Raises:
            TokenError: it is missing, refused, or lacks the scope.
            RuntimeError: the application does not know how to answer a refusal.
        """
        # Also for a token that holds: what is forgotten shows at the first request, not at the first attack.
        if TokenError not in connection.app.exception_handlers:
            raise RuntimeError(
                "Make the application with FastAPI(exception_handlers=exception_handlers), from daypass.asgi.fastapi."
            )
        return require_token(self._verifier, token_fields_of(connection.scope), self._scope)
