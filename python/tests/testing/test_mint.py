"""What a project's own tests mint is what its verifier takes, and what it refuses for the reason that was asked for."""

import re
from typing import Any

import pytest
from django.test import override_settings

from daypass import AccessToken, ConfigurationError, TokenError, Verifier
from daypass.django import get_verifier
from daypass.rest_framework import Visitor
from daypass.testing import bearer_headers, make_access_token, make_visitor, mint_token
from tests.tokens import ISSUER, NOW, OTHER_SECRET, SECRET

SUBJECT = "anon_" + "v" * 21 + "w"
VERIFIER = Verifier(SECRET, issuer=ISSUER, clock=lambda: NOW)


def test_by_default_it_is_a_token_of_the_project_s_site() -> None:
    token = get_verifier().verify(mint_token())
    assert re.fullmatch(r"anon_[\w-]{22}", token.subject)
    assert (token.issuer, token.audience, token.deploy_context, token.scopes) == (ISSUER, "api", "production", ())
    assert token.expires_at - token.issued_at == 300
    assert set(token.claims) == {
        *("iss", "sub", "aud", "iat", "exp", "jti", "auth_time", "sid", "scope", "deploy_context")
    }
    others = [get_verifier().verify(mint_token()) for _ in range(2)]
    assert len({each.subject for each in (token, *others)}) == len({each.token_id for each in (token, *others)}) == 3


def test_every_claim_may_be_chosen() -> None:
    token = VERIFIER.verify(
        mint_token(
            VERIFIER,
            subject=SUBJECT,
            scopes=["read", "write"],
            token_id="jti",
            session_id="sid",
            age_seconds=60,
            ttl_seconds=600,
            session_age_seconds=3600,
        )
    )
    assert token.claims == {
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": "api",
        "iat": NOW - 60,
        "exp": NOW + 540,
        "jti": "jti",
        "auth_time": NOW - 3600,
        "sid": "sid",
        "scope": "read write",
        "deploy_context": "production",
    }


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"age_seconds": 600}, "token_expired"),
        ({"age_seconds": -600}, "token_not_yet_valid"),
        ({"ttl_seconds": 7200}, "token_lifetime"),
        ({"issuer": "https://other.example"}, "token_issuer"),
        ({"audience": "other"}, "token_audience"),
        ({"deploy_context": "deploy-preview"}, "token_deploy_context"),
        ({"subject": "member"}, "token_subject"),
        ({"secret": OTHER_SECRET}, "token_key"),
    ],
)
def test_a_token_may_be_one_that_is_refused(options: Any, code: str) -> None:
    with pytest.raises(TokenError) as refused:
        VERIFIER.verify(mint_token(VERIFIER, **options))
    assert refused.value.code == code
    with pytest.raises(TokenError):
        make_access_token(VERIFIER, **options)


def test_it_fits_the_settings_whatever_they_are() -> None:
    previews = {"SECRET": OTHER_SECRET, "ISSUER": ISSUER, "AUDIENCE": "x", "DEPLOY_CONTEXTS": ["dev", "deploy-preview"]}
    with override_settings(DAYPASS={**previews, "SECONDARY_SECRET": SECRET}):
        assert make_access_token().deploy_context == "deploy-preview"
        assert make_access_token().audience == "x"
    with override_settings(DAYPASS={**previews, "DEPLOY_CONTEXTS": ["dev"]}):
        assert make_access_token().deploy_context == "dev"
    # The first secret signs: the second is for tokens from before the rotation.
    with override_settings(DAYPASS={**previews, "SECONDARY_SECRET": SECRET}):
        token = mint_token()
    with override_settings(DAYPASS=previews):
        assert get_verifier().verify(token)


def test_the_issuer_chooses_the_site() -> None:
    a, b = "https://a.example", "https://b.example"
    sites: Any = [{"secret": SECRET, "issuer": a}, {"secret": OTHER_SECRET, "issuer": b, "audience": "comments"}]
    verifier = Verifier(sites=sites)
    assert make_access_token(verifier).issuer == a
    assert make_access_token(verifier, issuer=b).audience == "comments"


def test_visitors_and_header_fields() -> None:
    token = make_access_token(subject=SUBJECT)
    assert isinstance(token, AccessToken)
    visitor = make_visitor(subject=SUBJECT, scopes=["write"])
    assert isinstance(visitor, Visitor)
    assert (visitor.subject, visitor.token.scopes) == (SUBJECT, ("write",))
    (name,) = headers = bearer_headers(subject=SUBJECT)
    assert name == "Authorization"
    assert get_verifier().verify(headers[name].removeprefix("Bearer ")).subject == SUBJECT


@pytest.mark.parametrize("make", [mint_token, make_access_token, make_visitor, bearer_headers])
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scope": "write"}, "scope is unknown. Did you mean scopes?"),
        ({"ttl": 5}, "ttl is unknown. Did you mean ttl_seconds?"),
        ({"scopes": "write"}, 'scopes must be a list of scopes, such as ["write"].'),
        ({"scopes": ["read write"]}, 'scopes must be a list of scopes, such as ["write"].'),
        ({"ttl_seconds": 0.5}, "ttl_seconds must be whole seconds."),
        ({"age_seconds": "5"}, "age_seconds must be whole seconds."),
        ({"session_age_seconds": True}, "session_age_seconds must be whole seconds."),
        ({"subject": 5}, "subject must be a text."),
        ({"secret": "short"}, "secret is shorter than 32 bytes"),
        ({"verifier": "x"}, "verifier must be a Verifier."),
    ],
)
def test_mistakes_are_told(make: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make(**options)
    assert says in str(refused.value)
