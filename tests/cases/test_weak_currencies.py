"""A price in a currency with small units is a price, whatever its number would be in dollars."""

import json
from pathlib import Path

import pytest
from django.test import Client

from pricing.imports.exit_codes import Exit
from tests import world
from tests.cases.importing import quote
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db

HEADER = "model,currency,meter,amount,per,unit\n"


def csv(currency: str, amount: str) -> str:
    return f"{HEADER}solar,{currency},input,{amount},1000000,token\nsolar,{currency},output,{amount},1000000,token\n"


@pytest.mark.parametrize(
    ("currency", "amount"), [("KRW", "27000"), ("JPY", "15000"), ("IDR", "400000"), ("VND", "1e6")]
)
def test_a_price_in_a_weak_currency_is_imported_and_quoted(currency: str, amount: str, tmp_path: Path) -> None:
    world.channel("c")
    outcome = run("csv", csv(currency, amount), tmp_path, "--channel", "c", "--publish", "--apply")
    assert (outcome.code, outcome.findings()) == (Exit.DONE, ""), outcome.out + outcome.err
    answer = quote("solar", {"input": 1_000_000})
    assert (float(answer["amount"]), answer["currency"]) == (float(amount), currency)


def test_the_same_number_of_dollars_is_refused(tmp_path: Path) -> None:
    outcome = run("csv", csv("USD", "27000"), tmp_path, "--channel", "c", "--apply")
    assert "more than $10000 per million tokens" in outcome.findings()


def test_a_stored_price_in_a_weak_currency_is_shown(client: Client) -> None:
    world.price(world.model("solar"), currency="KRW", input="27000", output="54000")
    [row] = client.get("/api/pricing?unpriced=rows").json()["data"]
    assert json.dumps(row["prices"]).count("27000") == 1
