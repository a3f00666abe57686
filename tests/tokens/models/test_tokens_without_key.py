"""A token that only a catalog file describes has no key: nobody can use it until it is rotated."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from tests import world
from tests.pricing.imports.running import run
from tokens.auth.explaining import explain
from tokens.auth.key_lookup import find_keys
from tokens.models import RetiredKey, Token

pytestmark = pytest.mark.django_db

FILE = """format: modelbook/1
tokens:
- {key_id: abcdefgh12, name: Acme, groups: [default], allow: null}
"""


@pytest.fixture
def token(tmp_path: Path) -> Token:
    world.model("gpt-4o")
    assert run("yaml", FILE, tmp_path, "--apply").code == 0
    token: Token = Token.objects.get()
    return token


def models(key: str) -> int:
    return Client().get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code


def test_nobody_can_use_it(token: Token) -> None:
    assert (token.key_id, token.masked, token.has_key) == ("abcdefgh12", "no key yet", False)
    for key in (token.digest, token.masked, token.key_id, f"mb_live_{token.key_id}_{token.digest[1:]}aaaaaa"):
        assert models(key) == 401
    for key in (token.digest, token.masked):
        assert not find_keys(key, Token.objects.exclude(masked=key)).matches


def test_an_explanation_says_so(token: Token) -> None:
    explanation = explain(token, "gpt-4o", at=timezone.now())
    gate = explanation.obstacle
    assert gate is not None
    assert (gate.asks, gate.because) == ("the token has a key", "it has no key yet: rotate it to get one")
    assert explanation.answer is not None
    assert explanation.answer.status == 401
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("explain_token", token.key_id, "gpt-4o", stdout=out)
    assert "it has no key yet: rotate it to get one" in out.getvalue()


def test_its_first_key_has_the_key_id_of_the_file(token: Token, tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    call_command("rotate_token", token.key_id, format="json", stdout=out, stderr=err)

    answer = json.loads(out.getvalue())
    assert answer["key_id"] == "abcdefgh12"
    assert "It had none." in err.getvalue()
    assert models(answer["key"]) == 200
    assert not RetiredKey.objects.exists()
    assert run("yaml", FILE, tmp_path, "--prune").report["outcome"] == "done"


def test_a_file_with_an_earlier_key_id_means_the_same_token(token: Token, tmp_path: Path) -> None:
    token.rotate(grace=world.LONG_AGO - world.LONG_AGO, at=timezone.now())
    token.rotate(grace=world.LONG_AGO - world.LONG_AGO, at=timezone.now())
    assert token.key_id != "abcdefgh12"

    assert run("yaml", FILE, tmp_path, "--prune").report["outcome"] == "done"
    assert run("yaml", FILE.replace("name: Acme", "name: Beta"), tmp_path, "--prune", "--apply").code == 0

    token.refresh_from_db()
    assert (Token.objects.count(), token.name, token.enabled, token.has_key) == (1, "Beta", True, True)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ("groups: [nobody]", "token abcdefgh13 was left out: groups: there is no group nobody"),
        ("networks: [home]", "token abcdefgh13 was left out: 'home' does not appear to be an IPv4 or IPv6 network"),
        (
            "starts_at: 2026-12-02T00:00:00Z, expires_at: 2026-12-01T00:00:00Z",
            "token abcdefgh13 was left out: A token cannot expire before it starts",
        ),
        ("first_group: default", "token abcdefgh13 was left out: The token is not in group default"),
        ("allow: ['price:input<=x']", "token abcdefgh13 was left out: allow: "),
        ("metadata: '{\"a\": [1]}'", "token abcdefgh13 was left out: metadata: "),
    ],
)
def test_terms_that_are_not_valid_grant_nothing(tmp_path: Path, fields: str, sentence: str) -> None:
    world.model("gpt-4o")
    text = FILE + f"- {{key_id: abcdefgh13, name: Wrong, {fields}}}\n"

    outcome = run("yaml", text, tmp_path, "--apply")

    assert sentence in outcome.findings()
    assert not Token.objects.filter(key_id="abcdefgh13").exists()


def test_a_rollback_restores_terms_and_groups(token: Token, tmp_path: Path) -> None:
    world.token_group("vip")
    edited = FILE.replace("groups: [default], allow: null", "groups: [vip], deny: [gpt-*], note: new")
    edited += "- {key_id: abcdefgh13, name: Beta, groups: [vip]}\n"
    assert run("yaml", edited, tmp_path, "--apply", "--accept-loss").code == 0
    token.refresh_from_db()
    assert (token.deny, [group.slug for group in token.groups.all()]) == (["gpt-*"], ["vip"])

    call_command("rollback_import", str(token.history.first().run_id), accept_loss=True)

    token.refresh_from_db()
    assert (token.deny, token.note, [group.slug for group in token.groups.all()]) == ([], "", ["default"])
    assert Token.objects.count() == 1
    assert [row.tokengroup.slug for row in token.history.first().groups.all()] == ["default"]


def test_an_empty_section_disables_all_tokens_and_a_missing_one_none(tmp_path: Path) -> None:
    world.model("gpt-4o")
    key = world.key(name="Acme")
    roles = "format: modelbook/1\nroles: []\n"
    assert run("yaml", roles, tmp_path, "--prune", "--apply").code == 0
    assert models(key) == 200
    empty = "format: modelbook/1\ntokens: []\n"

    refused = run("yaml", empty, tmp_path, "--prune", "--apply")
    assert (refused.code, models(key)) == (3, 200)
    assert "Acme" in refused.report["guards"][0]
    assert run("yaml", empty, tmp_path, "--prune", "--apply", "--accept-loss").code == 0

    assert models(key) == 401
    assert run("yaml", empty, tmp_path, "--prune").report["outcome"] == "done"
    assert Token.objects.get().history.first().run_id is not None
    call_command("rollback_import", str(Token.objects.get().history.first().run_id))
    assert models(key) == 200


def test_a_change_with_an_invalid_term_changes_nothing(token: Token, tmp_path: Path) -> None:
    edited = FILE.replace("name: Acme", "name: Beta").replace("allow: null", "deny: ['price:input<=x']")
    assert "token abcdefgh12 was left out: deny: " in run("yaml", edited, tmp_path, "--apply").findings()
    token.refresh_from_db()
    assert token.name == "Acme"


def test_a_key_in_place_of_its_id_is_refused_and_not_shown(tmp_path: Path) -> None:
    key = world.key(name="Acme")
    for field in ("", ", color: red"):
        text = f"format: modelbook/1\ntokens:\n- {{key_id: {key}, name: Acme{field}}}\n"
        outcome = run("yaml", text, tmp_path, "--apply")
        assert key not in outcome.out + outcome.err
        assert key[12:] not in outcome.out + outcome.err
        assert Token.objects.count() == 1
    assert "this is not a valid key id: use 10 letters and digits" in run("yaml", FILE.replace("12", "1"), tmp_path).out
