"""What authentication costs a request through REST framework, in one run, as ratios to SimpleJWT's stateless class.

    python/.venv/bin/python bench/python/bench.py [--fast]

Takes pyperf's options. Ends with 1 where Daypass costs more than SimpleJWT's stateless class, or asks the database.
"""

import sys

import pyperf
from django.db import connection
from django.test.utils import CaptureQueriesContext

from project import make_cases

YARDSTICK = "SimpleJWT, stateless"


def main() -> None:
    """Measure every case, then print the table."""
    runner = pyperf.Runner(processes=5)
    cases = make_cases()
    measured = {name: runner.bench_func(name, call) for name, call in cases.items()}
    # In a worker process of pyperf, one case was measured and the rest are None.
    if runner.args.worker or None in measured.values():
        return
    medians = {name: benchmark.median() for name, benchmark in measured.items()}
    queries = {}
    for name, call in cases.items():
        with CaptureQueriesContext(connection) as captured:
            call()
        queries[name] = len(captured)
    print(f"\n{'':28}{'request':>12}{'ratio':>8}{'queries':>9}")
    for name, seconds in medians.items():
        ratio = seconds / medians[YARDSTICK]
        print(f"{name:28}{seconds * 1e6:9.0f} µs{ratio:8.2f}{queries[name]:9}")
    ours = [name for name in cases if name.startswith("Daypass")]
    if any(medians[name] > medians[YARDSTICK] or queries[name] > 0 for name in ours):
        sys.exit("Daypass costs more than SimpleJWT's stateless class.")


if __name__ == "__main__":
    main()
