"""What `pip wheel` makes of this package: its metadata, its files, its README, and that it installs.

python3 scripts/check_wheel.py FOLDER
"""

import email.message
import email.parser
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_REPOSITORY = _PACKAGE.parent

# With each extra, what a user of it imports.
_EXTRAS = ("asgi", "django", "drf", "fastapi", "rest-framework")


def main(folder: Path) -> None:
    """Build the wheel, look into it, have twine read it, and install it."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "tools"], check=True)
    tools = str(folder / "tools" / "bin" / "python")
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([tools, *pip, "install", "twine>=6.1"], check=True)
    subprocess.run([tools, *pip, "wheel", "--no-deps", "--wheel-dir", folder, _PACKAGE], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([tools, "-m", "twine", "check", "--strict", wheel], check=True)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata_name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = email.parser.Parser().parsestr(archive.read(metadata_name).decode())
    problems = [*check_files(names, metadata_name.rsplit("/", 1)[0]), *check_metadata(metadata)]
    if problems:
        sys.exit("\n".join(problems))
    check_installed(folder / "fresh", wheel)


def check_files(names: set[str], info: str) -> list[str]:
    """The wheel holds each file of `src`, its licence, and nothing else."""
    source = _PACKAGE / "src"
    files = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    always = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    expected = files | always
    if "daypass/py.typed" not in expected:
        return ["src/daypass/py.typed is missing: its types would not be seen"]
    return [
        *(f"the wheel lacks {name}" for name in sorted(expected - names)),
        *(f"the wheel holds {name}" for name in sorted(names - expected)),
    ]


def check_metadata(metadata: email.message.Message) -> list[str]:
    """The wheel is described as the npm packages are, and its page is the README."""
    npm = json.loads((_REPOSITORY / "package.json").read_text())
    repository = npm["repository"]["url"].removeprefix("git+").removesuffix(".git")
    urls = dict(line.split(", ", 1) for line in metadata.get_all("Project-URL", []))
    expected = {
        "Name": "daypass",
        "Version": npm["version"],
        "License-Expression": npm["license"],
        "Requires-Python": ">=3.10",
        "Description-Content-Type": "text/markdown",
    }
    problems = [
        f"{name} is {metadata[name]}, not {value}" for name, value in expected.items() if metadata[name] != value
    ]
    if urls.get("Repository") != repository or urls.get("Issues") != npm["bugs"]["url"]:
        problems.append(f"its URLs are not those of package.json: {urls}")
    if metadata.get_payload() != (_PACKAGE / "README.md").read_text():
        problems.append("its description is not README.md")
    requirements = metadata.get_all("Requires-Dist", [])
    if [line for line in requirements if "extra ==" not in line] != ["pyjwt>=2.15"]:
        problems.append(f"without an extra it needs more than PyJWT: {requirements}")
    extras = {name for name in metadata.get_all("Provides-Extra", []) if name != "dev"}
    if extras != set(_EXTRAS):
        problems.append(f"its extras are {sorted(extras)}")
    license_file = _PACKAGE / "LICENSE"
    if not license_file.exists() or license_file.read_bytes() != (_REPOSITORY / "LICENSE").read_bytes():
        problems.append("python/LICENSE is not the LICENSE of the repository")
    return problems


def check_installed(folder: Path, wheel: Path) -> None:
    """In an environment with the wheel alone, a token is verified: refused here, since it is none."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", wheel], check=True)
    program = (
        "import daypass, secrets;"
        "verifier = daypass.Verifier(secret=secrets.token_urlsafe(32), issuer='https://site.example', audience='api');"
        "\ntry: verifier.verify('x')"
        "\nexcept daypass.TokenError as error: print(error.code)"
    )
    # Elsewhere, so that the sources are not what is imported.
    ran = subprocess.run([python, "-c", program], cwd=folder, capture_output=True, text=True)
    if ran.stdout != "token_malformed\n":
        sys.exit(f"the installed wheel should refuse what is no token:\n{ran.stdout}{ran.stderr}")
    print(f"{wheel.name}: metadata, files, README and installation are as they should be", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
