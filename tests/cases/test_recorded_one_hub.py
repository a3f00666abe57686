"""A recorded database of one-hub: after the migration, keys call and calls cost what they did in the gateway."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).parent / "files" / "gateways"
RECORDED: dict[str, Any] = json.loads((FOLDER / "one_hub.json").read_text())
KEYS: dict[str, Any] = RECORDED["keys"]
CHARGES: list[dict[str, Any]] = [charge for charge in RECORDED["charges"] if "quota" in charge]
# It fits a pattern of a channel only.
OF_PATTERN = "chan-wild-x1"
# The table of the recorded usage: kind of token -> our meter, per side of the call.
METERS = {
    "prompt_tokens_details": {
        "cached_tokens": "input.cache_read", "audio_tokens": "input.audio", "image_tokens": "input.image",
        "text_tokens": "input.text",
    },
    "completion_tokens_details": {
        "audio_tokens": "output.audio", "image_tokens": "output.image", "reasoning_tokens": "output.reasoning",
    },
}  # fmt: skip
ONE_UNIT = Decimal("0.000002")


def test_keys_call_what_they_called_at_the_same_price(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "one_hub.db"
    file.write_bytes(gzip.decompress((FOLDER / "one_hub.db.gz").read_bytes()))
    call_command("import_gateway", sqlite=str(file), apply=True)

    assert {
        name: difference
        for name, key in KEYS.items()
        if (difference := (calls(client, key) ^ allowed(key)) - {OF_PATTERN})
    } == {}
    charges = [charge for charge in CHARGES if charge["model"] != OF_PATTERN]
    assert [charge for charge in charges if abs(quoted(client, charge) - charged(charge)) > ONE_UNIT] == []


def calls(client: Client, key: dict[str, Any]) -> set[str]:
    """The probed models that the key may call."""
    headers = {"authorization": f"Bearer sk-{key['key']}"}
    return {
        model
        for model in key["calls"]
        if client.get("/api/authorize", {"model": model}, headers=headers).status_code == 204
    }


def allowed(key: dict[str, Any]) -> set[str]:
    return {model for model, status in key["calls"].items() if status == 200}


def quoted(client: Client, charge: dict[str, Any]) -> Decimal:
    answer = client.post(
        "/api/pricing/quote",
        json.dumps({"model": charge["model"], "usage": usage_of(charge["usage"])}),
        content_type="application/json",
        headers={"authorization": f"Bearer {KEYS[charge['key']]['key']}"},
    )
    assert answer.status_code == 200, (charge, answer.content)
    return Decimal(answer.json()["amount"])


def charged(charge: dict[str, Any]) -> Decimal:
    return Decimal(charge["quota"]) * ONE_UNIT


def usage_of(recorded: dict[str, Any]) -> dict[str, int]:
    usage = {"input": recorded["prompt_tokens"], "output": recorded["completion_tokens"]}
    for side, details in METERS.items():
        for kind, meter in details.items():
            tokens = recorded.get(side, {}).get(kind, 0)
            if tokens:
                usage[meter] = tokens
                usage[meter.partition(".")[0]] -= tokens
    return usage
