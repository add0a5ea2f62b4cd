"""In a fresh environment with the package and Django alone, the first settings of the README must do.

Then README's whole way from nothing to tests, in another.

python3 scripts/check_fresh.py FOLDER
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def main(folder: Path) -> None:
    """Make the environment and a project, and check it with and without a secret."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, str(_PACKAGE), "Django"], check=True)
    subprocess.run([python, "-m", "django", "startproject", "fresh", folder], check=True)
    settings = folder / "fresh" / "settings.py"
    (block, *_) = re.findall(
        r"```python\n(# guestbook/settings\.py\n.*?)```", (_PACKAGE / "README.md").read_text(), re.DOTALL
    )
    settings.write_text(f"{settings.read_text()}\n{block}")

    green = check(python, folder, secrets.token_urlsafe(32))
    if green.returncode != 0 or "no issues" not in green.stdout:
        sys.exit(f"manage.py check should be green:\n{green.stdout}{green.stderr}")
    red = check(python, folder, None)
    remedy = "is missing. Set it to the site's DAYPASS_SECRET, or make one: python3 -c"
    if red.returncode == 0 or f'DAYPASS["SECRET"] {remedy}' not in red.stderr:
        sys.exit(f"manage.py check should say what to do without a secret:\n{red.stdout}{red.stderr}")
    installed = subprocess.run([*pip[:3], "freeze"], capture_output=True, text=True, check=True).stdout.lower()
    unwanted = re.findall("(?m)^(?:djangorestframework|starlette|fastapi|cryptography)==.*$", installed)
    if unwanted:
        sys.exit(f"the core and Django brought {unwanted}")

    newcomer = [sys.executable, str(Path(__file__).with_name("newcomer.py")), str(folder / "newcomer")]
    ran = subprocess.run(newcomer, capture_output=True, text=True)
    if ran.returncode != 0 or "2 passed" not in ran.stdout or "\nOK\n" not in ran.stderr:
        sys.exit(f"README's way from nothing to tests should be green:\n{ran.stdout}{ran.stderr}")


def check(python: Path, folder: Path, secret: str | None) -> "subprocess.CompletedProcess[str]":
    """Run `manage.py check` with that secret."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DAYPASS_", "DJANGO_"))}
    if secret is not None:
        environment["DAYPASS_SECRET"] = secret
    return subprocess.run([python, "manage.py", "check"], cwd=folder, env=environment, capture_output=True, text=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
