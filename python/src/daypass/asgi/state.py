"""Where the middleware leaves the token."""

from typing import Protocol, cast

from daypass.access_token import AccessToken

from .types import Scope

_KEY = "daypass"


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
