"""Commands that change tokens say what keys lose, and stop if it is much."""

import json

import pytest
from django.core.management import call_command

from tests import world
from tokens.models import Token

pytestmark = pytest.mark.django_db


def acme() -> Token:
    for number in range(3):
        world.model(f"m-{number}")
    return world.token(name="Acme")[0]


def test_an_update_that_takes_many_models_stops_until_it_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    token = acme()
    for options in (["--dry-run"], []):
        with pytest.raises(SystemExit) as stop:
            call_command("update_token", token.key_id, "--deny", "m-1", *options)
        assert stop.value.code == 3
        text = capsys.readouterr().out
        assert "would be changed:\n  deny: none -> m-1\n" in text
        assert "  The key Acme loses 1 of 3 models (m-1).\n" in text
        assert "Acme (1 of 3). If this is correct, repeat with --accept-loss.\n  Nothing was changed.\n" in text
        assert Token.objects.get().deny == []
    call_command("update_token", token.key_id, "--deny", "m-1", "--accept-loss", "--format", "json")
    report = json.loads(capsys.readouterr().out)
    assert (report["guards"], report["impact"]["keys"][0]["loses"]) == ([], ["m-1"])
    assert Token.objects.get().deny == ["m-1"]


def test_a_revoked_key_is_shown_with_its_models_and_is_not_guarded(capsys: pytest.CaptureFixture[str]) -> None:
    token = acme()
    call_command("revoke_token", token.key_id, "--dry-run")
    assert "  The key Acme is disabled and loses its 3 models.\n" in capsys.readouterr().out
    assert Token.objects.get().enabled
    call_command("revoke_token", token.key_id)
    assert "  The key Acme is disabled and loses its 3 models.\n" in capsys.readouterr().out
    assert not Token.objects.get().enabled
