"""Lines of different sources price the same thing, however their conditions are written."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.prices import Line
from pricing.engine.line_keys import base_line, is_base, line_key, precedence


def line(*conditions: tuple[str, str, Any], meter: str = "input", kind: str = "absolute", unit: str = "token") -> Line:
    written = tuple({"dim": dim, "op": op, "value": value} for dim, op, value in conditions)
    return Line(meter, Decimal(1), unit=unit, kind=kind, conditions=written)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([("service_tier", "eq", "batch")], [("service_tier", "in", ["Batch"])]),
        ([("n", "eq", 5)], [("n", "eq", Decimal("5.0"))]),
        ([("a", "eq", "x"), ("b", "eq", "y")], [("b", "eq", "y"), ("a", "eq", "x")]),
        ([("a", "in", ["x", "y"])], [("a", "in", ["Y", "x"])]),
        ([("prompt_tokens", "gt", 200_000)], [("prompt_tokens", "gte", 272_000)]),
        ([], [("service_tier", "eq", "default")]),
        ([], [("prompt_tokens", "lte", 200_000)]),
        ([], [("has_audio", "eq", False)]),
    ],
)
def test_other_spellings_have_the_same_key(first: list[Any], second: list[Any]) -> None:
    assert line_key(line(*first)) == line_key(line(*second))


def test_a_cache_write_of_the_usual_lifetime_is_the_usual_one() -> None:
    usual, hour = (line(("cache_ttl", "eq", ttl), meter="input.cache_write") for ttl in ("5m", "1h"))
    assert line_key(usual) == line_key(line(meter="input.cache_write"))
    assert line_key(hour) != line_key(usual)


@pytest.mark.parametrize(
    "other",
    [
        line(meter="output"),
        line(unit="character"),
        line(kind="allowance"),
        line(("service_tier", "eq", "flex")),
        line(("service_tier", "ne", "batch")),
        line(("prompt_tokens", "gt", 200_000)),
    ],
)
def test_other_statements_have_other_keys(other: Line) -> None:
    assert line_key(other) != line_key(line())


def test_the_base_is_what_an_ordinary_request_pays() -> None:
    batch, cached, own = line(("service_tier", "eq", "batch")), line(meter="input.cache_read"), line(meter="x.a.b")
    assert [is_base(each) for each in (line(), batch, cached, own)] == [True, False, True, False]
    assert base_line([batch, cached, line(meter="output"), line()]) == line()
    assert base_line([batch]) == batch


def test_a_batch_applies_after_lengths_and_lengths_after_service_tiers() -> None:
    tier, flex, batch = (
        line(("prompt_tokens", "gt", 200_000)),
        line(("service_tier", "eq", "flex")),
        line(("service_tier", "eq", "batch")),
    )
    assert sorted([batch, tier, flex, line()], key=precedence) == [line(), flex, tier, batch]


def test_the_same_length_in_two_spellings_has_the_same_place() -> None:
    above, least = line(("prompt_tokens", "gt", 200_000)), line(("prompt_tokens", "gte", Decimal("200001.0")))
    assert precedence(above) == precedence(least)
