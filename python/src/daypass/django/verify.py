"""Verifies the token of a Django request. The functions hide their variables from Django's error reports."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables

from daypass._http import TokenFields, answer_refusal, read_bearer, require_token
from daypass.access_token import AccessToken
from daypass.errors import TokenError

from .settings import get_verifier

_VERIFIED = "_daypass_verified"


@sensitive_variables()
def require_own_token(request: HttpRequest, scope: str | None = None) -> AccessToken:
    """Verify the token of a request.

    Raises:
        TokenError: it is missing, refused, or lacks the scope.
    """
    return require_token(get_verifier(), _token_fields_of(request), scope)


@sensitive_variables()
def find_own_token(request: HttpRequest) -> AccessToken | None:
    """Verify the token of a request if it claims to come from our site.

    Returns:
        None when there is no token, or one for another class to verify.

    Raises:
        TokenError: it claims our issuer, or came in `X-Daypass`, and is refused.
    """
    setattr(request, _VERIFIED, True)
    fields = _token_fields_of(request)
    if fields.x_daypass is not None:
        # Nothing else reads that field.
        return get_verifier().verify(read_bearer(fields))
    try:
        token = read_bearer(fields)
    except TokenError:
        return None
    return get_verifier().verify_own(token)


@sensitive_variables()
def _token_fields_of(request: HttpRequest) -> TokenFields:
    return TokenFields(request.headers.get("Authorization"), request.headers.get("X-Daypass"))


def was_verified(request: HttpRequest) -> bool:
    """Whether `find_own_token` was called, so that the answer depends on the token."""
    return getattr(request, _VERIFIED, False)


def refusal_response(request: HttpRequest, error: TokenError) -> HttpResponse:
    """A refusal as problem+json with its challenge."""
    status, headers, body = answer_refusal(error, request_id=request.headers.get("X-Request-Id"), debug=settings.DEBUG)
    return HttpResponse(body, status=status, headers=headers)
