import threading
from typing import Any

import pytest

from daypass import TokenError, Verifier
from daypass._token.parse import parse_token
from tests.tokens import ISSUER, NOW, SECRET, make_token


class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every token that was verified rather than remembered."""
    verified: list[str] = []

    def count(token: str) -> Any:
        verified.append(token)
        return parse_token(token)

    monkeypatch.setattr("daypass.verifier.parse_token", count)
    return verified


def make_verifier(clock: Clock, **changes: Any) -> Verifier:
    return Verifier(SECRET, issuer=ISSUER, clock=clock, **changes)


def test_a_token_is_verified_once_and_never_remembered_past_its_end(counted: list[str]) -> None:
    clock = Clock()
    backend = make_verifier(clock)
    token = make_token()
    for clock.now in (NOW, NOW + 1, NOW + 299.9):
        backend.verify(token)
    assert len(counted) == 1
    # Within the leeway it still holds, and is verified each time.
    for clock.now in (NOW + 300, NOW + 329.9):
        backend.verify(token)
    assert len(counted) == 3
    clock.now = NOW + 330
    with pytest.raises(TokenError, match="token_expired"):
        backend.verify(token)


def test_a_clock_that_was_set_back_is_noticed() -> None:
    clock = Clock()
    backend = make_verifier(clock)
    token = make_token()
    backend.verify(token)
    clock.now = NOW - 31
    with pytest.raises(TokenError, match="token_not_yet_valid"):
        backend.verify(token)


def test_a_token_with_a_start_of_its_own_is_verified_each_time(counted: list[str]) -> None:
    clock = Clock()
    backend = make_verifier(clock)
    token = make_token(nbf=NOW + 30)
    backend.verify(token)
    backend.verify(token)
    assert len(counted) == 2
    clock.now = NOW - 1
    with pytest.raises(TokenError, match="token_not_yet_valid"):
        backend.verify(token)


def test_what_is_nested_is_not_shared(counted: list[str]) -> None:
    backend = make_verifier(Clock())
    first, second = (backend.verify(make_token(cnf={"jkt": "x"})) for _ in range(2))
    assert len(counted) == 2
    assert first.claims["cnf"] is not second.claims["cnf"]


def test_refusals_are_not_remembered(counted: list[str]) -> None:
    backend = make_verifier(Clock())
    for _ in range(3):
        with pytest.raises(TokenError, match="token_audience"):
            backend.verify(make_token(aud="other"))
    assert len(counted) == 3


def test_it_is_bounded_and_forgets_the_oldest(counted: list[str]) -> None:
    backend = make_verifier(Clock(), cache_size=2)
    tokens = [make_token(jti=str(number)) for number in range(3)]
    for token in (*tokens, tokens[1], tokens[2], tokens[0]):
        backend.verify(token)
    assert counted == [*tokens, tokens[0]]


def test_size_0_switches_it_off(counted: list[str]) -> None:
    backend = make_verifier(Clock(), cache_size=0)
    backend.verify(make_token())
    backend.verify(make_token())
    assert len(counted) == 2


def test_threads_share_it() -> None:
    backend = make_verifier(Clock(), cache_size=8)
    tokens = [make_token(jti=f"{number}") for number in range(32)]
    wrong: list[str] = []

    def work(offset: int) -> None:
        for round_ in range(300):
            number = (round_ * 7 + offset) % len(tokens)
            if backend.verify(tokens[number]).token_id != str(number):
                wrong.append("another token's answer")
            try:
                backend.verify(tokens[number] + "A")
                wrong.append("a refused token")
            except TokenError:
                pass

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
