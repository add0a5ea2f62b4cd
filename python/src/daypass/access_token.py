"""What a verified access token says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


class FrozenClaims(Mapping[str, object]):
    """Every claim as it stood in the token. Read-only, since verified tokens are shared between requests."""

    __slots__ = ("_claims",)

    def __init__(self, claims: Mapping[str, object]) -> None:
        self._claims = dict(claims)

    def __getitem__(self, name: str) -> object:
        return self._claims[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def __repr__(self) -> str:
        return f"FrozenClaims({', '.join(self._claims)})"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that holds. Times are whole seconds since the epoch (RFC 7519 §2, NumericDate)."""

    subject: str
    """`sub`: names the session, `anon_` and 22 base64url characters."""

    issuer: str
    """`iss`: the site."""

    audience: str
    """`aud`: this backend."""

    issued_at: int
    """`iat`."""

    expires_at: int
    """`exp`."""

    session_started_at: int | None
    """`auth_time`: when the session began; None when the token does not say."""

    token_id: str
    """`jti`."""

    scopes: tuple[str, ...]
    """`scope`, split (RFC 8693 §4.2)."""

    deploy_context: str
    """`deploy_context`: production, deploy-preview, branch-deploy or dev."""

    claims: Mapping[str, object] = field(repr=False, hash=False)
    """Every claim as it stood in the token."""
