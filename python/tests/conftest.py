from collections.abc import Iterator

import pytest

from daypass._token.claims import forget_warnings


@pytest.fixture(autouse=True)
def _warnings_are_told_again() -> Iterator[None]:
    """Each test is a process of its own to what is written once for each process."""
    forget_warnings()
    yield
    forget_warnings()
