"""The check in front of an address that takes no caller without a token."""

from daypass.access_token import AccessToken
from daypass.errors import TokenError
from daypass.verifier import Verifier

from .bearer import TokenFields, read_bearer


def require_token(verifier: Verifier, fields: TokenFields, scope: str | None = None) -> AccessToken:
    """Verify the token of a request, and that it carries a scope.

    Args:
        fields: where the token may be.
        scope: None when any token will do.

    Raises:
        TokenError: `token_…` or `insufficient_scope`.
    """
    token = verifier.verify(read_bearer(fields))
    if scope is not None and scope not in token.scopes:
        raise TokenError("insufficient_scope")
    return token
