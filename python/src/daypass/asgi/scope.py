"""What is read of an ASGI scope, and what the middleware leaves there."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, cast

from daypass._http import TokenFields
from daypass.access_token import AccessToken

# The types of ASGI 3, as Starlette writes them.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_KEY = "daypass"


def token_fields_of(scope: Scope) -> TokenFields:
    """The fields that may hold the token. Several of one name are joined, as RFC 9110 §5.3 has it, and so refused."""
    return TokenFields(_field(scope, b"authorization"), _field(scope, b"x-daypass"))


def request_id_of(scope: Scope) -> str | None:
    """The request's ID in the log of the site, as the gate sent it."""
    return _field(scope, b"x-request-id")


def _field(scope: Scope, wanted: bytes) -> str | None:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return ", ".join(values) if values else None


class Connection(Protocol):
    """A request or web socket of Starlette or FastAPI."""

    @property
    def scope(self) -> Scope:
        """Its ASGI scope."""


def access_token(connection: Connection) -> AccessToken:
    """The token of a connection behind `DaypassMiddleware`; `request.state.daypass` is the same, without a type.

    Raises:
        LookupError: the middleware did not see this connection.
    """
    try:
        return cast("AccessToken", connection.scope["state"][_KEY])
    except KeyError:
        raise LookupError("DaypassMiddleware does not stand in front of this address.") from None


def is_debug(scope: Scope) -> bool:
    """Whether the application around is in Starlette's or FastAPI's debug mode."""
    return getattr(scope.get("app"), "debug", False) is True


def leave_token(scope: Scope, token: AccessToken) -> None:
    """Leave the token for the application."""
    scope.setdefault("state", {})[_KEY] = token
