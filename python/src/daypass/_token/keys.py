"""The keys of one audience."""

import base64
import hmac
from dataclasses import dataclass, field

from daypass.errors import Problem

from .secret import MAKE_SECRET_COMMAND, secret_weakness


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and the name by which tokens refer to it."""

    id: str
    """`kid` of the JWS header (RFC 7515 §4.1.4)."""

    secret: bytes = field(repr=False)


def check_secrets(secret: object, secondary_secret: object) -> list[Problem]:
    """Say what is wrong with a pair of secrets, without repeating either."""
    problems = []
    if weakness := secret_weakness(secret):
        remedy = f"Set it to the site's DAYPASS_SECRET, or make one: {MAKE_SECRET_COMMAND}"
        problems.append(Problem("secret", f"{weakness}. {remedy}"))
    if secondary_secret is not None:
        if weakness := secret_weakness(secondary_secret):
            problems.append(Problem("secondary_secret", f"{weakness}. Make one: {MAKE_SECRET_COMMAND}"))
        elif secondary_secret == secret:
            problems.append(Problem("secondary_secret", f"equals the first. Make another: {MAKE_SECRET_COMMAND}"))
    return problems


def make_key(secret: str) -> Key:
    """Make the key of a secret that `check_secrets` found good."""
    data = secret.encode()
    digest = hmac.digest(data, b"daypass kid", "sha256")
    return Key(base64.urlsafe_b64encode(digest)[:8].decode(), data)
