"""Authenticates requests by their access token."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from daypass._http.answer import CHALLENGE
from daypass.access_token import AccessToken
from daypass.django.judge import find_own_token
from daypass.errors import TokenError

from .refusal import refuse
from .visitor import Visitor


class DaypassAuthentication(BaseAuthentication):
    """Takes requests with a token of our site: `request.user` is a `Visitor`, `request.auth` the `AccessToken`.

    A token of our issuer is always judged: one that is refused is 401, whichever classes come next. Requests without a
    token, with a token of another issuer or with something that is no JWT are left to the next class. Stands before
    other classes that read `Authorization: Bearer`, since those refuse what they do not know. Asks no database.
    """

    def authenticate(self, request: Request) -> tuple[Visitor, AccessToken] | None:
        """Authenticate a request.

        Raises:
            Refused: the token claims our issuer, and is refused.
        """
        try:
            token = find_own_token(request._request)  # noqa: SLF001  # its public attributes come by way of this one
        except TokenError as error:
            refuse(request, error)
        return None if token is None else (Visitor(token), token)

    def authenticate_header(self, _request: Request) -> str:
        """The challenge of RFC 6750 §3 for requests without a token."""
        return CHALLENGE
