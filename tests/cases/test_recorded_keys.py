"""Every key of a recorded gateway lists and calls here what the gateway answered, except for the known differences."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.models import AIModel
from pricing.models import PriceSheet
from tests.cases import recorded
from tests.cases.recorded_calls import Calls, differing_calls

pytestmark = pytest.mark.django_db

# Models without a price, which new-api hides from users who do not accept them.
UNPRICED = {"new_api": {"acme-unpriced", "mapped-b", "acme-grid"}, "one_api": set[str]()}
# Keys that a gateway refuses and that may list here; every call is refused here as well.
EXHAUSTED = {"exhausted"}
# Keys of a group that their users may not use: they list nothing here.
CLOSED_GROUPS = {"group-gone", "group-hidden", "group-svip", "e-vip"}
# Names in limits that the group cannot reach: the gateway lists them, and refuses their calls.
UNREACHABLE = {"ghost-model", "vip-only", "multi-a", "off-only", "acme-default-only"}
# Names with a space in limits: the gateway does not trim them, so they match nothing there.
TRIMMED = {"limits-spaces": {"acme-cache"}}
# The budget of a user without quota refuses every call; the recorded answers are lists only.
WITHOUT_QUOTA = {"new_api": {"alice", "bob", "eve", "frank"}, "one_api": set[str]()}


@pytest.mark.parametrize("name", ["new_api", "one_api"])
def test_every_key_lists_and_calls_what_it_could_before(client: Client, tmp_path: Path, name: str) -> None:
    call_command("import_gateway", sqlite=str(recorded.database(name, tmp_path)), apply=True)

    calls = Calls(client)
    catalog = frozenset(AIModel.objects.values_list("name", flat=True))
    for label, key in recorded.answers(name)["keys"].items():
        status, listed = ask(client, key)
        if key["status"] != 200 and label not in EXHAUSTED | CLOSED_GROUPS:
            assert status in (401, 403), label
            continue
        expected = set(key["models"] or ())
        if label not in EXHAUSTED:
            assert listed - expected <= UNPRICED[name] | TRIMMED.get(label, set()), label
            assert expected - listed <= UNREACHABLE, label
        is_refused = label in EXHAUSTED or key["user"] in WITHOUT_QUOTA[name]
        assert calls.of(key["key"], catalog) == (set() if is_refused else listed), label


@pytest.mark.parametrize("name", ["new_api_august", "veloera"])
def test_every_key_calls_what_it_called_before(client: Client, tmp_path: Path, name: str) -> None:
    call_command("import_gateway", sqlite=str(recorded.database(name, tmp_path)), apply=True)

    different = differing_calls(client, recorded.answers(name))

    assert different.pop("limits-spaces") == TRIMMED["limits-spaces"]
    # The gateway has no price for these, and refuses their calls after this application has allowed them.
    unpriced = {model for models in different.values() for model in models}
    assert unpriced <= {"acme-unpriced", "plg-only", "mapped-a", "cheap/mapped-p"}
    assert not PriceSheet.objects.filter(model__name__in=unpriced).exists()


def ask(client: Client, key: Mapping[str, Any]) -> tuple[int, set[str]]:
    """The status of the key's list, and the listed ids."""
    answer = client.get("/v1/models", headers={"authorization": f"Bearer sk-{key['key']}"})
    return answer.status_code, {row["id"] for row in answer.json()["data"]} if answer.status_code == 200 else set()
