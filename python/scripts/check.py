"""Proves the package: what CI runs.

    python3 scripts/check.py [FOLDER]

In virtual environments below FOLDER (a temporary one unless given; with one, the next run is quicker): Ruff, mypy and
all tests on this Python with the newest of everything; the tests again on the oldest versions that are promised, on the
newest Python and Django that are at hand, and on the Django between; a fresh environment with nothing but the package
and Django; and the wheel that a release would publish.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import make_environment

_PACKAGE = Path(__file__).resolve().parents[1]

_BENCH = "../bench/python"

# The floors of pyproject.toml.
_OLDEST = ["PyJWT==2.15.0", "Django==5.2.*", "djangorestframework==3.18.2"]

# Supported by Django too, and neither the oldest nor the newest.
_BETWEEN = ["Django==6.0.*"]


def main(folder: Path) -> None:
    """Run everything; the first failure ends it."""
    current = make_environment(folder / "current", sys.executable, [])
    ruff = ("-m", "ruff", "--config=pyproject.toml")
    run(current, *ruff, "format", "--check", ".", _BENCH)
    run(current, *ruff, "check", ".", _BENCH)
    mypy = ("-m", "mypy", f"--cache-dir={folder / 'mypy'}")
    run(current, *mypy)
    run(current, *mypy, _BENCH)
    test(current, folder)
    pythons = find_pythons()
    test(make_environment(folder / "oldest", pythons.get("3.10", sys.executable), _OLDEST), folder)
    newest = max((name for name in pythons), key=lambda name: int(name.split(".")[1]))
    if pythons[newest] == sys.executable:
        say("this Python is the newest at hand: no further one is tested")
    else:
        test(make_environment(folder / "newest", pythons[newest], []), folder)
        test(
            make_environment(folder / "between", pythons[newest], _BETWEEN),
            folder,
            "tests/django",
            "tests/rest_framework",
        )
    say("a fresh environment, with the package and Django alone")
    run(current, "scripts/check_fresh.py", str(folder / "fresh"))
    say("the wheel")
    run(current, "scripts/check_wheel.py", str(folder / "wheel"))


def find_pythons() -> dict[str, str]:
    """Pythons from 3.10 on that run, by version: this one, those on the PATH, those that pyenv keeps."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    names = [f"python3.{minor}" for minor in range(10, 16)]
    candidates = [*names, *(str(path) for path in sorted(pyenv.glob("3.*/bin/python"))), sys.executable]
    found = {}
    for candidate in candidates:
        program = 'import ssl, sqlite3, sys; print("3.%d" % sys.version_info[1]) if sys.version_info >= (3, 10) else 0'
        try:
            asked = subprocess.run([candidate, "-c", program], capture_output=True, text=True)
        except OSError:
            continue
        # pyenv's shims are there and fail.
        if asked.returncode == 0 and asked.stdout.startswith("3."):
            found[asked.stdout.strip()] = candidate
    return found


def test(python: Path, folder: Path, *tests: str) -> None:
    """Run the tests, all or those of some folders, and say on what."""
    names = "import sys, django, rest_framework, jwt"
    what = "'Python', sys.version.split()[0], 'Django', django.__version__, 'DRF', rest_framework.VERSION"
    run(python, "-c", f"{names}; print('---', {what}, 'PyJWT', jwt.__version__, flush=True)")
    run(python, "-m", "pytest", "-q", "-o", f"cache_dir={folder / 'pytest'}", *tests)


def run(python: Path, *arguments: str) -> None:
    """Run a command in the package's folder; its failure is ours."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "RUFF_NO_CACHE": "true"}
    if subprocess.run([python, *arguments], cwd=_PACKAGE, env=environment).returncode != 0:
        sys.exit(f"failed: {' '.join(arguments)}")


def say(words: str) -> None:
    """One line for people."""
    print(f"--- {words}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).absolute())
    else:
        with tempfile.TemporaryDirectory(prefix="daypass-") as temporary:
            main(Path(temporary))
