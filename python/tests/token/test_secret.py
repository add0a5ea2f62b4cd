import base64
import secrets
import shlex
import subprocess
import sys

import pytest

from daypass._token.keys import MAKE_SECRET_COMMAND, secret_weakness
from tests.tokens import OTHER_SECRET, SECRET

# The same cases as test/token/keys.test.ts.
WEAK = [
    (None, "is missing"),
    ("", "is missing"),
    ("short", "is shorter than 32 bytes"),
    ("u1ZkQ0yXr8mT5nB2vC7wE4hJ9pL6sD3", "is shorter than 32 bytes"),
    (f"{SECRET}\n", "starts or ends with white space"),
    (f"\ufeff{SECRET}", "starts or ends with white space"),
    (f"{SECRET}\u2003{SECRET}", "holds white space, like a text rather than a secret"),
    ("Please enter a long random secret of your own", "holds white space, like a text rather than a secret"),
    ("changeme-changeme-changeme-changeme-12", "is a placeholder"),
    ("your-secret-key-goes-right-here-0123456789", "is a placeholder"),
    ("<generate-a-long-random-value-please-0123>", "is a placeholder"),
    ("${DAYPASS_SECRET_FROM_SOMEWHERE_ELSE_1234}", "is a placeholder"),
    ("a" * 64, "repeats itself"),
    ("abcd1234" * 4, "repeats itself"),
    ("0123456789abcdef0123456789abcdef", "repeats itself"),
    ("abcdefghijklmnopqrstuvwxyz0123456789", "repeats itself"),
    ("u1ZkQ0yXr8mT5nB2" * 2, "repeats itself"),
    (f"{SECRET}\udcff", "is no text"),
    (1, "is no text"),
]


@pytest.mark.parametrize(("secret", "weakness"), WEAK)
def test_weak(secret: object, weakness: str) -> None:
    assert secret_weakness(secret) == weakness


@pytest.mark.parametrize(
    "secret", [SECRET, OTHER_SECRET, "ключ-из-кириллицы-Ж9ф3", "u1ZkQ0yXr8mT5nB2v-inſert-9pL6sD3aX"]
)
def test_good(secret: str) -> None:
    assert secret_weakness(secret) is None


def test_random_secrets_are_never_taken_for_weak_ones() -> None:
    for _ in range(2000):
        data = secrets.token_bytes(32)
        assert secret_weakness(base64.b64encode(data).decode()) is None
        assert secret_weakness(data.hex()) is None


def test_the_command_makes_a_good_one() -> None:
    program, *arguments = shlex.split(MAKE_SECRET_COMMAND)
    assert program == "python3"
    made = subprocess.run([sys.executable, *arguments], capture_output=True, check=True, text=True).stdout.strip()
    assert secret_weakness(made) is None
