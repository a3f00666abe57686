"""Migration plans for a terminal stay short on a large site; the same plans as JSON are complete."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests import world
from tests.pricing.gateways.databases import channel, option, sqlite_gateway, token, user

pytestmark = pytest.mark.django_db
TOKENS = range(1, 8)
SHORT = "token 1, token 2, token 3, token 4, token 5, …"
LONG = "token 1, token 2, token 3, token 4, token 5, token 6, token 7"


MISTAKEN: list[Mapping[str, Any]] = [token(number, allow_ips="192.0.2.1\nhere\nthere") for number in TOKENS]


def plan(
    folder: Path, capsys: pytest.CaptureFixture[str], tokens: list[Mapping[str, Any]] = MISTAKEN, **options: Any
) -> str:
    """The plan of a gateway with these tokens: by default seven whose networks have two mistakes each."""
    file = sqlite_gateway(
        folder,
        "new-api",
        channels=[channel(1, "m")],
        tokens=tokens,
        users=[user(number) for number in range(1, len(tokens) + 1)],
        options=[option("ModelRatio", {"m": 1}), option("CompletionRatio", {"m": 1})],
    )
    with pytest.raises(SystemExit):
        call_command("import_gateway", sqlite=str(file), **options)
    return capsys.readouterr().out


def test_a_finding_about_many_tokens_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finding = "an entry in its addresses is not a valid address or network and was left out"

    assert f"\n  {SHORT}: {finding}.\n" in plan(tmp_path, capsys)
    assert f"{LONG}: {finding}" in json.loads(plan(tmp_path, capsys, format="json"))["findings"]


def test_an_unexpected_difference_of_many_keys_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.model("other")

    text = plan(tmp_path, capsys)

    assert text.count("listed only here other") == 1
    assert "\n  7 keys: listed only here other (no channel of the gateway offers it" in text
    assert f": {SHORT}.\n" in text


def test_terms_of_new_keys_without_effect_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limits = {"model_limits_enabled": 1, "model_limits": "m,zeta-1-pri"}
    tokens: list[Mapping[str, Any]] = [*(token(number, **limits) for number in TOKENS), token(8)]
    sees = "sees 1 of 1 models; `zeta-1-pri` matches nothing"

    text = plan(tmp_path, capsys, tokens)

    assert f"New keys with terms that have no effect (1):\n  {SHORT}: {sees}.\n" in text
    report = json.loads(plan(tmp_path, capsys, tokens, format="json"))
    assert report["sees"] == [{"sees": sees, "tokens": LONG.split(", ")}]
