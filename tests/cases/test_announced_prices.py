"""Announced prices follow their source: a rise that it withdraws or moves does not take effect as announced before."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel, FieldPin, ImportRun
from pricing.imports.rollback import roll_back
from tests.cases.importing import import_case, quote

pytestmark = pytest.mark.django_db
AMOUNTS = "Input: $3.00 → $2.50 per million tokens; Output: $15.00 → $12.00 per million tokens"
MARCH = "2027-03-01T00:00:00Z"
MILLIONS = {"input": 1_000_000, "output": 1_000_000}


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)


def cost(model: str, usage: dict[str, int], *, at: str = MARCH) -> Decimal:
    return Decimal(quote(model, usage, at=at)["amount"])


def test_a_withdrawn_rise_does_not_take_effect() -> None:
    import_case("genai_rise_announced")
    assert cost("claude-sonnet-9", MILLIONS) == 18
    import_case("genai_rise_withdrawn")
    assert cost("claude-sonnet-9", MILLIONS) == 12


def test_a_moved_rise_takes_effect_on_its_new_day() -> None:
    import_case("genai_rise_before")
    import_case("genai_rise_moved")
    assert cost("claude-moved-9", {"input": 1_000_000}) == 2
    assert cost("claude-moved-9", {"input": 1_000_000}, at="2027-04-01T00:00:00Z") == 3


def test_another_amount_replaces_the_announced_one() -> None:
    import_case("genai_rise_before")
    import_case("genai_rise_moved")
    assert cost("claude-amount-9", {"input": 1_000_000}) == Decimal("2.5")


def test_the_plan_says_so_and_a_second_import_has_nothing_to_do() -> None:
    import_case("genai_rise_before")
    report = import_case("genai_rise_moved").report
    assert report["prices"]["announcements"] == {
        "claude-moved-9": ["announced price moved from 2027-02-01 to 2027-04-01"],
        "claude-amount-9": [
            f"announced price from 2027-02-01 changed: {AMOUNTS}",
        ],
    }
    assert (report["counts"]["withdrawn_prices"], report["counts"]["announced_prices"]) == (2, 2)
    runs = ImportRun.objects.count()
    assert import_case("genai_rise_moved").report["prices"]["withdrawn"] == {}
    assert ImportRun.objects.count() == runs


def test_a_withdrawn_price_is_in_the_plan_and_returns_with_a_rollback() -> None:
    import_case("genai_rise_announced")
    report = import_case("genai_rise_withdrawn").report
    assert report["prices"]["announcements"] == {"claude-sonnet-9": ["announced price from 2027-02-01 withdrawn"]}
    roll_back(ImportRun.objects.latest("pk"), at=timezone.now())
    assert cost("claude-sonnet-9", MILLIONS) == 18


def test_a_price_of_a_person_and_a_pinned_price_stay() -> None:
    import_case("genai_rise_announced")
    model = AIModel.objects.get(name="claude-sonnet-9")
    FieldPin.objects.create(model=model, field="list_price", reason="our contract")
    report = import_case("genai_rise_withdrawn").report
    assert report["prices"]["kept"]["claude-sonnet-9"][2] == "pinned: our contract"
    assert cost("claude-sonnet-9", MILLIONS) == 18
