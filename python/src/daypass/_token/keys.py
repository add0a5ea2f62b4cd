"""The keys of one audience, and which secrets are too weak to make one."""

import base64
import hmac
import re
from dataclasses import dataclass, field
from itertools import pairwise

from daypass.errors import Problem

MAKE_SECRET_COMMAND = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'  # noqa: S105  # it makes one
"""Prints a good secret: 32 random bytes."""

# Not `\s`: Python and JavaScript differ in what they call white space, and a secret is checked alike everywhere.
_WHITE_SPACE = re.compile("[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]")

_TEMPLATE = re.compile(
    r"change.?me|replace.?me|your.{0,12}(secret|key)|secret.{0,4}here|example|placeholder|password|insert"
    r"|\$\{|\{\{|<[^>]*>",
    # ASCII: no letter of another script folds into one of these.
    re.IGNORECASE | re.ASCII,
)


def secret_weakness(secret: object) -> str | None:
    """Say why a secret is too weak to sign with.

    Args:
        secret: used as its UTF-8 bytes; RFC 7518 §3.2 requires at least 32 of them for HS256.

    Returns:
        Words that follow the secret's name and never repeat it; None when it will do.
    """
    if secret is None or secret == "":
        return "is missing"
    if not isinstance(secret, str):
        return "is no text"
    try:
        size = len(secret.encode())
    except UnicodeEncodeError:
        return "is no text"
    if _WHITE_SPACE.match(secret[0]) or _WHITE_SPACE.match(secret[-1]):
        return "starts or ends with white space"
    if size < 32:
        return "is shorter than 32 bytes"
    if _WHITE_SPACE.search(secret):
        return "holds white space, like a text rather than a secret"
    if _TEMPLATE.search(secret):
        return "is a placeholder"
    if _is_repetitive(secret):
        return "repeats itself"
    return None


def _is_repetitive(secret: str) -> bool:
    # 32 random hex digits hold fewer than 8 different ones about once in a million times.
    if len(set(secret)) < 8:
        return True
    # A string that occurs inside itself doubled, other than at both ends, is some shorter string repeated.
    if (secret + secret).find(secret, 1) < len(secret):
        return True
    steps = [ord(after) - ord(before) for before, after in pairwise(secret)]
    return max(steps.count(step) for step in (-1, 0, 1)) > len(steps) / 2


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
