"""Who calls, when a token is all that is known."""

from typing import Literal

from daypass.access_token import AccessToken


class Visitor:
    """`request.user` of a request with an access token: somebody, and nobody with an account.

    `is_authenticated` is False, as with Django's `AnonymousUser`: a pass is no log-in. `IsAuthenticated` and
    `IsAdminUser` refuse visitors, `HasDaypass` lets them in, and a view that was written for members stays theirs when
    this authentication becomes a project's default. No database knows a visitor.

    Attributes:
        token: the verified token; `request.auth` is the same.
    """

    # What code that was written for users asks.
    id = None
    pk = None
    username = ""
    is_active = False
    is_staff = False
    is_superuser = False

    def __init__(self, token: AccessToken) -> None:
        self.token = token

    @property
    def subject(self) -> str:
        """The session's name: equal for all tokens of one session."""
        return self.token.subject

    @property
    def is_authenticated(self) -> Literal[False]:
        """Always False."""
        return False

    @property
    def is_anonymous(self) -> Literal[True]:
        """Always True."""
        return True

    def __str__(self) -> str:
        return self.subject

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Visitor) and other.subject == self.subject

    def __hash__(self) -> int:
        return hash(self.subject)

    def get_username(self) -> str:
        """Empty: a visitor has no account."""
        return self.username

    def has_perm(self, _permission: str, _object: object = None) -> Literal[False]:
        """Always False."""
        return False

    def has_perms(self, _permissions: object, _object: object = None) -> Literal[False]:
        """Always False."""
        return False

    def has_module_perms(self, _app: str) -> Literal[False]:
        """Always False."""
        return False
