"""The stored prices from now on are those of a source's last document, whatever it announced before."""

import datetime as dt

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.prices import Sheet
from tests.pricing.imports.prices.books import (
    DAY,
    NOW,
    document,
    figures,
    imported,
    line,
    model,
    planned,
    sheet,
    timeline,
)
from tests.sizes import size

pytestmark = pytest.mark.django_db
DAYS = range(-4, 12)
HOUR = dt.timedelta(hours=1)


def price(amount: int, start: int | None = None, end: int | None = None) -> Sheet:
    return sheet(line("input", amount), start=start, end=end)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Sheet, ...]:
    """A price without a start, and later ones that may end and overlap."""
    days = st.integers(-3, 10)
    first = price(draw(st.integers(1, 3)), end=draw(st.none() | days))
    later = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(days)
        later.append(price(draw(st.integers(1, 3)), start, draw(st.none() | st.integers(start + 1, 11))))
    return first, *later


@settings(max_examples=size(15, full=100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(schedules(), st.integers(0, 3)), min_size=1, max_size=4))
def test_only_the_last_document_counts(documents: list[tuple[tuple[Sheet, ...], int]]) -> None:
    at = NOW
    with transaction.atomic():
        model()
        past: dict[dt.datetime, dict[str, str]] = {}
        for schedule, days in documents:
            # The time before the first price is filled with the past prices of the source.
            past |= {moment: known for moment in (at - DAY, at) if (known := figures(moment))}
            at += days * DAY + HOUR
            imported("genai_prices", document(*schedule), at=at)
            assert planned("genai_prices", document(*schedule), at=at)[0].is_empty
            assert {moment: figures(moment) for moment in past} == past
        result = timeline(at, DAYS)
        transaction.set_rollback(True)
    with transaction.atomic():
        model()
        imported("genai_prices", document(*documents[-1][0]), at=at)
        expected = timeline(at, DAYS)
        transaction.set_rollback(True)
    assert result == expected


def test_one_end_is_stated_once() -> None:
    model()
    imported("llm_prices", document(price(2, end=9), price(3, start=9)))
    plan = imported("llm_prices", document(price(2, end=9), price(3, start=9, end=10)))
    assert list(plan.announcements("m")) == ["price since 2026-12-08 ends on 2026-12-09"]
    assert plan.counts()["changed_ends"] == 1
    assert (figures(NOW + 9 * DAY), figures(NOW + 10 * DAY)) == ({"input": "3"}, {})
