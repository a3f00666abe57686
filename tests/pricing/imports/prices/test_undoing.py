"""A rollback restores announced prices, ends of prices and the sources of lines as they were before the import."""

from typing import Any

import pytest

from catalog.models import ImportRun
from catalog.sources.records import Document
from pricing.imports.rollback import Rollback, roll_back
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.prices.books import (
    BATCH,
    DAY,
    NOW,
    document,
    figures,
    imported,
    line,
    model,
    planned,
    sheet,
)  # fmt: skip

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
HOUR = DAY / 24
RISE = document(sheet(line("input", 2)), sheet(line("input", 3), start=60))
NO_RISE = document(sheet(line("input", 2)))


@pytest.fixture(autouse=True)
def _model(db: None) -> None:
    model()


def rolled_back(run: ImportRun | None = None, *, hours: int = 2) -> Rollback:
    run = run or ImportRun.objects.latest("pk")
    return roll_back(run, at=NOW + hours * HOUR)


def stored() -> tuple[list[Any], list[Any]]:
    """All columns of the sheets, and those of the lines but their keys."""
    columns = [field.attname for field in PriceLine._meta.concrete_fields if field.attname != "id"]
    sheets = PriceSheet.objects.order_by("pk").values()
    return list(sheets), list(PriceLine.objects.order_by("sheet", "position").values(*columns))


@pytest.mark.parametrize(
    "changed",
    [
        NO_RISE,
        document(sheet(line("input", 2)), sheet(line("input", 3), start=90)),
        document(sheet(line("input", 2)), sheet(line("input", "2.5"), start=60)),
        document(sheet(line("input", 2), end=30)),
    ],
)
def test_announced_prices_are_restored_as_they_were(changed: Document) -> None:
    imported("genai_prices", RISE)
    before = stored()
    imported("genai_prices", changed, at=NOW + HOUR)
    assert stored() != before

    assert rolled_back().stays == []

    assert stored() == before
    assert planned("genai_prices", RISE, at=NOW + 3 * HOUR)[0].is_empty


def test_all_announced_prices_of_a_model_are_restored() -> None:
    rises = document(sheet(line("input", 2)), sheet(line("input", 3), start=60), sheet(line("input", 4), start=90))
    imported("genai_prices", rises)
    before = stored()
    imported("genai_prices", NO_RISE, at=NOW + HOUR)

    assert rolled_back().stays == []

    assert stored() == before


def test_a_restored_rise_that_should_have_started_starts_now() -> None:
    imported("genai_prices", RISE)
    imported("genai_prices", NO_RISE, at=NOW + HOUR)
    rolled_back(hours=24 * 70)
    assert [figures(NOW + day * DAY) for day in (65, 70)] == [{"input": "2"}, {"input": "3"}]


def test_a_rise_that_was_announced_again_is_not_restored() -> None:
    imported("genai_prices", RISE)
    imported("genai_prices", NO_RISE, at=NOW + HOUR)
    withdrawal = ImportRun.objects.latest("pk")
    imported("genai_prices", document(sheet(line("input", 2)), sheet(line("input", 4), start=90)), at=NOW + HOUR)

    assert rolled_back(withdrawal).stays == ["announced price m list from 2027-01-28"]

    assert [figures(NOW + day * DAY) for day in (65, 95)] == [{"input": "2"}, {"input": "4"}]


def test_an_end_that_passed_since_is_not_removed_from_the_past() -> None:
    imported("genai_prices", NO_RISE)
    imported("genai_prices", document(sheet(line("input", 2), end=10)), at=NOW + HOUR)
    rolled_back(hours=24 * 20)
    assert [figures(NOW + day * DAY) for day in (9, 15, 20)] == [{"input": "2"}, {}, {"input": "2"}]


def test_the_source_of_confirmed_lines_is_restored() -> None:
    imported("litellm", document(sheet(line("input", 2), line("input", 1, BATCH))))
    before = stored()
    imported("models_dev", document(sheet(line("input", 2))), at=NOW + HOUR)
    assert stored() != before
    rolled_back()
    assert stored() == before


def test_lines_of_an_undone_import_leave_the_prices_that_carried_them_on() -> None:
    imported("litellm", document(sheet(line("input", 2), line("input", 1, BATCH))))
    first = ImportRun.objects.latest("pk")
    imported("models_dev", document(sheet(line("input", 3))), at=NOW + HOUR)
    assert figures(NOW + HOUR) == {"input": "3", "input service_tier batch": "1"}
    second = ImportRun.objects.latest("pk")

    rolled_back(first)
    assert figures(NOW + 2 * HOUR) == {"input": "3"}

    rolled_back(second, hours=3)
    assert figures(NOW + 3 * HOUR) == {}


def test_details_end_with_the_base_price_that_is_undone() -> None:
    imported("models_dev", document(sheet(line("input", 3))))
    first = ImportRun.objects.latest("pk")
    imported("litellm", document(sheet(line("input", 2), line("input", 1, BATCH))), at=NOW + HOUR)
    rolled_back(first)
    assert figures(NOW + 2 * HOUR) == {}
