"""A recorded database of one-hub: after the migration, keys call what they called, and calls cost what they cost."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from tests.cases import recorded
from tests.cases.one_hub_program import charges_from_our_rows
from tests.cases.recorded_calls import differing_calls, differing_charges

pytestmark = pytest.mark.django_db


def test_keys_call_what_they_called_at_the_same_price(client: Client, tmp_path: Path) -> None:
    call_command("import_gateway", sqlite=str(recorded.database("one_hub", tmp_path)), apply=True)
    answers = recorded.answers("one_hub")

    assert differing_calls(client, answers) == {}
    assert differing_charges(answers) == []
    # A site that takes its prices from here charges the same, too.
    charges = charges_from_our_rows(client, answers, program="one-hub")
    assert len(charges) > 40
    assert [(entry, quota) for entry, quota in charges if abs(quota - entry["quota"]) > 1] == []
