"""The package is typed for those who use it: mypy --strict, without plugins and without our settings."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).with_name("users_project.py")
MODULES = [
    "daypass",
    "daypass.django",
    "daypass.rest_framework",
    "daypass.asgi",
    "daypass.asgi.fastapi",
    "daypass.testing",
]


def test_mypy_strict_is_clean(tmp_path: Path) -> None:
    copied = tmp_path / "users_project.py"
    copied.write_text(PROJECT.read_text())
    arguments = ["--strict", "--no-error-summary", "--config-file=", f"--cache-dir={tmp_path}/cache", str(copied)]
    mypy = subprocess.run([sys.executable, "-m", "mypy", *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert (mypy.stdout, mypy.stderr, mypy.returncode) == ("", "", 0)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_used(module: str) -> None:
    imported = {
        alias.name
        for node in ast.walk(ast.parse(PROJECT.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }
    loaded = importlib.import_module(module)
    public = getattr(loaded, "__all__", {"RequireDaypass", "exception_handlers"})
    assert imported == set(public)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_documented(module: str) -> None:
    loaded = importlib.import_module(module)
    assert loaded.__doc__
    for name in getattr(loaded, "__all__", []):
        public = getattr(loaded, name)
        if inspect.isroutine(public) or inspect.isclass(public):
            assert public.__doc__, name
