"""System checks of the setting `DAYPASS`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from daypass._options import is_test_run
from daypass._token.keys import MAKE_SECRET_COMMAND

from .settings import read_verifier


def check_settings(**_options: Any) -> list[CheckMessage]:
    """Refuse settings that do not work, or work and are unsafe."""
    problems = read_verifier(debug=settings.DEBUG)[1]
    messages: list[CheckMessage] = [Error(message, id=f"daypass.{check_id}") for check_id, message in problems]
    written = getattr(settings, "DAYPASS", None)
    for name, site in _list_sites(written):
        messages += _check_issuer(name, site.get("ISSUER"))
    values = (site.get(key) for _, site in _list_sites(written) for key in ("SECRET", "SECONDARY_SECRET"))
    return messages + _check_reuse({each for each in values if isinstance(each, str) and each != ""})


def _list_sites(written: object) -> list[tuple[str, dict[str, object]]]:
    """The sites that the setting names, each under its own name."""
    if not isinstance(written, dict):
        return []
    listed = written.get("SITES", ())
    sites = enumerate(listed if isinstance(listed, list | tuple) else ())
    return [("DAYPASS", written), *((f'DAYPASS["SITES"][{i}]', site) for i, site in sites if isinstance(site, dict))]


def _check_issuer(name: str, issuer: object) -> list[CheckMessage]:
    # Test runners turn DEBUG off, and the settings may have taken it for a reason to name a dev site.
    if settings.DEBUG or is_test_run() or not str(issuer).startswith("http://"):
        return []
    hint = "Give the site's primary URL, with https. Tokens of a dev site are taken where DEBUG is True."
    return [Error(f'{name}["ISSUER"] is an http address outside DEBUG.', hint=hint, id="daypass.E004")]


def _check_reuse(secrets: set[str]) -> list[CheckMessage]:
    """With HS256, a verifier can also sign: the site must not be able to sign what this project signs for itself."""
    simple_jwt = getattr(settings, "SIMPLE_JWT", None)
    others = {"SECRET_KEY": [_secret_key()], "SECRET_KEY_FALLBACKS": settings.SECRET_KEY_FALLBACKS}
    if isinstance(simple_jwt, dict):
        others['SIMPLE_JWT["SIGNING_KEY"]'] = [simple_jwt.get("SIGNING_KEY")]
    return [
        Error(
            f"A secret of DAYPASS is also {name}.",
            hint=f"Each key has one use. Make another for DAYPASS, here and at the site: {MAKE_SECRET_COMMAND}",
            id="daypass.E005",
        )
        for name, values in others.items()
        if any(value in secrets for value in values if isinstance(value, str))
    ]


def _secret_key() -> object:
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:
        return None  # Django's own check reports it
