"""Verifies tokens by the line, for comparison with other verifiers: JSON lines in, JSON lines out.

In: `{token, now, secret, secondarySecret?, issuer, audience, deployContexts}`. Out: `{code}` of a refusal, or what the
token says. Or in: `{weak}`, a secret; out: `{weakness}`.
"""

import json
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from daypass import TokenError, Verifier
from daypass._token.keys import secret_weakness

_now = 0


@cache
def _verifier(
    secret: str, secondary_secret: str | None, issuer: str, audience: str, deploy_contexts: tuple[str, ...]
) -> Verifier:
    return Verifier(
        secret,
        secondary_secret,
        issuer=issuer,
        audience=audience,
        deploy_contexts=deploy_contexts,
        clock=lambda: _now,
    )


def verify(asked: dict[str, Any]) -> dict[str, Any]:
    """Answer one line."""
    global _now
    if "weak" in asked:
        return {"weakness": secret_weakness(asked["weak"])}
    _now = asked["now"]
    verifier = _verifier(
        asked["secret"],
        asked.get("secondarySecret"),
        asked["issuer"],
        asked["audience"],
        tuple(asked["deployContexts"]),
    )
    try:
        says = verifier.verify(asked["token"])
    except TokenError as error:
        return {"code": error.code}
    return {
        "subject": says.subject,
        "issuedAt": says.issued_at,
        "expiresAt": says.expires_at,
        "sessionStartedAt": says.session_started_at,
        "tokenId": says.token_id,
        "scopes": says.scopes,
        "deployContext": says.deploy_context,
    }


def _answers(lines: Iterator[bytes]) -> Iterator[str]:
    for line in lines:
        # Bytes, so that a lone surrogate stays what it is.
        yield json.dumps(verify(json.loads(line)))


if __name__ == "__main__":
    for answer in _answers(iter(sys.stdin.buffer)):
        sys.stdout.write(f"{answer}\n")
