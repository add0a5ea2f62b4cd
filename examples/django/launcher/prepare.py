"""Makes a virtual environment, or brings it up to date, and prints its Python: prepare.py FOLDER PACKAGE REQUIREMENTS

Nothing is installed when it is known to hold what is wanted. Two that ask at once wait for each other.
"""

import fcntl
import hashlib
import platform
import subprocess
import sys
import venv
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036  # any python3 may be the first on a PATH
    sys.exit(f"python3 is {platform.python_version()}, and Django needs 3.10: put a newer one on the PATH.")

folder, package, requirements = (Path(argument) for argument in sys.argv[1:])
environment = folder / f"venv-{platform.python_version()}"
python = environment / "bin" / "python"
stamp = environment / "daypass-installed"


def fingerprint() -> str:
    """What the environment depends on: what the package is built from, and the requirements."""
    digest = hashlib.sha256()
    for file in (package / "pyproject.toml", requirements, *sorted(package.glob("src/**/*.py"))):
        digest.update(f"{file}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def install() -> None:
    print(f"Installing Django into {environment}; this happens once.", flush=True)
    stamp.unlink(missing_ok=True)
    try:
        venv.create(environment, with_pip=True)
    except subprocess.CalledProcessError:
        sys.exit("python3 cannot make virtual environments (on Debian and Ubuntu: apt install python3-venv).")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    if subprocess.call([*pip, f"{package}[drf]", "-r", requirements]) != 0:
        sys.exit("pip could not install what the Django example needs.")


folder.mkdir(parents=True, exist_ok=True)
# The lock goes with this process, however it ends.
with open(folder / "lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    wanted = fingerprint()
    if not stamp.exists() or stamp.read_text() != wanted:
        install()
        stamp.write_text(wanted)
print(python)
