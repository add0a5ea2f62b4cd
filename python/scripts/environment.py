"""Makes the virtual environment of this package's tests, or finds it up to date, and prints its Python.

    python3 scripts/environment.py [--folder FOLDER] [--python PYTHON] [REQUIREMENT ...]

It holds the package, editable, with the extra `dev`, and what the requirements pin, such as Django==5.2.*. The folder
is the package's `.venv` unless given. Two that ask at once wait for each other.
"""

import argparse
import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def make_environment(folder: Path, python: str, requirements: list[str]) -> Path:
    """Make it, or find it up to date.

    Returns:
        its Python.

    Raises:
        SystemExit: python3 is too old or lacks venv, or pip failed; pip has said why.
    """
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    wanted = hashlib.sha256(
        (_PACKAGE / "pyproject.toml").read_bytes() + repr((version, requirements)).encode()
    ).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f"{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "made-of"
        if not stamp.exists() or stamp.read_text() != wanted:
            _make(folder, python, requirements)
            stamp.write_text(wanted)
    return folder / "bin" / "python"


def _make(folder: Path, python: str, requirements: list[str]) -> None:
    if subprocess.run([python, "-m", "venv", "--clear", folder]).returncode != 0:
        sys.exit("python3 cannot make virtual environments (on Debian and Ubuntu: apt install python3-venv).")
    pip = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "install",
    ]
    if subprocess.run([*pip, "--editable", f"{_PACKAGE}[dev]", *requirements]).returncode != 0:
        sys.exit("pip could not install what the tests need.")


if __name__ == "__main__":
    if sys.version_info < (3, 10):
        sys.exit("python3 is older than 3.10: put a newer one on the PATH.")
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--folder", type=Path, default=_PACKAGE / ".venv")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("requirements", nargs="*")
    asked = parser.parse_args()
    print(make_environment(asked.folder.absolute(), asked.python, asked.requirements))
