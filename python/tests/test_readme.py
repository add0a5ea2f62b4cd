"""What the README shows works: each block of code is run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from daypass import Introspector, TokenError
from daypass._http.answer import problem
from daypass.django.settings import _KEYS
from tests.tokens import SECRET, SUBJECT, make_pass

PACKAGE = Path(__file__).parents[1]
README = (PACKAGE / "README.md").read_text()
ISSUER = "https://your-site.example"

URLS = """
from django.urls import path
import api, optional, views
urlpatterns = [
    path("api", api.Hello.as_view()), path("api/write", api.Write.as_view()), path("hello", views.hello),
    path("write", views.write), path("greet", optional.greet),
]
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def block(name: str) -> str:
    """The blocks that begin with this file's name, joined."""
    return "\n".join(code for code in blocks("python") if code.startswith(f"# {name}\n"))


def test_every_block_is_run_below() -> None:
    names = {code.split("\n")[0] for code in blocks("python")}
    django = {"settings.py", "api.py", "views.py", "optional.py"}
    assert names == {f"# {name}" for name in (*django, "fast.py", "star.py", "anything.py", "asking.py")}
    assert set(re.findall(r"```(\w+)\n", README)) == {"python", "sh", "json"}


def test_the_commands() -> None:
    install, work = blocks("sh")
    (extra,) = re.findall(r'^pip install "\./python\[(.+)\]"$', install.strip())
    assert f"\n{extra} = [" in (PACKAGE / "pyproject.toml").read_text()
    for command in work.strip().split("\n"):
        program, path = command.split()
        assert program == "python3"
        assert (PACKAGE.parent / path).is_file()


def test_the_table_of_settings_is_complete() -> None:
    assert re.findall(r"^\| `([A-Z_]+)` +\|", README, re.MULTILINE) == list(_KEYS)


def test_the_refusal() -> None:
    (shown,) = blocks("json")
    error = TokenError("token_expired")
    assert json.loads(shown) == problem(error.status, error.detail, error.code)


@pytest.fixture(name="project", scope="module")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new Django project with the README's files."""
    folder = tmp_path_factory.mktemp("project")
    subprocess.run([sys.executable, "-m", "django", "startproject", "config", folder], check=True)
    settings = folder / "config" / "settings.py"
    settings.write_text(f"{settings.read_text()}\n{block('settings.py')}")
    (folder / "config" / "urls.py").write_text(URLS)
    for name in ("api.py", "views.py", "optional.py"):
        (folder / name).write_text(block(name))
    shutil.copy(Path(__file__).with_name("call_project.py"), folder)
    return folder


def test_the_django_project(project: Path) -> None:
    tokens = {
        "none": None,
        "plain": make_pass(iss=ISSUER),
        "writer": make_pass(iss=ISSUER, scope="write"),
        "expired": make_pass(iss=ISSUER, exp=1, iat=0, auth_time=0),
    }
    ran = subprocess.run(
        [sys.executable, "call_project.py"],
        cwd=project,
        env={**os.environ, "DAYPASS_SECRET": SECRET, "DJANGO_SETTINGS_MODULE": "config.settings"},
        input=json.dumps(tokens),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stderr
    guarded = {"none": "token_missing", "plain": SUBJECT, "writer": SUBJECT, "expired": "token_expired"}
    scoped = {**guarded, "plain": "insufficient_scope"}
    assert json.loads(ran.stdout) == {
        "/api": guarded,
        "/api/write": scoped,
        "/hello": guarded,
        "/write": scoped,
        "/greet": {**guarded, "none": None},
    }


@pytest.mark.parametrize(("name", "path"), [("fast.py", "/hello"), ("star.py", "/api/hello")])
def test_the_asgi_applications(name: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.testclient import TestClient

    monkeypatch.setenv("DAYPASS_SECRET", SECRET)
    scope: dict[str, object] = {}
    exec(compile(block(name), name, "exec"), scope)
    client = TestClient(scope["app"])  # type: ignore[arg-type]
    answer = client.get(path, headers={"Authorization": f"Bearer {make_pass(iss=ISSUER)}"})
    assert answer.json() == {"you": SUBJECT}
    assert client.get(path).json()["code"] == "token_missing"


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
