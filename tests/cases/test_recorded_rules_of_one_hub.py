"""What the databases of one-hub and done-hub state for each key is what the running programs answered."""

import datetime as dt
from pathlib import Path

import pytest

from pricing.gateways.keys.gateway_rules import GatewayRules
from pricing.gateways.reading.databases import sqlite_file
from pricing.gateways.reading.reader import read_gateway
from tests.cases import recorded

RECORDED_AT = dt.datetime(2026, 11, 29, 13, tzinfo=dt.UTC)
# They list models, and their calls are refused.
LISTS_ONLY = {"g-vip"}
# May be used only from other networks than the recorded one.
OTHER_NETWORKS = {"ip-no", "n-two-ip"}
DIFFERENT = {
    "one_hub": set[str](),
    # The quota was used up by the first call; the limit on a pattern lists the pattern and permits no other call; the
    # user without quota may call free models.
    "done_hub": {"n-low", "limits-wild", "f-plain"},
}


@pytest.mark.parametrize("name", ["one_hub", "done_hub"])
def test_keys_list_and_call_what_the_program_answered(name: str, tmp_path: Path) -> None:
    with sqlite_file(recorded.database(name, tmp_path)) as tables:
        rules = GatewayRules(read_gateway(tables), at=RECORDED_AT)
    keys = recorded.answers(name)["keys"]

    for token in rules.gateway.tokens:
        if token.name in OTHER_NETWORKS | DIFFERENT[name] or token.name not in keys:
            continue
        answer, key = rules.answer(token), keys[token.name]
        if token.name not in LISTS_ONLY:
            assert answer.listed == set(key["models"] or ()), token.name
        called = {model for model, status in key["calls"].items() if status == 200}
        assert answer.callable & key["calls"].keys() == called & rules.names, token.name
