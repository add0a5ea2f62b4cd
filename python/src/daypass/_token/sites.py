"""The sites whose tokens a backend accepts, each with its own keys and rules."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

from daypass._options import listed, nearest
from daypass.errors import Problem

from .claims import DEPLOY_CONTEXTS, ClaimsPolicy
from .keys import MAKE_SECRET_COMMAND, Key, check_secrets, make_key

# As an origin is serialized (RFC 6454 §6.2): lower case, no path, no trailing slash, no default port.
_ORIGIN = re.compile(r"(https?)://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])(?::([1-9]\d{0,4}))?", re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443"}

LEEWAY_RULE = "must be whole seconds, from 0 to 300."
"""Words that follow the option's name."""


def is_origin(value: object) -> bool:
    """Whether this is an origin such as https://example.com, written as tokens name it."""
    match = _ORIGIN.fullmatch(value) if isinstance(value, str) else None
    return match is not None and match[2] != _DEFAULT_PORTS[match[1]]


def is_whole(value: object, minimum: int, maximum: int) -> bool:
    """Whether this is an int within bounds; True and False are not."""
    return type(value) is int and minimum <= value <= maximum


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


SITE_OPTIONS = ("secret", "secondary_secret", "issuer", "audience", "deploy_contexts")


class _Required(TypedDict):
    secret: str | None
    issuer: str


class Site(_Required, total=False):
    """One of the `sites` of a `Verifier`. Each option means what the verifier's own of that name does."""

    secondary_secret: str | None
    audience: str
    deploy_contexts: Iterable[str]


class KnownSite(NamedTuple):
    """A site whose options were checked."""

    policy: ClaimsPolicy
    keys: Mapping[str, Key]
    """By `kid`."""


def make_site(options: Mapping[str, Any], leeway_seconds: Any, prefix: str = "") -> KnownSite | list[Problem]:
    """Make a site of its options, or say everything that is wrong with them.

    Args:
        prefix: what the options' names begin with, such as `sites[1].`.
    """
    secret, secondary_secret = options.get("secret"), options.get("secondary_secret")
    issuer, audience = options.get("issuer"), options.get("audience", "api")
    contexts: Any = listed(options.get("deploy_contexts", ("production",)))
    problems = [
        Problem(str(name), f"is unknown. Did you mean {nearest(str(name), SITE_OPTIONS)}?")
        for name in options
        if name not in SITE_OPTIONS
    ]
    problems += check_secrets(secret, secondary_secret)
    # How far clocks may be apart is no site's: the verifier checks it.
    problems += check_policy(issuer, audience, contexts, 0)
    if problems:
        return [Problem(f"{prefix}{problem.option}", problem.message) for problem in problems]
    keys = [make_key(each) for each in (secret, secondary_secret) if each is not None]
    policy = ClaimsPolicy(str(issuer), audience, frozenset(contexts), leeway_seconds, prefix)
    # Reversed: should two names ever collide, the first secret's stands, as with every verifier.
    return KnownSite(policy, {key.id: key for key in reversed(keys)})


def make_sites(sites: object, leeway_seconds: Any) -> tuple[list[KnownSite], list[Problem]]:
    """Make the sites of a list, and say everything that is wrong with it."""
    items = sites if isinstance(sites, list | tuple) else ()
    if not items:
        return [], [Problem("sites", "must list the sites, each a dict with secret and issuer.")]
    known: list[KnownSite] = []
    problems: list[Problem] = []
    for index, options in enumerate(items):
        if not isinstance(options, Mapping):
            problems.append(Problem(f"sites[{index}]", "must be a dict with secret and issuer."))
            continue
        made = make_site(options, leeway_seconds, f"sites[{index}].")
        if isinstance(made, list):
            problems += made
        else:
            known.append(made)
    return known, problems + _find_repeats(items)


def _find_repeats(sites: Iterable[object]) -> list[Problem]:
    """With HS256, a verifier can also sign: with a shared secret, one site could sign for the other."""
    problems = []
    issuers: dict[str, int] = {}
    secrets: dict[str, int] = {}
    for index, site in enumerate(sites):
        if not isinstance(site, Mapping):
            continue
        issuer = site.get("issuer")
        if isinstance(issuer, str) and issuers.setdefault(issuer, index) != index:
            remedy = "List each site once; secondary_secret holds the other secret during a rotation."
            problems.append(Problem(f"sites[{index}].issuer", f"is that of sites[{issuers[issuer]}] too. {remedy}"))
        for name in ("secret", "secondary_secret"):
            secret = site.get(name)
            if isinstance(secret, str) and secret and secrets.setdefault(secret, index) != index:
                remedy = f"Each site has its own. Make another: {MAKE_SECRET_COMMAND}"
                problems.append(
                    Problem(f"sites[{index}].{name}", f"is a secret of sites[{secrets[secret]}] too. {remedy}")
                )
    return problems
