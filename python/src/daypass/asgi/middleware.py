"""Lets only callers with a token into an ASGI application."""

from daypass._http import VARY, answer_refusal, require_token
from daypass._options import check_guard, refuses_unknown
from daypass.errors import TokenError
from daypass.verifier import Verifier

from .scope import ASGIApp, Message, Receive, Scope, Send, is_debug, leave_token, request_id_of, token_fields_of

_VARY = ", ".join(VARY).encode()


class DaypassMiddleware:
    """Lets only callers with a valid access token in; `access_token(request)` reads it.

    Others get 401, or 403 for want of the scope, with the challenge of RFC 6750 §3 and problem+json that holds the
    stable code; web sockets are refused before they open. Preflights carry no token, so `CORSMiddleware` belongs
    outside. To protect a part of an application, give it to that part's `Mount` or `Route`. Events of the server's own
    life (`lifespan`) pass; a connection of any other kind is refused.

    Args:
        verifier: says which tokens hold.
        scope: a scope that the token must carry.

    Raises:
        ConfigurationError: a ValueError: an option is malformed or unknown.
    """

    @refuses_unknown
    def __init__(self, app: ASGIApp, verifier: Verifier, scope: str | None = None) -> None:
        check_guard(verifier, scope)
        self._app = app
        self._verifier = verifier
        self._scope = scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection.

        Raises:
            NotImplementedError: it is of a kind that cannot be checked, as ASGI requires of applications.
        """
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] not in ("http", "websocket"):
            raise NotImplementedError(f"DaypassMiddleware takes no connection of type {scope['type']!r}.")
        try:
            token = require_token(self._verifier, token_fields_of(scope), self._scope)
        except TokenError as error:
            return await _refuse(error, scope, send)
        leave_token(scope, token)
        return await self._app(scope, receive, _vary(send))


def _vary(send: Send) -> Send:
    """One caller's answer is not another's (RFC 9111 §4.1)."""

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"vary", _VARY)]}
        await send(message)

    return sender


async def _refuse(error: TokenError, scope: Scope, send: Send) -> None:
    prefix = "http.response"
    if scope["type"] == "websocket":
        prefix = "websocket.http.response"
        if prefix not in scope.get("extensions", {}):
            # Before it is accepted, this is a 403 of the server's own.
            return await send({"type": "websocket.close", "code": 1008})
    status, fields, body = answer_refusal(error, request_id=request_id_of(scope), debug=is_debug(scope))
    headers = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": f"{prefix}.start", "status": status, "headers": headers})
    return await send({"type": f"{prefix}.body", "body": body})
