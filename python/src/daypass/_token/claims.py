"""Validates the claims of a token with a valid signature, and reports to the operator which setting it does not fit."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from daypass.access_token import AccessToken, FrozenClaims
from daypass.errors import TokenError

_logger = logging.getLogger("daypass")

# Only a site's own tokens get here, and each deploy preview may differ; past this many, the log has enough.
_MAX_WARNINGS = 32

_told: set[str] = set()
_lock = Lock()


def make_hint(differences: Iterable[tuple[str, str, str, Iterable[str]]]) -> str:
    """Name every claim that a setting does not fit, and the setting, with both values.

    Args:
        differences: of each: the claim, its value, the setting's name as the verifier has it (such as `audience` or
            `sites[1].audience`), and what the setting accepts.
    """
    hint = "; ".join(
        f"the token's {claim} is {value[:200]!a}, and {option} (in Django: {django_name(option)}) is"
        f" {', '.join(map(ascii, sorted(accepted)))}"
        for claim, value, option, accepted in differences
        if value not in accepted
    )
    if any(
        claim == "deploy_context" and value == "dev" and value not in accepted
        for claim, value, _, accepted in differences
    ):
        hint += (
            ". To accept the tokens of npx daypass dev on your own machine, take its address for the issuer"
            " and list 'dev'"
        )
    return hint


def django_name(option: str) -> str:
    """Where Django's settings have an option: `DAYPASS["SITES"][1]["AUDIENCE"]` for `sites[1].audience`."""
    parts = re.findall(r"\[\d+\]|[^.\[\]]+", option)
    return "DAYPASS" + "".join(part if part[0] == "[" else f'["{part.upper()}"]' for part in parts)


def warn_once(error: TokenError) -> None:
    """Write a WARNING for a token whose signature holds and which these settings refuse; one for each cause."""
    hint = error.hint
    if hint is None:
        return
    with _lock:
        if hint in _told or len(_told) >= _MAX_WARNINGS:
            return
        _told.add(hint)
    reason = (error.reason or "").rstrip(".")
    _logger.warning("a token of the site was refused (%s). %s: %s.", error.code, reason, hint)


def forget_warnings() -> None:
    """Write them all again; for tests."""
    with _lock:
        _told.clear()


DEPLOY_CONTEXTS = ("production", "deploy-preview", "branch-deploy", "dev")
"""Netlify's deploy contexts, as the claim `deploy_context` names them."""

# No site may mint a longer life, so no longer one is believed.
_MAX_LIFE_SECONDS = 3600

_SUBJECT = re.compile(r"anon_[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class ClaimsPolicy:
    """What a backend knows of the tokens that it accepts."""

    issuer: str
    audience: str
    deploy_contexts: frozenset[str]
    leeway_seconds: int
    prefix: str = ""
    """What the names of its options begin with, such as `sites[1].`."""


def check_claims(claims: Mapping[str, object], policy: ClaimsPolicy, now: int) -> AccessToken:
    """Validate claims (RFC 7519 §4.1, RFC 8725 §3.8 to §3.10).

    Args:
        now: the present, seconds since the epoch.

    Raises:
        TokenError: `token_claims` for one that is absent or of the wrong type, else the claim's own code.
    """
    issuer, audience, subject = _text(claims, "iss"), _text(claims, "aud"), _text(claims, "sub")
    token_id, deploy_context = _text(claims, "jti"), _text(claims, "deploy_context")
    scope = _text(claims, "scope") if "scope" in claims else ""
    if token_id == "":
        raise TokenError("token_claims")
    issued_at, expires_at = _date(claims, "iat"), _date(claims, "exp")
    not_before = _date(claims, "nbf") if "nbf" in claims else 0
    session_started_at = _date(claims, "auth_time") if "auth_time" in claims else None
    # Else a session could be made to begin, and so to end, as late as one likes.
    if session_started_at is not None and session_started_at > issued_at:
        raise TokenError("token_claims")

    if issuer != policy.issuer:
        raise TokenError("token_issuer", _hint(issuer, audience, deploy_context, policy))
    if audience != policy.audience:
        raise TokenError("token_audience", _hint(issuer, audience, deploy_context, policy))
    if not _SUBJECT.fullmatch(subject):
        raise TokenError("token_subject")
    if not 0 < expires_at - issued_at <= _MAX_LIFE_SECONDS:
        raise TokenError("token_lifetime")
    if max(issued_at, not_before) > now + policy.leeway_seconds:
        raise TokenError("token_not_yet_valid")
    if now >= expires_at + policy.leeway_seconds:
        raise TokenError("token_expired")
    if deploy_context not in policy.deploy_contexts:
        raise TokenError("token_deploy_context", _hint(issuer, audience, deploy_context, policy))

    return AccessToken(
        subject=subject,
        issuer=issuer,
        audience=audience,
        issued_at=issued_at,
        expires_at=expires_at,
        session_started_at=session_started_at,
        token_id=token_id,
        scopes=tuple(name for name in scope.split(" ") if name != ""),
        deploy_context=deploy_context,
        claims=FrozenClaims(claims),
    )


def _hint(issuer: str, audience: str, deploy_context: str, policy: ClaimsPolicy) -> str:
    return make_hint(
        [
            ("iss", issuer, f"{policy.prefix}issuer", [policy.issuer]),
            ("aud", audience, f"{policy.prefix}audience", [policy.audience]),
            ("deploy_context", deploy_context, f"{policy.prefix}deploy_contexts", policy.deploy_contexts),
        ]
    )


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise TokenError("token_claims")
    return value


def _date(claims: Mapping[str, object], name: str) -> int:
    """RFC 7519 §2 allows fractions; sites mint whole seconds, and nothing else is taken."""
    value = claims.get(name)
    # `type`, since True is an int too.
    if type(value) is not int or value < 0:
        raise TokenError("token_claims")
    return value
