"""A gateway whose models cannot be imported stops the migration: its keys would reach no model."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.pricing.gateways.databases import channel, sqlite_gateway, token, user
from tokens.models import Token

pytestmark = pytest.mark.django_db


def test_a_gateway_without_a_model_that_can_be_stored_is_refused(tmp_path: Path) -> None:
    file = sqlite_gateway(
        tmp_path, "new-api", channels=[channel(1, "bad\x01id")], tokens=[token(1)], users=[user(1, quota=5)]
    )

    with pytest.raises(CommandError, match="no model that can be stored") as refused:
        call_command("import_gateway", sqlite=str(file), apply=True)

    assert refused.value.returncode == 4
    assert not Token.objects.exists()
