"""Checks what a backend's owner says of the tokens to accept."""

import re

from daypass.errors import Problem

from .claims import DEPLOY_CONTEXTS

# As an origin is serialized (RFC 6454 §6.2): lower case, no path, no trailing slash, no default port.
_ORIGIN = re.compile(r"(https?)://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])(?::([1-9]\d{0,4}))?", re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443"}

LEEWAY_RULE = "must be whole seconds, from 0 to 300."
"""Words that follow the option's name."""


def is_origin(value: object) -> bool:
    """Whether this is an origin such as https://example.com, written as tokens name it."""
    match = _ORIGIN.fullmatch(value) if isinstance(value, str) else None
    return match is not None and match[2] != _DEFAULT_PORTS[match[1]]


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether this is an int within bounds; True and False are none."""
    return type(value) is int and least <= value <= most


def is_leeway(value: object) -> bool:
    """Whether clocks may be this many seconds apart."""
    return is_whole(value, 0, 300)


def check_policy(issuer: object, audience: object, deploy_contexts: object, leeway_seconds: object) -> list[Problem]:
    """Say what is wrong with the options that become a `ClaimsPolicy`."""
    problems = []
    if not is_origin(issuer):
        problems.append(
            Problem("issuer", "must be an origin such as https://example.com, without path or trailing slash.")
        )
    if not isinstance(audience, str) or audience == "":
        problems.append(Problem("audience", "must be a name such as api."))
    contexts = deploy_contexts if isinstance(deploy_contexts, tuple) else ()
    if not contexts or not all(context in DEPLOY_CONTEXTS for context in contexts):
        problems.append(Problem("deploy_contexts", f"must list some of {', '.join(DEPLOY_CONTEXTS)}."))
    if not is_leeway(leeway_seconds):
        problems.append(Problem("leeway_seconds", LEEWAY_RULE))
    return problems
