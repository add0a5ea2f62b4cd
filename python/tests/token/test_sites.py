"""Several sites, one backend: the issuer in the token chooses, and then everything must fit that site."""

from collections.abc import Callable
from typing import Any

import pytest

from daypass import ConfigurationError, TokenError, Verifier
from tests.tokens import NOW, OTHER_SECRET, SECRET, good_claims, good_header, key_id, sign

A, B = "https://a.example", "https://b.example"
THIRD_SECRET = "r3TgH7yU1jK5lM9nB4vC8xZ2aS6dF0qW-third"
SITES: list[dict[str, Any]] = [
    {"secret": SECRET, "issuer": A},
    {
        "secret": OTHER_SECRET,
        "secondary_secret": THIRD_SECRET,
        "issuer": B,
        "audience": "comments",
        "deploy_contexts": ["production", "deploy-preview"],
    },
]


def make(sites: Any = SITES, **options: Any) -> Verifier:
    return Verifier(sites=sites, clock=lambda: NOW, **options)


def token(issuer: str, secret: str, audience: str = "api", **claims: Any) -> str:
    return sign(good_header(kid=key_id(secret)), good_claims(iss=issuer, aud=audience, **claims), secret)


def code(call: Callable[[str], object], text: str) -> str:
    with pytest.raises(TokenError) as refused:
        call(text)
    return refused.value.code


def test_each_site_has_its_secrets_its_audience_and_its_deploy_contexts() -> None:
    verifier = make()
    for call in (verifier.verify, verifier.verify_own):
        says = [
            call(token(A, SECRET)),
            call(token(B, OTHER_SECRET, "comments")),
            call(token(B, THIRD_SECRET, "comments", deploy_context="deploy-preview")),
        ]
        # The view knows which.
        assert [each and each.issuer for each in says] == [A, B, B]


@pytest.mark.parametrize(
    ("issuer", "secret", "claims", "expected"),
    [
        (A, OTHER_SECRET, {}, "token_issuer"),
        (A, OTHER_SECRET, {"aud": "comments"}, "token_issuer"),
        (B, SECRET, {"aud": "comments"}, "token_issuer"),
        (B, SECRET, {}, "token_issuer"),
        (A, SECRET, {"aud": "comments"}, "token_audience"),
        (B, OTHER_SECRET, {"aud": "api"}, "token_audience"),
        (A, SECRET, {"deploy_context": "deploy-preview"}, "token_deploy_context"),
        (B, OTHER_SECRET, {"aud": "comments", "deploy_context": "dev"}, "token_deploy_context"),
    ],
)
def test_a_site_signs_nothing_for_another(issuer: str, secret: str, claims: dict[str, str], expected: str) -> None:
    text = token(issuer, secret, claims.pop("aud", "api"), **claims)
    for call in (make().verify, make().verify_own):
        assert code(call, text) == expected


def test_the_issuer_only_selects_and_proves_nothing() -> None:
    forged = sign(good_header(kid=key_id(OTHER_SECRET)), good_claims(iss=B, aud="comments"), SECRET)
    assert code(make().verify, forged) == "token_signature"
    assert code(make().verify, token(A, "x9" * 20 + "Zq")) == "token_key"


@pytest.mark.parametrize("issuer", ["https://c.example", f"{A}/", A.upper(), "", None, 5, [A], {"a": A}])
def test_who_is_no_site_of_ours_is_for_somebody_else(issuer: Any) -> None:
    foreign = sign(good_header(kid=key_id(THIRD_SECRET + "x")), good_claims(iss=issuer), THIRD_SECRET + "x")
    assert make().verify_own(foreign) is None
    assert code(make().verify, foreign) == "token_key"
    ours = sign(good_header(), good_claims(iss=issuer))
    assert make().verify_own(ours) is None
    assert code(make().verify, ours) == ("token_issuer" if isinstance(issuer, str) else "token_claims")


MISTAKES: list[tuple[Any, str]] = [
    ([], "sites must list the sites"),
    (None, "sites must list the sites"),
    (5, "sites must list the sites"),
    ("https://a.example", "sites must list the sites"),
    ({"secret": SECRET, "issuer": A}, "sites must list the sites"),
    ([SECRET], "sites[0] must be a dict with secret and issuer"),
    ([{"issuer": A}], "sites[0].secret is missing. Set it to the site's DAYPASS_SECRET"),
    ([SITES[0], {"secret": OTHER_SECRET}], "sites[1].issuer must be an origin"),
    ([{**SITES[0], "isuer": A}], "sites[0].isuer is unknown. Did you mean issuer?"),
    ([{**SITES[0], 5: A}], "sites[0].5 is unknown."),
    ([{**SITES[0], "leeway_seconds": 5}], "sites[0].leeway_seconds is unknown."),
    ([SITES[0], {**SITES[1], "deploy_contexts": "production"}], "sites[1].deploy_contexts must list"),
    ([SITES[0], {**SITES[1], "issuer": A}], "sites[1].issuer is that of sites[0] too. List each site once"),
    ([SITES[0], {"secret": SECRET, "issuer": B}], "sites[1].secret is a secret of sites[0] too. Each site has its"),
    (
        [SITES[0], {"secret": OTHER_SECRET, "secondary_secret": SECRET, "issuer": B}],
        "sites[1].secondary_secret is a secret of sites[0] too.",
    ),
    ([5, SITES[0], SITES[0]], "sites[2].secret is a secret of sites[1] too."),
]


@pytest.mark.parametrize(("sites", "says"), MISTAKES)
def test_mistakes_are_told_at_start(sites: Any, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make(sites)
    assert says in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "beside",
    [
        {"secret": SECRET},
        {"issuer": A},
        {"audience": "api"},
        {"deploy_contexts": ["production"]},
        {"secondary_secret": OTHER_SECRET},
    ],
)
def test_one_site_or_a_list_of_them(beside: dict[str, Any]) -> None:
    (name,) = beside
    with pytest.raises(
        ConfigurationError, match=f"{name} stands next to a list of sites. Move it into the site that it is about"
    ):
        make(**beside)


def test_what_is_no_site_s_is_for_all() -> None:
    early = token(A, SECRET, iat=NOW + 100, exp=NOW + 400)
    assert code(make().verify, early) == "token_not_yet_valid"
    assert make(leeway_seconds=200, cache_size=0).verify(early).issuer == A


def test_it_names_its_sites_and_no_secret() -> None:
    assert repr(make()) == f"Verifier(issuer={A!r}, audience='api'; issuer={B!r}, audience='comments')"
