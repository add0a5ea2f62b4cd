"""What the README shows works: each block of code is run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from daypass import Introspector, TokenError, testing
from daypass._http import problem
from daypass.django.check_settings import check_settings
from daypass.django.settings import _KEYS
from tests.tokens import OTHER_SECRET, SECRET, SUBJECT, make_pass

PACKAGE = Path(__file__).parents[1]
README = (PACKAGE / "README.md").read_text()
ISSUER = "https://your-site.example"

# What the README shows beside its way from nothing to tests; both settings files are tried with all of it.
MORE_URLS = """
from . import optional, views, write
urlpatterns += [
    path("api/write", write.Write.as_view()), path("hello", views.hello), path("write", views.write),
    path("greet", optional.greet),
]
"""
MEMBERS, SITES = "guestbook/settings.py, members by SimpleJWT", "guestbook/settings.py, several sites"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def block(name: str) -> str:
    """The blocks that begin with this file's name, joined."""
    return "\n".join(code for code in blocks("python") if code.startswith(f"# {name}\n"))


def test_every_block_is_run_below() -> None:
    names = {code.split("\n")[0].removeprefix("# ") for code in blocks("python")}
    django = {f"guestbook/{name}.py" for name in (*PROJECT_FILES, "settings", "tests", "test_api")}
    asgi = {"fast.py", "test_fast.py", "star.py", "test_star.py"}
    assert names == {*django, *asgi, MEMBERS, SITES, "anything.py", "asking.py"}
    assert set(re.findall(r"```(\w+)\n", README)) == {"python", "sh", "json"}


def test_the_commands() -> None:
    install, tests, start, work = blocks("sh")
    (extra,) = re.findall(r'^pip install "\.\./daypass/python\[(.+)\]" pytest pytest-django$', install, re.MULTILINE)
    assert f"\n{extra} = [" in (PACKAGE / "pyproject.toml").read_text()
    assert "python manage.py test" in tests
    assert start == "npx daypass dev --upstream http://127.0.0.1:8000\n"
    for command in work.strip().split("\n"):
        program, path = command.split()
        assert program == "python3"
        assert (PACKAGE.parent / path).is_file()


def test_the_tables_are_complete() -> None:
    rows = re.findall(r"^\| `(\w+)(?:\(\))?` +\|", README, re.MULTILINE)
    functions = [name for name in testing.__all__ if name[0].islower()]
    assert sorted(rows) == sorted([*_KEYS, *functions])
    for option in testing.TokenOptions.__annotations__:
        assert f"`{option}`" in README
    for check in ("E002", "E003", "E004", "E005", "E006", "E007", "W001", "W002"):
        assert f"`{check}`" in README


def test_the_refusal() -> None:
    (shown,) = blocks("json")
    error = TokenError("token_expired")
    assert json.loads(shown) == problem(error.status, error.detail, error.code)


@pytest.fixture(name="project", scope="module")
def _project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The project to which the README leads, and what its commands printed."""
    folder = tmp_path_factory.mktemp("newcomer") / "new"
    arguments = [sys.executable, str(PACKAGE / "scripts" / "newcomer.py"), str(folder), "--installed"]
    ran = subprocess.run(arguments, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder / "project", ran.stdout + ran.stderr


def test_from_nothing_to_tests_there_is_no_line_that_the_readme_lacks(project: tuple[Path, str]) -> None:
    output = project[1]
    assert "System check identified no issues (0 silenced)." in output
    assert re.search(r"Ran 5 tests in .*\n\nOK\n", output)
    assert re.search(r"=== 2 passed in ", output)


PROJECT_FILES = ("api", "urls", "write", "throttles", "views", "optional")


@pytest.mark.parametrize("members", [False, True])
def test_the_django_project(project: tuple[Path, str], members: bool, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project[0], folder)
    for name in PROJECT_FILES:
        (folder / "guestbook" / f"{name}.py").write_text(block(f"guestbook/{name}.py"))
    with (folder / "guestbook" / "urls.py").open("a") as urls:
        urls.write(MORE_URLS)
    with (folder / "guestbook" / "settings.py").open("a") as settings:
        # The blocks of the way are there already.
        settings.write(next(code for code in blocks("python") if "MIDDLEWARE" in code))
        settings.write(block(MEMBERS) if members else "")
    shutil.copy(Path(__file__).with_name("call_project.py"), folder)
    issuer = "http://localhost:8888"
    tokens = {
        "none": None,
        "plain": make_pass(iss=issuer, deploy_context="dev"),
        "writer": make_pass(iss=issuer, scope="write"),
        "expired": make_pass(iss=issuer, exp=1, iat=0, auth_time=0),
    }
    environment = {**os.environ, "DAYPASS_SECRET": SECRET, "DJANGO_SETTINGS_MODULE": "guestbook.settings"}
    ran = subprocess.run(
        [sys.executable, "call_project.py"],
        cwd=folder,
        env=environment,
        input=json.dumps(tokens),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stderr
    guarded = {"none": "token_missing", "plain": SUBJECT, "writer": SUBJECT, "expired": "token_expired"}
    scoped = {**guarded, "plain": "insufficient_scope"}
    assert json.loads(ran.stdout) == {
        "/api/hello": guarded,
        "/api/write": scoped,
        "/hello": guarded,
        "/write": scoped,
        "/greet": {**guarded, "none": None},
    }
    # The tests of the README hold beside all else, and for members by SimpleJWT.
    tests = subprocess.run(
        [sys.executable, "manage.py", "test"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert re.search(r"Ran 5 tests in .*\n\nOK\n", tests.stderr), tests.stderr


def test_several_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    monkeypatch.setenv("BLOG_SECRET", OTHER_SECRET)
    scope: dict[str, Any] = {"os": os}
    exec(block(SITES), scope)
    with override_settings(DAYPASS=scope["DAYPASS"]):
        assert check_settings() == []
        assert testing.make_access_token(issuer="https://blog.example").audience == "comments"


@pytest.mark.parametrize("name", ["fast.py", "star.py"])
def test_the_asgi_applications(name: str, tmp_path: Path) -> None:
    for file in (name, f"test_{name}"):
        (tmp_path / file).write_text(block(file))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:django"],
        cwd=tmp_path,
        env={**environment, "DAYPASS_SECRET": SECRET},
        capture_output=True,
        text=True,
    )
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYPASS_SECRET", SECRET)
    scope: dict[str, object] = {}
    exec(block("anything.py"), scope)
    who_calls = scope["who_calls"]
    assert callable(who_calls)
    assert who_calls(make_pass(iss=ISSUER)) == SUBJECT
    assert who_calls("") == "401 token_malformed"


def test_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYPASS_INTROSPECTION_SECRET", "introspection")
    scope: dict[str, object] = {}
    exec(block("asking.py"), scope)
    who_calls, introspector = scope["who_calls"], scope["introspector"]
    assert callable(who_calls)
    assert isinstance(introspector, Introspector)
    # No site is called from a test: what it would have been asked is enough.
    asked: list[str] = []

    def answer(url: str, headers: object, body: bytes, timeout_seconds: float) -> tuple[int, bytes]:
        asked.append(url)
        return 200, b'{"active": false}'

    monkeypatch.setattr(introspector, "_transport", answer)
    with pytest.raises(TokenError, match="token_inactive"):
        who_calls(make_pass(iss=ISSUER))
    assert asked == ["https://your-site.example/session/introspect"]
