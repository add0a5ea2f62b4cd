"""`daypass.testing` signs tokens: no process may load it by accident that could be production."""

import os
import subprocess
import sys

import pytest

IMPORT = "import daypass.testing; print('loaded')"
CONFIGURED = "from django.conf import settings; settings.configure(DEBUG={debug}); "
TEST_RUN = "from django.test.utils import setup_test_environment; setup_test_environment(); "


def run(program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {
        name: value for name, value in os.environ.items() if name not in ("PYTEST_VERSION", "DJANGO_SETTINGS_MODULE")
    }
    return subprocess.run([sys.executable, "-c", program], env={**kept, **environment}, capture_output=True, text=True)


@pytest.mark.parametrize(
    "program",
    [
        IMPORT,
        CONFIGURED.format(debug=False) + IMPORT,
        "import daypass._pytest_plugin; " + IMPORT,
        "import pytest; " + IMPORT,
    ],
)
@pytest.mark.parametrize("told", [{}, {"DAYPASS_TESTING": ""}, {"DAYPASS_TESTING": "0"}])
def test_production_is_refused(program: str, told: dict[str, str]) -> None:
    ran = run(program, **told)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "daypass.errors.ConfigurationError: DAYPASS_TESTING is not 1, and this is no test" in ran.stderr


@pytest.mark.parametrize(
    ("program", "environment"),
    [
        (IMPORT, {"DAYPASS_TESTING": "1"}),
        (CONFIGURED.format(debug=False) + IMPORT, {"DAYPASS_TESTING": "1"}),
        (CONFIGURED.format(debug=True) + IMPORT, {}),
        (CONFIGURED.format(debug=False) + TEST_RUN + IMPORT, {}),
        (IMPORT, {"PYTEST_VERSION": "9"}),
    ],
)
def test_tests_and_debug_modes_are_not(program: str, environment: dict[str, str]) -> None:
    ran = run(program, **environment)
    assert (ran.returncode, ran.stdout) == (0, "loaded\n"), ran.stderr


def test_settings_that_are_not_there_are_no_debug_mode() -> None:
    ran = run(IMPORT, DJANGO_SETTINGS_MODULE="no.such.module")
    assert "DAYPASS_TESTING is not 1" in ran.stderr


def test_no_other_part_loads_it() -> None:
    modules = "daypass, daypass.asgi.fastapi, daypass.django, daypass._pytest_plugin, daypass.django.checks"
    program = (
        CONFIGURED.format(debug=True)
        + f"import django; django.setup(); import {modules.replace(', daypass.django.checks', '')}"
    )
    ran = run(f"{program}; import daypass.rest_framework, sys; print('daypass.testing' in sys.modules)")
    assert ran.stdout == "False\n", ran.stderr
