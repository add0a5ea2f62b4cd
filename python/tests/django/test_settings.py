import time
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from daypass.django import get_verifier
from daypass.django.check_settings import check_settings
from tests.servers import call_wsgi
from tests.tokens import ISSUER, OTHER_SECRET, SECRET, bearer, good_claims, good_header, key_id, make_pass, sign

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


A, B = "https://a.example", "https://b.example"
SITES: list[dict[str, Any]] = [
    {"SECRET": SECRET, "ISSUER": A},
    {"SECRET": OTHER_SECRET, "ISSUER": B, "AUDIENCE": "comments", "DEPLOY_CONTEXTS": ["deploy-preview"]},
]


def test_several_sites_and_the_view_knows_which() -> None:
    of_a = bearer(make_pass(iss=A))
    claims = good_claims(int(time.time()), iss=B, aud="comments", deploy_context="deploy-preview")
    of_b = bearer(sign(good_header(kid=key_id(OTHER_SECRET)), claims, OTHER_SECRET))
    of_none = bearer(make_pass())
    with override_settings(DAYPASS={"SITES": SITES, "LEEWAY_SECONDS": 5}):
        for path in ("/site", "/api/site"):
            assert [call_wsgi(path, headers=each).json()["site"] for each in (of_a, of_b)] == [A, B]
            assert call_wsgi(path, headers=of_none).status_code == 401
        assert status(iss=A, deploy_context="dev") == 401
        with override_settings(DEBUG=True):
            assert status(iss=A, deploy_context="dev") == 200


@pytest.mark.parametrize(
    ("written", "check_id", "says"),
    [
        ({"SITES": []}, "E003", 'DAYPASS["SITES"] must list the sites'),
        ({"SITES": {"SECRET": SECRET}}, "E003", 'DAYPASS["SITES"] must list the sites'),
        ({"SITES": ["x"]}, "E003", 'DAYPASS["SITES"][0] must be a dict'),
        ({"SITES": [SITES[0], {"SECRET": "weak", "ISSUER": B}]}, "E003", 'DAYPASS["SITES"][1]["SECRET"] is shorter'),
        (
            {"SITES": [{**SITES[0], "ISUER": A}]},
            "E002",
            "DAYPASS[\"SITES\"][0]['ISUER'] is unknown. Did you mean 'ISSUER'",
        ),
        (
            {"SITES": [{**SITES[0], "secret": A}]},
            "E002",
            "DAYPASS[\"SITES\"][0]['secret'] is unknown. Did you mean 'SECRET'",
        ),
        ({"SITES": [SITES[0], {**SITES[1], "ISSUER": A}]}, "E003", 'DAYPASS["SITES"][1]["ISSUER"] is that of'),
        ({"SITES": [SITES[0], {**SITES[1], "SECRET": SECRET}]}, "E003", 'DAYPASS["SITES"][1]["SECRET"] is a secret of'),
        ({"SITES": SITES, "SECRET": SECRET}, "E003", 'DAYPASS["SECRET"] stands next to a list of sites. Move it into'),
        ({"SITES": SITES, "ISSUER": A}, "E003", 'DAYPASS["ISSUER"] stands next to a list of sites. Move it into'),
        ({"SITES": SITES, "SITE": A}, "E002", "DAYPASS['SITE'] is unknown. Did you mean 'SITES'?"),
        ({"SITES": [{**SITES[0], "ISSUER": "http://a.example"}]}, "E004", 'DAYPASS["SITES"][0]["ISSUER"] is an http'),
    ],
)
def test_mistakes_in_a_list_of_sites_are_told_at_start(
    written: dict[str, Any], check_id: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daypass.django.check_settings.is_test_run", lambda: False)
    with override_settings(DAYPASS=written):
        messages = [(message.id, message.msg) for message in check_settings()]
        (found,) = [message for id_, message in messages if id_ == f"daypass.{check_id}"]
        assert says in found
        assert SECRET not in found
        if check_id != "E004":
            with pytest.raises(ImproperlyConfigured, match="DAYPASS"):
                get_verifier()


def test_a_secret_of_any_site_has_one_use() -> None:
    with override_settings(DAYPASS={"SITES": SITES}, SECRET_KEY=OTHER_SECRET):
        assert [message.id for message in check_settings()] == ["daypass.E005"]
