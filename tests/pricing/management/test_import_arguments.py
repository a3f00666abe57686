"""Arguments that cannot be read are bad input, and never look like a plan that waits."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "arguments",
    [
        ["import_catalog", "litellm"],
        ["import_catalog", "litellm", "--file", "x", "--as", "gift"],
        ["import_catalog", "--odd"],
        ["import_gateway"],
        ["import_gateway", "--sqlite", "x", "--dsn", "y"],
    ],
    ids=" ".join,
)
def test_they_exit_with_4(arguments: list[str]) -> None:
    script = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings';"
        "from django.core.management import execute_from_command_line as run;"
        "run(['manage.py', *sys.argv[1:]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert "error:" in done.stderr
