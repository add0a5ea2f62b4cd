"""Words a refusal as an HTTP answer."""

import json
import logging
import re
from http import HTTPStatus
from typing import Any, NamedTuple

from daypass.errors import TokenError

from .bearer import VARY

PROBLEM_TYPE = "application/problem+json"
"""RFC 9457 §6.1."""

CHALLENGE = 'Bearer realm="daypass"'
"""RFC 6750 §3: what a caller gets who sent no token."""

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
        hint: which setting the token does not fit; for debug modes alone, since all refusals look alike from outside.
    """
    phrase = HTTPStatus(status).phrase
    members = {"type": "about:blank", "title": phrase, "status": status, "detail": detail, "code": code}
    return members if hint is None else {**members, "hint": hint}


def answer_refusal(error: TokenError, *, request_id: str | None, debug: bool) -> Answer:
    """A refusal as problem+json, and one line in the log of `daypass` that tells why.

    Args:
        request_id: value of the field `X-Request-Id`.
        debug: whether the application is in its debug mode: there, the caller is told the hint.
    """
    log_refusal(error, request_id)
    members = problem(error.status, error.detail, error.code, error.hint if debug else None)
    body = json.dumps(members).encode() + b"\n"
    headers = {"Content-Type": PROBLEM_TYPE, "Content-Length": str(len(body)), **refusal_headers(error)}
    return Answer(error.status, headers, body)


def log_refusal(error: TokenError, request_id: str | None) -> None:
    """One line for the operator: the code, never a token, and by which name the request is in the log of the site.

    Args:
        request_id: value of the field `X-Request-Id`, which the gate sets. Whoever calls the backend itself may send
            anything: what is not short and printable is dropped. The record has it as `request_id`.
    """
    known = request_id if request_id and _REQUEST_ID.fullmatch(request_id) else None
    suffix = "" if known is None else f" (request {known})"
    _logger.info("refused: %s%s", error.code, suffix, extra={"request_id": known})
