from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from daypass.django import get_verifier
from tests.servers import call_wsgi
from tests.tokens import ISSUER, OTHER_SECRET, SECRET, bearer, make_pass

GOOD: dict[str, Any] = {"SECRET": SECRET, "ISSUER": ISSUER}


def status(**changes: Any) -> int:
    return call_wsgi("/plain", headers=bearer(make_pass(**changes))).status_code


def test_changes_are_noticed() -> None:
    assert status() == 200
    with override_settings(DAYPASS={**GOOD, "AUDIENCE": "other"}):
        assert (status(), status(aud="other")) == (401, 200)
    with override_settings(DAYPASS={**GOOD, "SECRET": OTHER_SECRET, "SECONDARY_SECRET": SECRET}):
        assert status() == 200
    with override_settings(DAYPASS={**GOOD, "SECRET": OTHER_SECRET}):
        assert status() == 401
    with override_settings(DAYPASS={**GOOD, "DEPLOY_CONTEXTS": ["deploy-preview"]}):
        assert (status(), status(deploy_context="deploy-preview")) == (401, 200)
    assert status() == 200


def test_the_debug_mode_takes_tokens_of_dev_sites_too() -> None:
    assert (status(), status(deploy_context="dev")) == (200, 401)
    with override_settings(DEBUG=True):
        assert (status(), status(deploy_context="dev"), status(deploy_context="deploy-preview")) == (200, 200, 401)
    assert (status(), status(deploy_context="dev")) == (200, 401)


def test_an_empty_secondary_secret_is_none() -> None:
    for nothing in (None, ""):
        with override_settings(DAYPASS={**GOOD, "SECONDARY_SECRET": nothing}):
            assert status() == 200


def test_every_option_has_its_key() -> None:
    everything = {**GOOD, "AUDIENCE": "api", "DEPLOY_CONTEXTS": ["production"], "LEEWAY_SECONDS": 0, "CACHE_SIZE": 0}
    with override_settings(DAYPASS=everything):
        assert status() == 200


@pytest.mark.parametrize("written", [{}, {**GOOD, "SECRET": "changeme"}, {**GOOD, "ISUER": "x"}, None, "x"])
def test_a_project_with_faulty_settings_does_not_start(written: Any) -> None:
    with override_settings(DAYPASS=written):
        with pytest.raises(ImproperlyConfigured, match="DAYPASS"):
            get_verifier()
        with pytest.raises(ImproperlyConfigured, match="DAYPASS"):
            call_wsgi("/open")
