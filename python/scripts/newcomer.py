"""Does what README says from nothing to tests, to the letter, in a new folder; prints what a newcomer would see.

    python3 scripts/newcomer.py FOLDER [--installed]

Each block of that section is done in order: commands are run in one shell, files are written, and what belongs to the
settings goes to their end. With --installed, the Python that runs this has the packages already, and no virtual
environment is made.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def make_script(*, installed: bool) -> str:
    """The section as one shell script."""
    (section,) = re.findall(r"\n## From nothing to tests\n(.*?)\n## ", (_PACKAGE / "README.md").read_text(), re.DOTALL)
    # What follows the tests is for a browser.
    section = section[: section.index("To call it from a page")]
    steps = ["set -e"]
    for language, code in re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL):
        if language == "sh":
            commands = code.splitlines()
            steps += [each for each in commands if not (installed and re.match(r"pip|\. |python3 -m venv", each))]
        else:
            path = code.split("\n", 1)[0].removeprefix("# ")
            redirect = ">>" if path.endswith("settings.py") else ">"
            steps.append(f"cat {redirect} {shlex.quote(path)} <<'END OF BLOCK'\n{code}END OF BLOCK")
    return "\n".join(steps)


def main(folder: Path, *, installed: bool) -> int:
    """Make the project in a new folder beside a checkout, and run its tests."""
    folder.mkdir(parents=True)
    checkout = folder / "daypass"
    checkout.symlink_to(_PACKAGE.parent)
    project = folder / "project"
    project.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DAYPASS_", "DJANGO_", "PYTEST_"))
    }
    if installed:
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    # As in a terminal of its own.
    shell = ["/bin/sh", "-c", make_script(installed=installed)]
    return subprocess.run(shell, cwd=project, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute(), installed="--installed" in sys.argv[2:]))
