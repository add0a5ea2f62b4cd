"""Wrong settings tell themselves: a token that the site's secret signed, and that does not fit, is a WARNING."""

import logging
import threading
from typing import Any

import pytest

from daypass import TokenError, Verifier
from tests.tokens import ISSUER, NOW, OTHER_SECRET, SECRET, good_claims, good_header, make_token, sign

OF_DAYPASS_DEV = (
    "To accept the tokens of npx daypass dev on your own machine, take its address for the issuer and list 'dev'"
)

SETTING = 'DAYPASS["DEPLOY_CONTEXTS"]'


def make(**options: Any) -> Verifier:
    return Verifier(SECRET, issuer=ISSUER, clock=lambda: NOW, **options)


def refuse(verifier: Verifier, token: str) -> TokenError:
    with pytest.raises(TokenError) as refused:
        verifier.verify(token)
    return refused.value


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize(
    ("claims", "says", "setting"),
    [
        ({"iss": "https://www.site.example"}, "iss is 'https://www.site.example'", f"issuer ISSUER is {ISSUER!r}"),
        ({"aud": "shop"}, "aud is 'shop'", "audience AUDIENCE is 'api'"),
        (
            {"deploy_context": "deploy-preview"},
            "deploy_context is 'deploy-preview'",
            "deploy_contexts DEPLOY_CONTEXTS is 'production'",
        ),
        (
            {"deploy_context": "dev"},
            "deploy_context is 'dev'",
            f"deploy_contexts DEPLOY_CONTEXTS is 'production'. {OF_DAYPASS_DEV}",
        ),
    ],
)
def test_it_names_both_values_and_the_setting_once(
    claims: dict[str, Any], says: str, setting: str, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = make()
    tokens = [make_token(jti=str(number), **claims) for number in range(3)]
    name, django_name, value = setting.split(" ", 2)
    hint = f'the token\'s {says}, and {name} (in Django: DAYPASS["{django_name}"]) {value}'
    for token in tokens:
        assert refuse(verifier, token).hint == hint
    # Another verifier with the same fault is the same cause.
    refuse(make(), tokens[0])
    refusal = refuse(verifier, tokens[0])
    reason = str(refusal.reason).rstrip(".")
    assert reason.startswith("The token's ")
    assert warnings(caplog) == [f"a token of the site was refused ({refusal.code}). {reason}: {hint}."]
    for token in tokens:
        assert token not in caplog.text
        assert token.split(".")[2] not in caplog.text
    assert SECRET not in caplog.text


def test_all_that_differs_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    refuse(make(), make_token(iss="http://localhost:8888", deploy_context="dev"))
    (warning,) = warnings(caplog)
    assert "iss is 'http://localhost:8888', and issuer" in warning
    assert (
        f"deploy_context is 'dev', and deploy_contexts (in Django: {SETTING}) is 'production'. {OF_DAYPASS_DEV}"
        in warning
    )
    assert "aud" not in warning


def test_every_cause_is_told(caplog: pytest.LogCaptureFixture) -> None:
    for audience in ("a", "b", "a"):
        refuse(make(), make_token(aud=audience))
    refuse(make(audience="c"), make_token(aud="a"))
    assert len(warnings(caplog)) == 3


@pytest.mark.parametrize(
    "token",
    [
        sign(good_header(), good_claims(aud="shop"), OTHER_SECRET),
        sign(good_header(kid="AAAAAAAA"), good_claims(aud="shop")),
        make_token(sub="user_1"),
        make_token(exp=NOW - 100, iat=NOW - 200),
        make_token(jti=5),
    ],
)
def test_what_the_site_did_not_sign_and_what_no_setting_mends_is_no_warning(
    token: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert refuse(make(), token).hint is None
    assert warnings(caplog) == []


def test_a_token_that_is_left_to_others_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    assert make().verify_own(make_token(iss="https://www.site.example")) is None
    assert make().verify_own(sign(good_header(), good_claims(iss="https://other.example"), OTHER_SECRET)) is None
    assert make().verify_own(sign(good_header(alg="none"), good_claims(iss="https://other.example"))) is None
    (warning,) = warnings(caplog)
    assert "'https://www.site.example'" in warning
    assert "'https://site.example'" in warning


def test_it_names_the_site(caplog: pytest.LogCaptureFixture) -> None:
    sites: Any = [{"secret": OTHER_SECRET, "issuer": "https://a.example"}, {"secret": SECRET, "issuer": ISSUER}]
    refuse(Verifier(sites=sites, clock=lambda: NOW), make_token(aud="shop"))
    (warning,) = warnings(caplog)
    assert 'sites[1].audience (in Django: DAYPASS["SITES"][1]["AUDIENCE"]) is' in warning


def test_what_a_site_says_cannot_forge_a_line_or_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    refuse(make(), make_token(aud="x\nWARNING forged \u2028\x1b[31m" + "y" * 2000))
    (warning,) = warnings(caplog)
    assert warning.isprintable()
    assert "\u2028" not in warning
    assert len(warning) < 400
    for number in range(200):
        refuse(make(), make_token(aud=str(number)))
    assert len(warnings(caplog)) == 32


def test_threads_tell_it_once(caplog: pytest.LogCaptureFixture) -> None:
    verifier, token, start = make(), make_token(aud="shop"), threading.Barrier(8)

    def call() -> None:
        start.wait()
        refuse(verifier, token)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(warnings(caplog)) == 1
