"""What the frameworks share: how a token comes in, and how a refusal goes out."""

import json
import logging
import re
from http import HTTPStatus
from typing import Any, NamedTuple

from daypass.access_token import AccessToken
from daypass.errors import TokenError
from daypass.verifier import Verifier

_SCHEME = re.compile(r"bearer(?=\s|$)", re.IGNORECASE)

# b64token of RFC 6750 §2.1. Two fields arrive joined by a comma, which no token holds.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)

VARY = ("Authorization", "X-Daypass")
"""One caller's answer is not another's (RFC 9111 §4.1)."""


class TokenFields(NamedTuple):
    """The values of the fields that may hold a token; None for one that was not sent."""

    authorization: str | None
    x_daypass: str | None


def read_bearer(fields: TokenFields) -> str:
    """Read the token of `Authorization: Bearer` (RFC 6750 §2.1), or of `X-Daypass`.

    `X-Daypass` carries the bare token while `Authorization` is used for another scheme: at a site with a password, the
    browser sends `Basic` in it by itself. The scheme's case does not matter (RFC 9110 §11.1).

    Raises:
        TokenError: `token_missing` when it is in neither, `token_repeated` when there are both (RFC 6750 §2: one way
            only), `token_malformed` when what is there is not one token.
    """
    authorization = (fields.authorization or "").strip(" \t")
    scheme = _SCHEME.match(authorization)
    if scheme and fields.x_daypass is not None:
        raise TokenError("token_repeated")
    if scheme is None and fields.x_daypass is None:
        raise TokenError("token_missing")
    token = authorization[scheme.end() :].lstrip(" ") if scheme else (fields.x_daypass or "").strip(" \t")
    if not _TOKEN.fullmatch(token):
        raise TokenError("token_malformed")
    return token


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


PROBLEM_TYPE = "application/problem+json"
"""RFC 9457 §6.1."""

CHALLENGE = 'Bearer realm="daypass"'
"""RFC 6750 §3: what a caller gets who sent no token."""

_ERROR_PAGE = "https://github.com/daypass/daypass/blob/main/docs/errors.md#"
"""The entries of the codes: each problem's `type` leads to its own (RFC 9457 §3.1.1)."""

_logger = logging.getLogger("daypass")

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def refusal_headers(error: TokenError) -> dict[str, str]:
    """Header fields of a refusal: the challenge of RFC 6750 §3, and that no cache may keep it."""
    headers = {"Cache-Control": "no-store", "Vary": ", ".join(VARY)}
    if error.status == 503:
        return {**headers, "Retry-After": "1"}
    return {**headers, "WWW-Authenticate": challenge(error)}


def challenge(error: TokenError) -> str:
    """The challenge of RFC 6750 §3; no error code for a caller who sent no token."""
    if error.code == "token_missing":
        return CHALLENGE
    # RFC 6750 §3.1: the name of the error that belongs to the status.
    reason = {400: "invalid_request", 403: "insufficient_scope"}.get(error.status, "invalid_token")
    return f'{CHALLENGE}, error="{reason}", error_description="{error.detail}"'


def problem(status: int, detail: str, code: str, hint: str | None = None) -> dict[str, Any]:
    """The members of a problem detail (RFC 9457 §3.1), with the stable code.

    Args:
        hint: which setting the token does not fit; only for debug modes, since all refusals look alike from outside.
    """
    phrase = HTTPStatus(status).phrase
    members = {
        "type": _ERROR_PAGE + code,
        "title": phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return members if hint is None else {**members, "hint": hint}


def answer_refusal(error: TokenError, *, request_id: str | None, debug: bool) -> Answer:
    """A refusal as problem+json, and one line in the log of `daypass` that says why.

    Args:
        request_id: value of the field `X-Request-Id`.
        debug: whether the application is in its debug mode: there, the answer holds the hint.
    """
    log_refusal(error, request_id)
    members = problem(error.status, error.detail, error.code, error.hint if debug else None)
    body = json.dumps(members).encode() + b"\n"
    headers = {"Content-Type": PROBLEM_TYPE, "Content-Length": str(len(body)), **refusal_headers(error)}
    return Answer(error.status, headers, body)


def log_refusal(error: TokenError, request_id: str | None) -> None:
    """One line for the operator: code and reason, never a token, and the name that the request has in the site's log.

    Args:
        request_id: value of the field `X-Request-Id`, which the gate sets. A caller of the backend itself may send
            anything: a value that is not short and printable is dropped. The record has it as `request_id`.
    """
    known = request_id if request_id and _REQUEST_ID.fullmatch(request_id) else None
    suffix = "" if known is None else f" (request {known})"
    reason = "" if error.reason is None else f": {error.reason}"
    _logger.info("refused: %s%s%s", error.code, suffix, reason, extra={"request_id": known})
