import copy
import pickle
from typing import Any

import pytest

from daypass import AccessToken, ConfigurationError, TokenError, Verifier
from tests.tokens import (
    ISSUER,
    NOW,
    OTHER_SECRET,
    SECRET,
    SUBJECT,
    encode,
    good_claims,
    good_header,
    make_token,
    sign,
)


def verifier(**changes: Any) -> Verifier:
    return Verifier(**{"secret": SECRET, "issuer": ISSUER, "clock": lambda: NOW, **changes})


def code_of(token: str, **changes: Any) -> str:
    with pytest.raises(TokenError) as refused:
        verifier(**changes).verify(token)
    return refused.value.code


def test_says_what_the_token_says() -> None:
    token = verifier().verify(make_token(scope="read  write", auth_time=NOW - 60, cnf={"jkt": "x"}))
    assert token == AccessToken(
        subject=SUBJECT,
        issuer=ISSUER,
        audience="api",
        issued_at=NOW,
        expires_at=NOW + 300,
        session_started_at=NOW - 60,
        token_id="AAAAAAAAAAAAAAAAAAAAAA",
        scopes=("read", "write"),
        deploy_context="production",
        claims=token.claims,
    )
    assert dict(token.claims) == good_claims(scope="read  write", auth_time=NOW - 60, cnf={"jkt": "x"})


def test_what_it_says_cannot_be_changed_and_can_be_copied() -> None:
    token = verifier().verify(make_token())
    with pytest.raises(AttributeError):
        token.subject = "anon_other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        token.claims["sub"] = "anon_other"  # type: ignore[index]
    assert copy.deepcopy(token) == pickle.loads(pickle.dumps(token)) == token
    assert hash(token) == hash(copy.deepcopy(token))


def test_no_token_and_no_secret_is_printed() -> None:
    token = make_token()
    backend = verifier()
    with pytest.raises(TokenError) as refused:
        backend.verify(token + "A")
    for text in map(repr, (backend, backend.verify(token), backend.__dict__["_sites"], backend.__dict__["_cache"])):
        assert SECRET not in text
        assert token not in text
    assert token not in f"{refused.value!r} {refused.value} {refused.value.args}"
    assert refused.value.__context__ is None


def test_a_refusal_can_be_pickled() -> None:
    error = TokenError("token_expired")
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.code, copied.status, str(copied)) == (error.code, 401, str(error))


def test_a_secondary_secret_verifies_too() -> None:
    token = make_token()
    assert verifier(secret=OTHER_SECRET, secondary_secret=SECRET).verify(token).subject == SUBJECT
    assert code_of(token, secret=OTHER_SECRET) == "token_key"


@pytest.mark.parametrize("seconds", [0, 30, 300])
def test_the_leeway_holds_on_both_sides(seconds: int) -> None:
    assert verifier(leeway_seconds=seconds).verify(make_token(iat=NOW + seconds, exp=NOW + seconds + 60))
    late = {"iat": NOW - 600, "exp": NOW - seconds}
    assert code_of(make_token(**late), leeway_seconds=seconds) == "token_expired"
    assert verifier(leeway_seconds=seconds, clock=lambda: NOW - 0.001).verify(make_token(**late))
    early = {"iat": NOW + seconds + 1, "exp": NOW + seconds + 60}
    assert code_of(make_token(**early), leeway_seconds=seconds) == "token_not_yet_valid"


def test_numbers_are_read_as_other_languages_read_them() -> None:
    claims = f'"iat":{NOW}.0,"exp":{(NOW + 300) / 1e9}e9'
    rest = {name: value for name, value in good_claims().items() if name not in ("iat", "exp")}
    token = verifier().verify(sign(good_header(), f"{{{claims},{encode_members(rest)}}}"))
    assert (token.issued_at, token.expires_at) == (NOW, NOW + 300)
    assert type(token.issued_at) is type(token.expires_at) is int


def encode_members(members: dict[str, Any]) -> str:
    return ",".join(f'"{name}":"{value}"' for name, value in members.items() if isinstance(value, str))


