"""Fixtures for tests of projects with this package; pytest finds them by its entry point.

Nothing is imported before a fixture is requested: pytest loads this in every project.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from daypass import Verifier
    from daypass.rest_framework import Visitor


@pytest.fixture
def daypass_verifier() -> "Verifier":
    """Whose tokens the other fixtures mint: Django's setting `DAYPASS`. Override it where there is no Django."""
    from daypass.django import get_verifier

    return get_verifier()


@pytest.fixture
def daypass_token(daypass_verifier: "Verifier") -> str:
    """An access token that holds, of a session of its own."""
    from daypass.testing import mint_token

    return mint_token(daypass_verifier)


@pytest.fixture
def daypass_headers(daypass_verifier: "Verifier") -> dict[str, str]:
    """`Authorization` with an access token that holds, for a test client."""
    from daypass.testing import bearer_headers

    return bearer_headers(daypass_verifier)


@pytest.fixture
def daypass_visitor(daypass_verifier: "Verifier") -> "Visitor":
    """A visitor for `force_authenticate` of REST framework."""
    from daypass.testing import make_visitor

    return make_visitor(daypass_verifier)
