"""Which secrets are too weak to sign with."""

import re
from itertools import pairwise

MAKE_SECRET_COMMAND = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'  # noqa: S105  # it makes one
"""Prints a good secret: 32 random bytes."""

# Not `\s`: Python and JavaScript differ in what they call white space, and a secret is judged alike everywhere.
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
        secret: used as its UTF-8 bytes; RFC 7518 §3.2 asks at least 32 of them for HS256.

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