def test_deep_claims_are_refused_and_not_fatal() -> None:
    claims = '{"x":' + "[" * 1400 + "]" * 1400 + "," + encode_members(good_claims()) + "}"
    assert code_of(sign(good_header(), claims)) == "token_malformed"
    open_ended = '{"x":' + "[" * 2900
    assert code_of(f"{encode(good_header())}.{encode(open_ended)}.AAAA") == "token_malformed"


def test_tokens_of_another_issuer_are_left_alone_where_asked_to() -> None:
    backend = verifier()
    assert backend.verify_own(make_token()) == backend.verify(make_token())
    assert backend.verify_own(make_token()) == backend.verify(make_token())
    for other in (
        "",
        "no JWT",
        make_token(iss="https://other.example"),
        make_token(iss=None),
        make_token(iss=[ISSUER]),
    ):
        assert backend.verify_own(other) is None
    for broken in (make_token(aud="x"), sign(good_header(alg="none"), good_claims()), make_token() + "AAAA"):
        with pytest.raises(TokenError):
            backend.verify_own(broken)


@pytest.mark.parametrize(
    ("changes", "option", "message"),
    [
        ({"secret": None}, "secret", "is missing. Set it to the site's DAYPASS_SECRET, or make one: python3 -c"),
        ({"secret": ""}, "secret", "is missing"),
        ({"secret": "x1Y2z3"}, "secret", "is shorter than 32 bytes"),
        ({"secret": "changeme-changeme-changeme-changeme"}, "secret", "is a placeholder"),
        ({"secret": b"u1ZkQ0yXr8mT5nB2vC7wE4hJ9pL6sD3a"}, "secret", "is no text"),
        ({"secondary_secret": ""}, "secondary_secret", "is missing. Make one: python3 -c"),
        ({"secondary_secret": SECRET}, "secondary_secret", "equals the first"),
        ({"issuer": None}, "issuer", "must be an origin"),
        ({"issuer": "https://site.example/"}, "issuer", "must be an origin"),
        ({"issuer": "https://site.example/path"}, "issuer", "must be an origin"),
        ({"issuer": "https://Site.example"}, "issuer", "must be an origin"),
        ({"issuer": "https://site.example:443"}, "issuer", "must be an origin"),
        ({"issuer": "site.example"}, "issuer", "must be an origin"),
        ({"issuer": "https://site.example\n"}, "issuer", "must be an origin"),
        ({"audience": ""}, "audience", "must be a name"),
        ({"audience": ["api"]}, "audience", "must be a name"),
        ({"deploy_contexts": []}, "deploy_contexts", "must list some of production"),
        ({"deploy_contexts": "production"}, "deploy_contexts", "must list some of production"),
        ({"deploy_contexts": ["staging"]}, "deploy_contexts", "must list some of production"),
        ({"leeway_seconds": -1}, "leeway_seconds", "must be whole seconds"),
        ({"leeway_seconds": 301}, "leeway_seconds", "must be whole seconds"),
        ({"leeway_seconds": True}, "leeway_seconds", "must be whole seconds"),
        ({"cache_size": -1}, "cache_size", "must be a number of tokens"),
    ],
)
def test_refuses_options(changes: dict[str, Any], option: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        verifier(**changes)
    (problem,) = refused.value.problems
    assert problem.option == option
    assert problem.message.startswith(message)
    for given in changes.values():
        if isinstance(given, str) and option.endswith("secret") and given:
            assert given not in f"{refused.value!r} {refused.value}"


def test_says_all_that_is_wrong_at_once() -> None:
    with pytest.raises(ValueError, match=r"(?s)secret is missing.*\nissuer must be.*\naudience must be"):
        verifier(secret=None, issuer="x", audience="")


@pytest.mark.parametrize(
    "issuer", ["https://a.b-c.example", "http://localhost:8888", "http://127.0.0.1", "http://[::1]:1"]
)
def test_takes_origins(issuer: str) -> None:
    assert verifier(issuer=issuer, deploy_contexts=(each for each in ("dev", "production")))
