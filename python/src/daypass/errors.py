"""The two errors of this package: a request is refused, or a setting is at fault."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

TokenErrorCode = Literal[
    "token_missing",
    "token_repeated",
    "token_malformed",
    "token_algorithm",
    "token_type",
    "token_key",
    "token_signature",
    "token_claims",
    "token_issuer",
    "token_audience",
    "token_subject",
    "token_lifetime",
    "token_not_yet_valid",
    "token_expired",
    "token_deploy_context",
    "token_inactive",
    "insufficient_scope",
    "introspection_unavailable",
]
"""Stable: programs compare these; texts may be reworded."""

# One text for all: only the code says what was wrong.
_REFUSED = "The access token was refused."

_DETAILS: dict[str, str] = {
    "token_missing": "Send the token once: as Authorization: Bearer, or in X-Daypass.",
    "token_repeated": "Send the token in Authorization or in X-Daypass, not in both.",
    "insufficient_scope": "The access token lacks the scope required by this endpoint.",
    "introspection_unavailable": "The access token could not be checked.",
}
_REASONS: dict[str, str] = {
    "token_key": "The token's key is not one that its verifier accepts.",
    "token_issuer": "The token's issuer is not one that its verifier accepts.",
    "token_audience": "The token's audience is not one that its verifier accepts.",
    "token_deploy_context": "The token's deploy context is not one that its verifier accepts.",
    "token_not_yet_valid": "The token is not valid yet by the clock of its verifier.",
    "token_expired": "The token has expired by the clock of its verifier.",
}
_STATUSES = {"token_repeated": 400, "insufficient_scope": 403, "introspection_unavailable": 503}


class TokenError(Exception):
    """A request must be refused. Holds no token and no secret, so that it may be logged.

    Attributes:
        code: why, stable.
        status: of the HTTP answer: 401; 400 for a token in two fields; 403 for want of a scope; 503 when introspection
            could not be reached.
        detail: one sentence for the caller, the same for all tokens that were refused.
        reason: for the operator: what is wrong, in a sentence; None where the code says it all.
        hint: for the operator: the setting that the token does not fit, with both values; None where no setting would
            mend it. Frameworks in their debug mode show it to the caller too.
    """

    code: TokenErrorCode
    status: int
    detail: str
    reason: str | None
    hint: str | None

    def __init__(self, code: TokenErrorCode, hint: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = _STATUSES.get(code, 401)
        self.detail = _DETAILS.get(code, _REFUSED)
        self.reason = _REASONS.get(code)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.detail} ({self.code})"


class Problem(NamedTuple):
    """What is wrong with one option."""

    option: str
    """Name of the parameter."""

    message: str
    """What is wrong and what to do, in words that follow the name. Never repeats a secret."""


class ConfigurationError(ValueError):
    """An option is at fault: raised at construction, with all that is wrong and never with a secret.

    Attributes:
        problems: one for each option.
    """

    code = "not_configured"
    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(f"{option} {message}" for option, message in self.problems)
