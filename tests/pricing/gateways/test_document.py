"""import_gateway carries over the facts of models, vendors and channels that have a field here."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.exact import read_json
from catalog.models import AIModel, Channel, Vendor
from tests.pricing.gateways.databases import channel, sqlite_gateway

pytestmark = pytest.mark.django_db

ENTRY = {"status": 1, "name_rule": 0}


def migrate(folder: Path, **rows: Any) -> Any:
    out = io.StringIO()
    file = sqlite_gateway(folder, "new-api", tokens=[], **rows)
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out)
    return read_json(out.getvalue().encode())


def test_vendors_keep_their_descriptions(tmp_path: Path) -> None:
    migrate(
        tmp_path,
        channels=[channel(1, "acme-1")],
        models=[{**ENTRY, "id": 1, "model_name": "acme-1", "vendor_id": 7}],
        vendors=[{"id": 7, "name": "Acme", "icon": "Acme.Color", "description": "Acme described"}],
    )

    acme = Vendor.objects.get(name="Acme")
    assert (acme.icon, acme.description) == ("Acme.Color", "Acme described")


def test_metadata_becomes_facts_and_the_rest_is_listed(tmp_path: Path) -> None:
    metadata = '{"maxOutputTokens": 8192, "isReasoning": true, "colour": "blue"}'
    report = migrate(
        tmp_path,
        channels=[channel(1, "acme-1,acme-2,other")],
        models=[
            {**ENTRY, "id": 1, "model_name": "acme-", "name_rule": 1, "metadata": metadata},
            {**ENTRY, "id": 2, "model_name": "other", "metadata": "{broken"},
        ],
    )

    acme = AIModel.objects.get(name="acme-2")
    assert (acme.max_output_tokens, acme.capabilities) == (8192, ["reasoning"])
    assert {"subject": "models.metadata", "count": 1, "names": ["colour (2 models)"]}.items() <= {
        kind["subject"]: kind for kind in report["left_out"]
    }["models.metadata"].items()
    assert "model other: its metadata is not JSON and was left out" in report["findings"]


def test_remarks_and_tags_are_in_the_notes_of_channels(tmp_path: Path) -> None:
    migrate(tmp_path, channels=[channel(1, "acme-1", tag="teamA", remark="Call Bob first")])

    assert Channel.objects.get().note == (
        "Channel 1 of new-api, type OpenAI, 1 upstream key (not imported). Tag teamA. Remark: Call Bob first"
    )
