"""Authenticates requests by their access token."""

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from daypass._http import CHALLENGE
from daypass.access_token import AccessToken
from daypass.django.verify import find_own_token
from daypass.errors import TokenError

from .refusal import refuse

if TYPE_CHECKING:
    from .visitor import Visitor


class DaypassAuthentication(BaseAuthentication):
    """Takes requests with a token of our site: `request.user` is a `Visitor`, `request.auth` the `AccessToken`.

    A token of our issuer, or in `X-Daypass`, is always verified: a refused one is 401, whichever classes come next.
    Requests without a token, with a token of another issuer or with something that is no JWT are left to the next
    class. Stands before other classes that read `Authorization: Bearer`, since those refuse what they do not know. Asks
    no database.
    """

    def authenticate(self, request: Request) -> "tuple[Visitor, AccessToken] | None":
        """Authenticate a request.

        Raises:
            Refused: the token claims our issuer, or came in `X-Daypass`, and is refused.
        """
        try:
            token = find_own_token(request._request)  # noqa: SLF001  # its public attributes come by way of this one
        except TokenError as error:
            refuse(request, error)
        if token is None:
            return None
        # Not above: it loads Django's users, and REST framework's settings load this module before apps are ready.
        from .visitor import Visitor

        return Visitor(token), token

    def authenticate_header(self, _request: Request) -> str:
        """The challenge of RFC 6750 §3 for requests without a token."""
        return CHALLENGE


def find_token(request: Request) -> AccessToken | None:
    """The token of a request: `request.auth`, or that of the `Visitor` whom a test gave to `force_authenticate`.

    Such a test names no token of its own; views that read `request.auth` find the visitor's there, as in earnest.
    """
    from .visitor import Visitor

    if request.auth is None and isinstance(request.user, Visitor):
        request.auth = request.user.token
    return request.auth if isinstance(request.auth, AccessToken) else None
