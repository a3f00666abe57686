"""The rows of a structure can be limited to models and follow the models' new ids."""

import datetime as dt
from decimal import Decimal

import pytest

from catalog.prices import Line, Sheet
from catalog.sources.records import Record, Structure

SHEET = Sheet("USD", ())
STRUCTURE = Structure(
    vendors={"acme": {"name": "Acme"}},
    endpoint_types={"holo": {"path": "/holo"}, "other": {"path": "/other"}},
    reach={"vip": ("east",)},
    models={"a": {"status": "published"}, "b": {"status": "draft"}},
    aliases={"old-a": {"model": "a"}, "old-b": {"model": "b"}},
    offers={("east", "a"): {}, ("east", "b"): {}},
    popular={"a": {"position": 0}, "b": {"position": 1}},
    prices={"list": {"a": SHEET, "b": SHEET}},
    additions_only=frozenset({"popular"}),
)


def test_a_narrowed_structure_has_the_rows_of_the_models() -> None:
    assert STRUCTURE.narrowed({"a"}, endpoint_types={"holo"}) == Structure(
        endpoint_types={"holo": {"path": "/holo"}},
        models={"a": {"status": "published"}},
        aliases={"old-a": {"model": "a"}},
        offers={("east", "a"): {}},
        popular={"a": {"position": 0}},
        prices={"list": {"a": SHEET}},
        additions_only=frozenset({"popular"}),
    )


def test_rows_of_no_model_remain_on_request() -> None:
    narrowed = STRUCTURE.narrowed({"a"}, beside=True)
    assert (narrowed.vendors, narrowed.reach) == (STRUCTURE.vendors, STRUCTURE.reach)
    assert narrowed.endpoint_types == STRUCTURE.endpoint_types
    assert list(narrowed.popular) == ["a"]


def test_the_rows_of_aliases_become_those_of_their_models() -> None:
    renamed = STRUCTURE.renamed({"b": "c"})
    assert list(renamed.models) == list(renamed.popular) == list(renamed.prices["list"])
    assert set(renamed.models) == {"a", "c"}
    assert renamed.aliases["old-b"] == {"model": "c"}
    assert ("east", "c") in renamed.offers


def test_a_models_own_row_precedes_that_of_its_alias() -> None:
    assert STRUCTURE.renamed({"b": "a"}).popular == {"a": {"position": 0}}
    both = Structure(popular={"x": {"position": 0}, "y": {"position": 1}})
    assert both.renamed({"x": "a", "y": "a"}).popular == {"a": {"position": 0}}


DAYS = [dt.datetime(2026, 12, day, tzinfo=dt.UTC) for day in range(1, 32)]
USUAL = Sheet("USD", (Line("input", Decimal(2)),))
PROMOTION = Sheet("USD", (Line("input", Decimal(1)),), starts_at=DAYS[14], ends_at=DAYS[24])


def period_of(price: Sheet) -> tuple[dt.datetime | None, dt.datetime | None, str]:
    """Start, end and amount."""
    return price.starts_at, price.ends_at, str(price.lines[0].amount)


@pytest.mark.parametrize(
    ("day", "current", "announced"), [(9, 2, [(14, 1), (24, 2)]), (14, 1, [(24, 2)]), (23, 1, [(24, 2)]), (24, 2, [])]
)
def test_after_a_promotion_the_usual_price_applies_again(
    day: int, current: int, announced: list[tuple[int, int]]
) -> None:
    record = Record("m", schedule=(USUAL, PROMOTION)).priced_at(DAYS[day])
    assert record.prices is not None
    assert record.prices.ends_at is None
    assert record.prices.lines[0].amount == current
    assert [period_of(price) for price in record.announced] == [
        (DAYS[start], None, str(amount)) for start, amount in announced
    ]


def test_past_prices_do_not_overlap() -> None:
    record = Record("m", schedule=(USUAL, PROMOTION)).priced_at(DAYS[27])
    assert [period_of(price) for price in record.past] == [
        (None, DAYS[14], "2"),
        (DAYS[14], DAYS[24], "1"),
        (DAYS[24], DAYS[27], "2"),
    ]


def test_a_price_ends_where_no_other_one_follows() -> None:
    record = Record("m", schedule=(PROMOTION,)).priced_at(DAYS[20])
    assert record.prices is not None
    assert (record.prices.ends_at, record.announced) == (DAYS[24], ())
    assert Record("m", schedule=(PROMOTION,)).priced_at(DAYS[25]).prices is None
