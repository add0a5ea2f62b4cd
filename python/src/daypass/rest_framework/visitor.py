"""Who calls, when a token is all that is known."""

from typing import TYPE_CHECKING

from django.apps import apps

from daypass.access_token import AccessToken

if TYPE_CHECKING or apps.is_installed("django.contrib.auth"):
    from django.contrib.auth.models import AnonymousUser
else:

    class AnonymousUser:
        """Django's own cannot be loaded in a project without users; this is what REST framework asks of it."""

        id = None
        pk = None
        username = ""
        is_active = False
        is_staff = False
        is_superuser = False
        is_anonymous = True
        is_authenticated = False

        def get_username(self):  # noqa: ANN201
            return self.username

        def has_perm(self, perm, obj=None):  # noqa: ANN001, ANN201
            return False

        has_perms = has_module_perms = has_perm


class Visitor(AnonymousUser):
    """`request.user` of a request with an access token: a visitor without an account.

    A visitor is an `AnonymousUser` of Django, since a pass is no log-in: `is_authenticated` is False, `IsAuthenticated`
    and `IsAdminUser` refuse visitors, `HasDaypass` lets them in, and a view that was written for members stays theirs
    when this authentication becomes a project's default. No database knows a visitor.

    Args:
        token: the verified token; `request.auth` is the same.

    Example:
        `force_authenticate(request, user=make_visitor())` in a test, with `daypass.testing.make_visitor`.
    """

    def __init__(self, token: AccessToken) -> None:
        self.token = token

    @property
    def subject(self) -> str:
        """The session's name: equal for all tokens of one session. Another site may give the same one."""
        return self.token.subject

    @property
    def _identity(self) -> tuple[str, str]:
        """A subject is unique only within its site (RFC 7519 §4.1.2); `SITES` may list several."""
        return self.token.issuer, self.token.subject

    def __str__(self) -> str:
        return self.subject

    def __repr__(self) -> str:
        return f"Visitor({self.subject!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Visitor) and other._identity == self._identity

    def __hash__(self) -> int:
        return hash(self._identity)
