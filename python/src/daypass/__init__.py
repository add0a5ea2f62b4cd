"""Verifies Daypass access tokens: anonymous sessions for public APIs."""

from ._introspection.introspector import Introspector
from ._introspection.transport import Transport
from ._token.sites import Site
from .access_token import AccessToken
from .errors import ConfigurationError, Problem, TokenError, TokenErrorCode
from .verifier import Verifier

__all__ = [
    "AccessToken",
    "ConfigurationError",
    "Introspector",
    "Problem",
    "Site",
    "TokenError",
    "TokenErrorCode",
    "Transport",
    "Verifier",
]
