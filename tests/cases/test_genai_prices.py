"""genai-prices: the newest variant in force wins in any order, and every unit has its meter."""

from typing import Any

import pytest

from tests.cases.importing import import_case, quote

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("day", "batch"), [("2026-10-14", "1.34"), ("2026-10-20", "2.68"), ("2026-10-28", "2.68"), ("2026-10-29", "1.45")]
)
def test_the_newest_batch_price_of_a_day_applies(day: str, batch: str) -> None:
    import_case("genai_dated_variants")
    usage = {"input": 1_000_000, "output": 1_000_000}
    answer = quote("mistral-promo-4", usage, at=f"{day}T12:00:00Z", service_tier="batch")
    assert answer["amount"] == batch


def test_the_batch_price_of_today_is_the_newest() -> None:
    import_case("genai_dated_variants")
    usage = {"input": 1_000_000, "output": 1_000_000}
    assert quote("mistral-promo-4", usage, service_tier="batch")["amount"] == "1.45"
    assert quote("mistral-promo-4", usage)["amount"] == "2.9"


@pytest.mark.parametrize(
    ("model", "usage", "amount"),
    [
        ("mistral-ocr-test", {"ocr": 1000}, "2"),
        ("mistral-ocr-test", {"ocr": {"quantity": 1000, "unit": "page"}}, "2"),
        ("mistral-ocr-test", {"ocr.annotation": 1000}, "3"),
        ("voxtral-mini-test", {"input.audio": {"quantity": 1, "unit": "hour"}}, "0.18"),
        ("voxtral-mini-test", {"input.audio": {"quantity": 3600, "unit": "second"}}, "0.18"),
        ("voxtral-mini-test", {"input.audio": {"quantity": 30, "unit": "minute"}}, "0.09"),
    ],
)
def test_pages_and_hours_have_their_meters(model: str, usage: dict[str, Any], amount: str) -> None:
    import_case("genai_ocr_and_hours")
    assert quote(model, usage)["amount"] == amount
