"""Checks that the parts of this package share: what is misspelt must never protect less."""

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

from .errors import ConfigurationError, Problem

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

# RFC 6749 §3.3.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def refuses_unknown(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Decorate what takes options: a name that it does not have is a ConfigurationError that names the nearest."""
    known = [name for name in signature(function).parameters if name != "self"]

    @wraps(function)
    def checked(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> _Result:
        unknown = [name for name in options if name not in known]
        if unknown:
            raise ConfigurationError(
                Problem(name, f"is unknown. Did you mean {nearest(name, known)}?") for name in unknown
            )
        return function(*arguments, **options)

    return checked


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like another one, in whatever case."""
    by_lower = {each.lower(): each for each in known}
    return by_lower[difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0)[0]]


def find_no_function(**options: object) -> list[Problem]:
    """Name each option that is no function."""
    return [Problem(name, "must be a function.") for name, value in options.items() if not callable(value)]


def is_scope(value: object) -> bool:
    """Whether this is one scope, such as `write`."""
    return isinstance(value, str) and _SCOPE.fullmatch(value) is not None


def check_guard(verifier: object, scope: object) -> None:
    """Check the options of what stands in front of an application.

    Raises:
        ConfigurationError: one cannot be used.
    """
    problems = []
    if isinstance(verifier, type) or not callable(getattr(verifier, "verify", None)):
        problems.append(Problem("verifier", "must be a Verifier or an Introspector."))
    problems += find_bad_scope(scope)
    if problems:
        raise ConfigurationError(problems)


def find_bad_scope(scope: object) -> list[Problem]:
    """Say what is wrong with the option `scope`, which None leaves out."""
    return [] if scope is None or is_scope(scope) else [Problem("scope", "must be one scope, such as write.")]


def listed(value: object) -> object:
    """The items of whatever lists some. A text, which lists its letters, and what is no list are left for the check."""
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else value


def is_test_run() -> bool:
    """Whether pytest or Django's test runner runs.

    Both say so themselves: pytest in the variable PYTEST_VERSION, Django by `django.core.mail.outbox`.
    """
    return "PYTEST_VERSION" in os.environ or hasattr(sys.modules.get("django.core.mail"), "outbox")
