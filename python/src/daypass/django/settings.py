"""Reads the setting `DAYPASS`."""

from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from daypass._options import nearest
from daypass._token.claims import django_name
from daypass._token.sites import SITE_OPTIONS
from daypass.errors import ConfigurationError
from daypass.verifier import Verifier

_SITE_KEYS = tuple(name.upper() for name in SITE_OPTIONS)
_KEYS = (*_SITE_KEYS, "SITES", "LEEWAY_SECONDS", "CACHE_SIZE")


class SettingProblem(NamedTuple):
    """What is wrong with `DAYPASS`. Never repeats a secret."""

    check_id: str
    message: str


def get_verifier() -> Verifier:
    """The verifier that the settings describe; in Django's debug mode it takes tokens of dev sites too.

    Raises:
        ImproperlyConfigured: the settings are at fault; the message says all that is wrong, and no secret.
    """
    return _make_verifier(bool(settings.DEBUG))


# By DEBUG, for test runners change it without saying so.
@lru_cache(maxsize=2)
def _make_verifier(debug: bool) -> Verifier:  # noqa: FBT001
    verifier, problems = read_verifier(debug=debug)
    if verifier is None:
        raise ImproperlyConfigured("\n".join(problem.message for problem in problems))
    return verifier


def read_verifier(*, debug: bool) -> tuple[Verifier | None, list[SettingProblem]]:
    """Make the verifier of the setting `DAYPASS`, or say everything that is wrong with it."""
    written = getattr(settings, "DAYPASS", None)
    if not isinstance(written, dict):
        example = 'DAYPASS = {"SECRET": os.environ.get("DAYPASS_SECRET"), "ISSUER": "https://your-site.example"}'
        return None, [SettingProblem("E001", f"The setting DAYPASS is missing. Add {example}")]
    options, problems = _read_options(written, "DAYPASS", _KEYS)
    if isinstance(written.get("SITES"), list | tuple):
        options["sites"] = []
        for index, site in enumerate(written["SITES"]):
            read, unknown = _read_options(site, f'DAYPASS["SITES"][{index}]', _SITE_KEYS)
            problems += unknown
            options["sites"].append(_as_one_site(read, debug=debug) if isinstance(site, dict) else site)
    elif "SITES" not in written:
        options = _as_one_site(options, debug=debug)
    try:
        verifier = Verifier(**options)
    except ConfigurationError as error:
        problems += [SettingProblem("E003", f"{django_name(option)} {message}") for option, message in error.problems]
        verifier = None
    return (None if problems else verifier), problems


def _read_options(written: object, name: str, known: tuple[str, ...]) -> tuple[dict[str, Any], list[SettingProblem]]:
    """The options under keys that are known, and a problem for each other one."""
    if not isinstance(written, dict):
        return {}, []
    return {key.lower(): written[key] for key in known if key in written}, [
        SettingProblem("E002", f"{name}[{key!r}] is unknown. Did you mean {nearest(str(key), known)!r}?")
        for key in written
        if key not in known
    ]


def _as_one_site(options: dict[str, Any], *, debug: bool) -> dict[str, Any]:
    options = {"secret": None, "issuer": None, **options}
    # An environment variable that is set to nothing counts as unset.
    options["secondary_secret"] = options.get("secondary_secret") or None
    if debug:
        options["deploy_contexts"] = _with_dev(options.get("deploy_contexts", ("production",)))
    return options


def _with_dev(deploy_contexts: object) -> object:
    # What is no list is left for the verifier to refuse.
    if not isinstance(deploy_contexts, (list, tuple, set, frozenset)):
        return deploy_contexts
    return (*deploy_contexts, "dev")


def _forget(*, setting: str, **_options: object) -> None:
    if setting == "DAYPASS":
        _make_verifier.cache_clear()


setting_changed.connect(_forget, dispatch_uid="daypass")
