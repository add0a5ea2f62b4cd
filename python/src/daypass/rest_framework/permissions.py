"""Permissions for visitors."""

import difflib
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission
from rest_framework.request import ForcedAuthentication, Request

from daypass._options import is_scope
from daypass.access_token import AccessToken
from daypass.django.verify import require_own_token
from daypass.errors import ConfigurationError, Problem, TokenError

from .authentication import DaypassAuthentication, find_token
from .refusal import refuse

if TYPE_CHECKING:
    # Loading it loads the project's default permissions: at run time, a circle.
    from rest_framework.views import APIView


class HasDaypass(BasePermission):
    """Lets in requests that `DaypassAuthentication` took. Others get 401 with a challenge and the stable code.

    Composes with other permissions: `HasDaypass | IsAuthenticated` lets visitors and members in. Where all of them say
    no, REST framework words the answer; list `DaypassAuthentication` first and it is 401.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse scopes that nothing would read.

        Raises:
            ConfigurationError: a ValueError.
        """
        super().__init_subclass__(**options)
        if cls.find_fault is HasDaypass.find_fault:
            _refuse_like_scopes(cls, "HasScope")

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the request has what it needs.

        Raises:
            Refused: it has not, and the view lists this permission by itself, so that no other can let it in.
            ImproperlyConfigured: the view does not list `DaypassAuthentication`.
        """
        # First, for it authenticates the request.
        token = find_token(request)
        if not _takes_tokens(request, view):
            name = type(view).__name__
            raise ImproperlyConfigured(f"{name} has a Daypass permission, and no DaypassAuthentication.")
        error = self.find_fault(token) if token is not None else _why_not(request)
        if error is not None and self._decides(view):
            refuse(request, error)
        return error is None

    def _decides(self, view: "APIView") -> bool:
        # Inside `|`, `&`, `~` or a custom permission, a refusal would keep the others from being checked.
        if type(self).has_permission is not HasDaypass.has_permission:
            return False
        # What is no APIView asks us in its own way, and answers for itself.
        listed = view.get_permissions() if hasattr(view, "get_permissions") else []
        return any(type(each) is type(self) for each in listed)

    def find_fault(self, _token: AccessToken) -> TokenError | None:
        """What a valid token lacks here. Subclasses require more."""
        return None


class HasScope(HasDaypass):
    """Lets in requests whose token carries every required scope; 403 `insufficient_scope` otherwise.

    `permission_classes = [HasScope.of("read")]`, or a subclass that sets `scopes`.
    """

    scopes: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse what is no list of scopes, or is misspelt.

        Raises:
            ConfigurationError: a ValueError.
        """
        super().__init_subclass__(**options)
        if cls.find_fault is HasScope.find_fault:
            _refuse_like_scopes(cls, "scopes")
        if not isinstance(cls.scopes, list | tuple) or not all(map(is_scope, cls.scopes)):
            raise ConfigurationError([Problem("scopes", 'must be a tuple of scopes, such as ("read", "write").')])

    @classmethod
    def of(cls, *scopes: str) -> type["HasScope"]:
        """The permission that requires these scopes.

        Raises:
            ConfigurationError: a ValueError: one of them is not a scope, or none was named.
        """
        if not scopes:
            raise ConfigurationError([Problem("scopes", 'must be named: HasScope.of("read").')])
        return type(cls.__name__, (cls,), {"scopes": scopes})

    def find_fault(self, token: AccessToken) -> TokenError | None:
        """Compare scopes.

        Raises:
            ImproperlyConfigured: no scope was named.
        """
        if not self.scopes:
            raise ImproperlyConfigured('Name the scopes: HasScope.of("read").')
        return None if set(self.scopes) <= set(token.scopes) else TokenError("insufficient_scope")


def _refuse_like_scopes(permission: type, meant: str) -> None:
    for name in vars(permission):
        if name != meant and difflib.get_close_matches(name, ["scopes"], cutoff=0.7):
            raise ConfigurationError([Problem(name, f"is unknown. Did you mean {meant}?")])


def _takes_tokens(request: Request, view: "APIView") -> bool:
    authenticators = request.authenticators or ()
    # `force_authenticate` of a test stands there instead of the view's own.
    if any(isinstance(each, ForcedAuthentication) for each in authenticators):
        authenticators = view.get_authenticators()
    return any(isinstance(each, DaypassAuthentication) for each in authenticators)


def _why_not(request: Request) -> TokenError:
    """Why the authentication did not take this request, in the code that the verifier gives."""
    try:
        require_own_token(request._request)  # noqa: SLF001
    except TokenError as error:
        return error
    # It holds, and yet another class took the request.
    return TokenError("token_missing")
