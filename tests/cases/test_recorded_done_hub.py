"""A recorded database of done-hub: after the migration, keys call what they called, and calls cost what they cost."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from tests.cases import recorded
from tests.cases.one_hub_program import charges_from_our_rows
from tests.cases.recorded_calls import differing_calls, differing_charges

pytestmark = pytest.mark.django_db

# Served by a channel of Anthropic's type.
CLAUDE = {"sonnet-x", "sonnet-y", "claude-sonnet-4-acme"}
KNOWN = {
    # The user has no quota: the program refuses all calls but those of free models, a budget here all calls.
    "f-plain": {"acme-free"},
    # A limit on a pattern permits only calls of the pattern itself there, which no provider has, and none here.
    "limits-wild": {"chan-wild-*"},
}


def test_keys_call_what_they_called_at_the_same_price(client: Client, tmp_path: Path) -> None:
    call_command("import_gateway", sqlite=str(recorded.database("done_hub", tmp_path)), apply=True)
    answers = recorded.answers("done_hub")
    # Its quota of one unit was used up by the first recorded call.
    answers["keys"].pop("n-low")

    assert differing_calls(client, answers) == KNOWN
    # The Gemini channel answered with a usage of its own.
    assert differing_charges(answers, claude=CLAUDE, known={"gemini-acme"}) == []
    # A site that takes its prices from here charges the same, too, long prompts included.
    charges = charges_from_our_rows(client, answers, program="done-hub", claude=CLAUDE)
    assert len(charges) > 60
    assert [
        (entry, quota)
        for entry, quota in charges
        if abs(quota - entry["quota"]) > 1 and entry["model"] != "gemini-acme"
    ] == []
