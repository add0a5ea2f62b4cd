"""Reads the field `Authorization` of an ASGI scope."""

from .types import Scope


def authorization_of(scope: Scope) -> str | None:
    """The field's value, None when it was not sent. Several are joined, as RFC 9110 §5.3 has it, and so refused."""
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    return ", ".join(values) if values else None
