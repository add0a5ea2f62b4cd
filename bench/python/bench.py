"""What authentication costs a request through REST framework: prints one line of JSON for bench/django.ts.

    python/.venv/bin/python bench/python/bench.py ROUNDS CALLS

All cases are timed in turn, round by round, every second round backwards.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

from django.db import connection
from django.test.utils import CaptureQueriesContext

from project import make_cases


def main(rounds: int, calls: int) -> None:
    """Measure every case, then print CPU microseconds of a request by round, and database queries of one."""
    cases = make_cases()
    names = list(cases)
    microseconds: dict[str, list[float]] = {name: [] for name in names}
    # What is in the memory of seen tokens stays there; what is not, is pushed out again before it comes back.
    for call in cases.values():
        time_calls(call, calls)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            microseconds[name].append(time_calls(cases[name], calls))
    queries = {name: count_queries(call) for name, call in cases.items()}
    packages = ["Django", "djangorestframework", "djangorestframework-simplejwt", "PyJWT"]
    versions = {package: version(package) for package in packages}
    print(json.dumps({"microseconds": microseconds, "queries": queries, "versions": versions}))


def time_calls(call: Callable[[], None], calls: int) -> float:
    """CPU microseconds of one call."""
    started = time.process_time_ns()
    for _ in range(calls):
        call()
    return (time.process_time_ns() - started) / calls / 1000


def count_queries(call: Callable[[], None]) -> int:
    """How often one call asks the database."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
