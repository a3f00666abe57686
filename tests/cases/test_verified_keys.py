"""import_gateway --verify: asks a running gateway with each key, and finds only the known differences."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from pricing.imports.exit_codes import Exit
from tests.cases import recorded
from tokens.models import Token

pytestmark = pytest.mark.django_db


def run(capsys: pytest.CaptureFixture[str], file: Path, **options: Any) -> tuple[int, dict[str, Any]]:
    """The exit code and the report."""
    code = 0
    try:
        call_command("import_gateway", sqlite=str(file), format="json", **options)
    except SystemExit as stop:
        code = int(str(stop.code))
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["new_api", "one_api", "new_api_august", "veloera", "one_hub", "done_hub"])
def test_a_migrated_gateway_has_only_known_differences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file, answers = recorded.database(name, tmp_path), recorded.answers(name)["keys"]

    with recorded.running_gateway(known_keys(file, answers)) as url:
        code, report = run(capsys, file, apply=True, verify=url)

    assert (code, report["outcome"]) == (Exit.DONE, "done")
    assert unexpected(report["keys"]) == unexpected(report["verification"]) == []
    assert report["verification"]["counts"]["compared"] == report["counts"]["tokens"]


def test_every_other_difference_is_listed_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, answers = recorded.database("one_api", tmp_path), recorded.answers("one_api")["keys"]
    run(capsys, file, apply=True)
    Token.objects.filter(name="plain").update(enabled=False)
    Token.objects.filter(name="quota").update(allow=["acme-plain"])
    Token.objects.filter(name="disabled").update(enabled=True)

    with recorded.running_gateway(known_keys(file, answers)) as url:
        code, report = run(capsys, file, verify=f"{url}/v1/")

    assert (code, report["outcome"]) == (Exit.FAILED, "failed")
    assert {(row["name"], row["differences"][0]["what"]) for row in unexpected(report["verification"])} == {
        ("plain", "it is refused here"),
        ("quota", "listed only there"),
        ("disabled", "the gateway refuses it; here it works"),
    }
    assert set(report) == {"outcome", "verification"}


def test_a_model_that_the_database_does_not_have_yet_is_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, answers = recorded.database("one_api", tmp_path), recorded.answers("one_api")["keys"]
    answers = {**answers, "plain": {**answers["plain"], "models": [*answers["plain"]["models"], "added-today"]}}
    run(capsys, file, apply=True)

    with recorded.running_gateway(known_keys(file, answers)) as url:
        code, report = run(capsys, file, verify=url)

    assert code == Exit.FAILED
    (different,) = unexpected(report["verification"])
    (difference,) = (row for row in different["differences"] if not row["expected"])
    assert (different["name"], difference["what"], difference["models"]) == (
        "plain", "listed only there", ["added-today"],
    )  # fmt: skip
    assert "older than the running gateway" in difference["why"]


def test_a_server_that_repeats_a_key_as_a_model_is_refused_without_the_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, answers = recorded.database("one_api", tmp_path), recorded.answers("one_api")["keys"]
    answers = {name: {**entry, "models": [f"Bearer sk-{entry['key']}"]} for name, entry in answers.items()}
    run(capsys, file, apply=True)

    with recorded.running_gateway(known_keys(file, answers)) as url, pytest.raises(CommandError) as stopped:
        call_command("import_gateway", sqlite=str(file), format="json", verify=url)

    text = f"{stopped.value}{capsys.readouterr().out}"
    assert "has a key among its models" in text
    assert not [name for name, entry in answers.items() if entry["key"] in text]


def test_a_migration_is_complete_even_if_the_gateway_does_not_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = recorded.database("one_api", tmp_path)

    with pytest.raises(CommandError, match="could not be reached") as error:
        call_command("import_gateway", sqlite=str(file), format="json", apply=True, verify="http://127.0.0.1:1")

    report = json.loads(capsys.readouterr().out)
    assert error.value.returncode == Exit.FAILED
    assert (report["outcome"], report["verification"]) == ("failed", {"error": str(error.value)})
    assert Token.objects.count() == report["counts"]["tokens"] > 0


@pytest.mark.parametrize("status", [302, 404, 429, 502])
def test_a_gateway_that_does_not_answer_is_one_sentence(tmp_path: Path, status: int) -> None:
    file, answers = recorded.database("one_api", tmp_path), recorded.answers("one_api")["keys"]

    with recorded.running_gateway(answers, status=status) as url, pytest.raises(CommandError) as error:
        call_command("import_gateway", sqlite=str(file), verify=url)

    assert error.value.returncode == Exit.FAILED
    assert f"answers {status} to the key of token 1" in str(error.value)
    assert not [answer["key"] for answer in answers.values() if answer["key"] in str(error.value)]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1", "127.0.0.1 could not be reached"),
        ("http://8.8.8.8/v1", "8.8.8.8 is on the public internet: use https://"),
        ("ftp://127.0.0.1", "must start with https:// or http://"),
        ("127.0.0.1:3000", "must start with https:// or http://"),
        ("https://user:secret@127.0.0.1", "without a user name, a password"),
    ],
)
def test_keys_are_sent_only_to_a_sound_address(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(CommandError, match=message) as error:
        call_command("import_gateway", sqlite=str(recorded.database("one_api", tmp_path)), verify=url)

    assert "secret" not in str(error.value)


def known_keys(file: Path, answers: dict[str, Any]) -> dict[str, Any]:
    """The recorded answers; the first key of a user, which was not recorded, gets what another key of the user gets."""
    recorded_keys = {answer["key"] for answer in answers.values()}
    with sqlite3.connect(file) as database:
        tokens = database.execute("SELECT key, user_id FROM tokens").fetchall()
    owners = dict(tokens)
    unlimited = {
        owners[answer["key"]]: answer
        for answer in sorted(answers.values(), key=lambda answer: len(answer["models"] or ()))
        if answer["key"] in owners
    }
    return answers | {key: unlimited[owner] | {"key": key} for key, owner in tokens if key not in recorded_keys}


def unexpected(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [key for key in comparison["keys"] if not all(row["expected"] for row in key["differences"])]
