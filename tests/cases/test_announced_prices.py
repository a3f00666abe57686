"""Announced prices follow their source: a rise that it withdraws or moves does not take effect as announced before."""

from decimal import Decimal
from typing import Any

import pytest

from tests.cases.importing import import_case, quote

pytestmark = pytest.mark.django_db
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
