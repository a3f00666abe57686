"""The programs of docs/automation.md that sign a customer up, run as they are against a running server."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import ROOT, Operator, Server, environment_of
from tokens import keys

pytestmark = pytest.mark.django_db

CHAPTER = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
# Letters that have a meaning in JSON or in a shell.
NAME = 'Ada "Countess" O\'Lovelace, $5 \\ "budget": null'
CHAPTERS = dict(CHAPTER.findall((ROOT / "docs/automation.md").read_text()))


def block(chapter: str, language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", CHAPTERS[chapter], re.DOTALL)
    return str(text)


@pytest.fixture(scope="module")
def shop(server: Server, operator: Operator, database_url: str) -> dict[str, str]:
    """The environment of a shop's programs, with the admin key that the document's command issues."""
    operator.run(
        "from django.contrib.auth.models import Group, User; shop = User.objects.create_user('shop', is_staff=True); "
        "shop.groups.add(Group.objects.get(name='Support'))"
    )
    operator.run("world.model('gpt-in-documents')")
    command = block("An admin key", "sh").replace("manage.py", f"{sys.executable} manage.py")
    issued = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=environment_of(database_url), capture_output=True, text=True, check=True
    )
    return os.environ | {"MODELBOOK_URL": server.url, "MODELBOOK_ADMIN_KEY": issued.stdout.strip()}


def may_list(server: Server, key: str) -> bool:
    return server.get("/v1/models", key=key).status == 200


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_a_customer_signs_up_with_curl(server: Server, shop: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "shop.sh"
    script.write_text(block("A shop's sign-up", "sh"))

    def run(*words: str) -> Any:
        finished = subprocess.run(
            ["sh", str(script), *words], env=shop, capture_output=True, text=True, timeout=60, check=True
        )
        return json.loads(finished.stdout)

    token = run("sign-up", "4711", NAME)
    key_id = token["key_id"]
    assert keys.is_ours(token["key"])
    assert token["name"] == NAME
    assert may_list(server, token["key"])
    assert run("sign-up", "4711", NAME)["key"] is None
    assert [row["key_id"] for row in run("find", "4711")["results"]] == [key_id]
    assert run("limit", key_id, "20")["budget"] == {"amount": "20", "currency": "USD", "period": "month"}
    assert "gpt-in-documents" in [row["id"] for row in run("models", key_id)["results"]]
    assert run("usage", key_id)["results"] == []
    new = run("rotate", key_id)
    assert may_list(server, new["key"])
    assert run("find", "4711")["results"][0]["key_id"] == new["key_id"]
    assert run("revoke", new["key_id"])["enabled"] is False
    assert not may_list(server, new["key"])
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run("limit", key_id, "twenty")
    assert failed.value.stdout.startswith('{"type":"urn:modelbook:problem:')


def test_a_customer_signs_up_in_python(server: Server, shop: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "shop.py"
    program.write_text(block("A shop's sign-up", "python"))

    finished = subprocess.run(
        [sys.executable, str(program), "4712", "Charles"],
        env=shop,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    said = dict(line.split(": ", 1) for line in finished.stdout.splitlines())
    assert keys.is_ours(said["key"])
    assert keys.is_ours(said["new key"])
    assert int(said["models"]) > 0
    assert said["tokens of the customer"] == "['Charles']"
    assert not may_list(server, said["key"])
    assert not may_list(server, said["new key"])
