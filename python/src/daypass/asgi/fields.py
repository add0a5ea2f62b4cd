"""Reads fields of an ASGI scope."""

from daypass._http.bearer import TokenFields

from .types import Scope


def token_fields_of(scope: Scope) -> TokenFields:
    """The fields that may hold the token. Several of one name are joined, as RFC 9110 §5.3 has it, and so refused."""
    return TokenFields(_field(scope, b"authorization"), _field(scope, b"x-daypass"))


def request_id_of(scope: Scope) -> str | None:
    """By which name the request is in the log of the site, as the gate tells it."""
    return _field(scope, b"x-request-id")


def _field(scope: Scope, wanted: bytes) -> str | None:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return ", ".join(values) if values else None
