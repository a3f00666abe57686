"""A group rate takes effect at a moment, and past prices do not change."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from catalog.exact import read_json
from catalog.models import AIModel
from pricing.curation.margins import models_at_a_loss
from pricing.export.formats import FORMATS
from pricing.models import GroupRate
from pricing.published.group_rates import write_rates
from tests import world
from tests.pricing.pages import shop
from tokens.models import TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
DAY = dt.timedelta(days=1)
CHANGE = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def model(db: None) -> AIModel:
    """A model that costs $2; the group's rate drops from 1 to 0.5 at CHANGE."""
    model = world.model("gpt-4o")
    world.price(model, input="2", output="8")
    world.rate(group(), 1)
    world.rate(group(), "0.5", starts_at=CHANGE)
    return model


def group() -> TokenGroup:
    return world.token_group()


def listed(client: Client, query: str = "") -> Decimal:
    ratio: Decimal = read_json(client.get(f"/api/pricing{query}").content)["group_ratio"]["default"]
    return ratio


def quoted(client: Client, **body: Any) -> str:
    document = json.dumps({"model": "gpt-4o", "usage": {"input": 1_000_000}, **body})
    amount: str = client.post("/api/pricing/quote", document, content_type="application/json").json()["amount"]
    return amount


def test_as_of_shows_the_rate_of_that_moment(client: Client) -> None:
    assert [listed(client, f"?as_of={day}") for day in ("2025-01-01", "2026-11-30", "2026-12-01")] == [
        1,
        1,
        Decimal("0.5"),
    ]


def test_a_quote_uses_the_rate_of_its_moment(client: Client) -> None:
    assert quoted(client, at="2026-11-30T23:59:59Z") == "2"
    assert quoted(client, at="2026-12-01T00:00:00Z") == "1"


def test_an_announced_rate_takes_effect_by_itself(client: Client, time_machine: Any) -> None:
    time_machine.move_to(CHANGE - dt.timedelta(seconds=1), tick=False)
    before = [listed(client), quoted(client), "$2.00" in shop.row(shop.get(client, "/"), "gpt-4o")]
    time_machine.move_to(CHANGE)
    after = [listed(client), quoted(client), "$1.00" in shop.row(shop.get(client, "/"), "gpt-4o")]

    assert before == [1, "2", True]
    assert after == [Decimal("0.5"), "1", True]


def test_an_export_uses_the_rate_of_its_moment(client: Client, time_machine: Any) -> None:
    ratios = []
    for moment in (CHANGE - DAY, CHANGE):
        time_machine.move_to(moment)
        prices = read_json(client.get(f"/api/export/{FORMATS['litellm'].file}").content)
        ratios.append(prices["gpt-4o"]["input_cost_per_token"] * 1_000_000)
    assert ratios == [2, 1]


def test_losses_are_found_from_that_moment(model: AIModel) -> None:
    world.price(model, role="cost", input="1.5")
    assert models_at_a_loss(at=CHANGE - DAY) == frozenset()
    assert models_at_a_loss(at=CHANGE) == {model.pk}


@pytest.mark.parametrize("change", [{"ratio": Decimal("0.1")}, {"starts_at": CHANGE}, {"group": "other"}])
def test_a_rate_that_has_started_cannot_change(change: dict[str, Any]) -> None:
    rate = GroupRate.objects.in_force(at=timezone.now()).get()
    for name, value in change.items():
        setattr(rate, name, world.token_group(value) if name == "group" else value)
    with pytest.raises(ValidationError, match="has taken effect"):
        rate.full_clean()


def test_an_announced_rate_may_change_but_not_into_the_past() -> None:
    rate = world.rate(group(), 1, starts_at=timezone.now() + DAY)
    rate.ratio = Decimal("0.7")
    rate.full_clean()
    rate.starts_at = timezone.now() - DAY
    with pytest.raises(ValidationError, match="past prices cannot change"):
        rate.full_clean()


def test_two_rates_of_a_group_cannot_start_at_the_same_moment() -> None:
    with pytest.raises(ValidationError, match="Another rate of this group"):
        GroupRate(group=group(), ratio=Decimal(1), starts_at=CHANGE).full_clean()


def test_a_second_rate_for_a_moment_replaces_the_first() -> None:
    for ratio in (2, 3):
        write_rates({group().pk: Decimal(ratio)}, at=CHANGE + DAY)
    assert list(GroupRate.objects.filter(starts_at__gt=CHANGE).values_list("ratio", flat=True)) == [3]


def test_the_yaml_file_has_the_rate_in_force(tmp_path: Any, time_machine: Any) -> None:
    for moment, line in ((CHANGE - DAY, "budget_amount: null\n  channels:"), (CHANGE, "rate: '0.5'")):
        time_machine.move_to(moment)
        call_command("export_catalog", "yaml", output=str(tmp_path / "catalog.yaml"))
        assert line in (tmp_path / "catalog.yaml").read_text()
