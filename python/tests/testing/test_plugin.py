"""The fixtures, in a project without Django."""

import os
import subprocess
import sys
from pathlib import Path

from tests.tokens import ISSUER, OTHER_SECRET

CONFTEST = f"""
import pytest
from daypass import Verifier

@pytest.fixture
def daypass_verifier():
    return Verifier({OTHER_SECRET!r}, issuer={ISSUER!r}, audience="jobs", deploy_contexts=["dev"])
"""
TEST = """
def test_it(daypass_verifier, daypass_token, daypass_headers):
    for token in daypass_token, daypass_headers["Authorization"].removeprefix("Bearer "):
        assert daypass_verifier.verify(token).audience == "jobs"

def test_django_is_not_there():
    import sys
    assert "django" not in sys.modules
"""


def test_they_take_the_verifier_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TEST)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))}
    arguments = [sys.executable, "-m", "pytest", "-p", "no:django", "-W", "error"]
    ran = subprocess.run(arguments, cwd=tmp_path, env=kept, capture_output=True, text=True)
    assert "2 passed" in ran.stdout, ran.stdout + ran.stderr
