"""Each line of a price is that of the most trusted source that states it, whatever the order of the imports."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import AIModel
from catalog.prices import USE_FACTORS, Line
from pricing.engine.quoting import Use, quote
from pricing.models import PriceSheet
from pricing.published.prices import published_sheets
from tests.pricing.imports.prices.books import (
    BATCH,
    DAY,
    LONG,
    NOW,
    document,
    figures,
    imported,
    label,
    line,
    model,
    planned,
    sheet,
)
from tests.sizes import size

pytestmark = pytest.mark.django_db
# From the least to the most trusted one.
FAST = {"dim": "service_tier", "op": "eq", "value": "fast"}
SOURCES = ("openrouter", "litellm", "models_dev")
# Equally trusted; what the program of a gateway computes wins over what is stored.
OF_A_GATEWAY = ("ratio_config", "gateway", "new_api")
DETAILS = (
    ("output", ()),
    ("input.cache_read", ()),
    ("input", (BATCH,)),
    ("output", (BATCH,)),
    ("input", (LONG,)),
    ("input.cache_write", ({"dim": "cache_ttl", "op": "eq", "value": "1h"},)),
    ("web_search", ()),
)


@st.composite
def statements(draw: st.DrawFn) -> list[Line]:
    chosen = draw(st.sets(st.sampled_from(range(len(DETAILS)))))
    details = [DETAILS[place] for place in sorted(chosen)]
    return [line(meter, draw(st.integers(1, 3)), *conditions) for meter, conditions in (("input", ()), *details)]


@pytest.mark.parametrize("ranked", [SOURCES, OF_A_GATEWAY])
@settings(max_examples=size(10, full=60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stated=st.lists(statements(), min_size=2, max_size=3))
def test_the_order_of_imports_does_not_matter(ranked: tuple[str, ...], stated: list[list[Line]]) -> None:
    sources = dict(zip(ranked, stated, strict=False))
    expected = {label(each): f"{each.amount:f}" for lines in sources.values() for each in lines}
    for order in permutations(sources):
        with transaction.atomic():
            model()
            for source in order:
                imported(source, document(sheet(*sources[source])))
            result = figures(NOW)
            for source in reversed(order):
                assert planned(source, document(sheet(*sources[source])))[0].is_empty
            transaction.set_rollback(True)
        assert result == expected


def prices(source: str, *lines: Line, currency: str = "USD") -> None:
    imported(source, document(sheet(*lines, currency=currency)))


def test_prices_in_another_currency_are_replaced_as_a_whole() -> None:
    model()
    prices("litellm", line("input", 2), line("input", 1, BATCH))
    prices("models_dev", line("input", 3), currency="CNY")
    assert figures(NOW) == {"input": "3"}


@pytest.mark.parametrize("order", list(permutations(OF_A_GATEWAY)))
def test_the_price_that_a_gateway_computes_wins_as_a_whole(order: tuple[str, ...]) -> None:
    stated = {
        "ratio_config": line("input", 1),
        "gateway": line("input", 2),
        "new_api": Line("request", Decimal(3), 1, "request"),
    }
    model()
    for source in order:
        prices(source, stated[source])
    assert figures(NOW) == {"request": "3"}


@pytest.mark.parametrize("order", [("gateway", "new_api"), ("new_api", "gateway")])
@pytest.mark.parametrize("listed", [4, 5])
@pytest.mark.parametrize("facts", [{}, {"display_unit": "/1M"}])
def test_factors_of_usage_stay_beside_the_prices_of_a_listing(
    order: tuple[str, str], listed: int, facts: dict[str, str]
) -> None:
    factors = {"input.cache_write": Decimal("1.25")}
    of_database = replace(sheet(line("input", 2), line("output", 4)), states_use_factors=True)
    stated = {
        "gateway": replace(of_database, facts={USE_FACTORS: factors}),
        "new_api": replace(sheet(line("input", 2), line("output", listed)), facts=facts, states_facts=bool(facts)),
    }
    model()
    for source in order:
        imported(source, document(stated[source]))
    sheets = PriceSheet.objects.count()
    for source in order:
        imported(source, document(stated[source]))

    current = PriceSheet.objects.in_force(at=NOW).get()
    assert (figures(NOW), current.facts) == (
        {"input": "2", "output": f"{listed}"},
        {**facts, USE_FACTORS: factors},
    )
    assert PriceSheet.objects.count() == sheets


@pytest.mark.parametrize(
    ("source", "order", "charged"),
    [
        # A less trusted source has no say in what the gateway charges for cache writes: 1.25 and 2 times the input.
        ("openrouter", 1, ["7.5", "12"]),
        ("openrouter", -1, ["7.5", "12"]),
        # Of equally trusted sources, the one that wrote first.
        ("litellm", 1, ["7.5", "12"]),
        ("litellm", -1, ["3.75", "6"]),
        # The price of a source that wins is its own, and not multiplied.
        ("new_api", 1, ["3.75", "6"]),
        ("new_api", -1, ["3.75", "6"]),
    ],
)
def test_a_factor_of_usage_does_not_multiply_the_price_of_another_source(
    source: str, order: int, charged: list[str]
) -> None:
    factors = {"input.cache_write": Decimal("1.25"), "input.cache_write[1h]": Decimal(2)}
    of_database = replace(sheet(line("input", 6), line("output", 30)), facts={USE_FACTORS: factors})
    hour = {"dim": "cache_ttl", "op": "eq", "value": "1h"}
    writes = (line("input.cache_write", Decimal("3.75")), line("input.cache_write", 6, hour))
    stated = {
        "gateway": replace(of_database, states_use_factors=True),
        source: sheet(line("input", 6), line("output", 30), *writes),
    }
    model()
    for name in [*stated][::order] * 2:
        imported(name, document(stated[name]))

    (price,) = published_sheets(AIModel.objects.all(), at=NOW, groups=None).values()
    usage = [{name: Use(Decimal(1_000_000))} for name in factors]
    assert [f"{quote(price, use, {}, at=NOW).amount:f}" for use in usage] == charged


def test_a_database_ends_its_own_factors_of_usage() -> None:
    of_database = replace(sheet(line("input", 2), line("output", 4)), states_use_factors=True)
    model()
    imported("gateway", document(replace(of_database, facts={USE_FACTORS: {"input.cache_write": Decimal("1.25")}})))
    imported("gateway", document(of_database), at=NOW + DAY)

    assert PriceSheet.objects.in_force(at=NOW + DAY).get().facts == {}


def test_a_listing_of_a_gateway_does_not_replace_another_equally_trusted_source() -> None:
    model()
    prices("litellm", line("input", 2))
    prices("gateway", line("output", 5))
    prices("new_api", line("input", 3), line("output", 6))
    assert figures(NOW) == {"input": "2", "output": "6"}


def test_a_price_per_call_has_no_details_of_a_price_per_token() -> None:
    model()
    prices("litellm", line("input", 2), line("input", 1, BATCH))
    prices("models_dev", Line("request", Decimal("0.01"), unit="request"))
    assert figures(NOW) == {"request": "0.01"}


def test_a_factor_does_not_multiply_the_price_that_another_source_states_for_the_case() -> None:
    model()
    prices("litellm", line("input", 2), Line("", Decimal(6), kind="multiplier", conditions=(FAST,)))
    prices("models_dev", line("input", 2), line("input", 5, FAST))
    assert figures(NOW) == {"input": "2", "input service_tier fast": "5"}


def test_tiers_of_a_source_are_one_statement() -> None:
    model()
    prices("litellm", line("input", 2), line("input", 4, LONG))
    prices("models_dev", line("input", 2), line("input", 5, {**LONG, "value": 272_000}))
    assert figures(NOW) == {"input": "2", "input prompt_tokens 272000": "5"}


def test_a_line_that_is_stated_only_later_stays_that_of_its_source() -> None:
    model()
    imported("litellm", document(sheet(line("input", 1), line("input", 1, BATCH))))
    later = document(sheet(line("input", 3)), sheet(line("input", 3), line("input", 1, BATCH), start=9))
    imported("models_dev", later)
    for _ in range(2):
        assert imported("models_dev", later).is_empty
    assert figures(NOW) == {"input": "3", "input service_tier batch": "1"}


def test_a_price_that_a_source_states_until_an_end_continues_as_that_of_the_other_source() -> None:
    model()
    imported("litellm", document(sheet(line("input", 1)), sheet(line("input", 3), start=4)))
    until = document(sheet(line("input", 3), end=5))
    imported("models_dev", until)
    for _ in range(2):
        assert imported("models_dev", until).is_empty
    assert figures(NOW + 6 * DAY) == {"input": "3"}
