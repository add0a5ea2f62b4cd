from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.servers import Call, on_both
from tests.tokens import bearer, make_pass


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@on_both
def test_the_rate_counts_by_session(call: Call) -> None:
    def status(number: int, jti: str) -> int:
        return call("/api/throttled", headers=bearer(make_pass(sub=f"anon_{number:022}", jti=jti))).status_code

    # A renewed token is another token of the same session.
    assert [status(1, str(round_)) for round_ in range(5)] == [200, 200, 200, 429, 429]
    assert status(2, "a") == 200


@on_both
def test_it_says_when_to_come_back(call: Call) -> None:
    for _ in range(3):
        call("/api/throttled", headers=bearer(make_pass()))
    response = call("/api/throttled", headers=bearer(make_pass()))
    assert response.status_code == 429
    assert 0 < int(response.headers["retry-after"]) <= 60


@on_both
def test_refused_callers_count_for_nobody(call: Call) -> None:
    for _ in range(5):
        assert call("/api/throttled", headers=bearer(make_pass(aud="other"))).status_code == 401
        assert call("/api/throttled").status_code == 401
    assert call("/api/throttled", headers=bearer(make_pass())).status_code == 200
