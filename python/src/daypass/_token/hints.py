"""Wrong settings tell themselves: what does not fit a token that the site signed, in words for the operator."""

import logging
import re
from collections.abc import Iterable
from threading import Lock

_logger = logging.getLogger("daypass")

# Only a site's own tokens get here, and each deploy preview may differ; past this many, a log has been told.
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
            ". To accept the tokens of npm start on your own machine, take its address for the issuer and list 'dev'"
        )
    return hint


def django_name(option: str) -> str:
    """Where Django's settings have an option: `DAYPASS["SITES"][1]["AUDIENCE"]` for `sites[1].audience`."""
    parts = re.findall(r"\[\d+\]|[^.\[\]]+", option)
    return "DAYPASS" + "".join(part if part[0] == "[" else f'["{part.upper()}"]' for part in parts)


def warn_once(hint: str) -> None:
    """Write a WARNING for a token whose signature holds and which these settings refuse; one for each cause."""
    with _lock:
        if hint in _told or len(_told) >= _MAX_WARNINGS:
            return
        _told.add(hint)
    _logger.warning("the site's secret signed a token that these settings refuse: %s.", hint)


def forget_warnings() -> None:
    """Write them all again; for tests."""
    with _lock:
        _told.clear()
