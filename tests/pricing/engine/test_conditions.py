"""When a price applies: boundaries, tiers, hours and days, and values that a request does not state."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from pricing.engine.conditions import ConditionError, are_exclusive, check_conditions, holds

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
SATURDAY, MONDAY = dt.date(2026, 11, 21), dt.date(2026, 11, 23)


def condition(dim: str, op: str, value: Any) -> dict[str, Any]:
    return {"dim": dim, "op": op, "value": value}


def is_off_peak(day: dt.date, clock: str) -> bool:
    """DeepSeek's off-peak hours: weekends, and other days outside 01:00-04:00 and 06:00-10:00 UTC."""
    windows = [
        {"hours": ["00:00-01:00", "04:00-06:00", "10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
        {"hours": ["00:00-00:00"], "weekdays": [6, 7]},
    ]
    at = dt.datetime.combine(day, dt.time.fromisoformat(clock), tzinfo=dt.UTC)
    return holds(condition("time", "in", {"tz": "UTC", "windows": windows}), {}, at=at)


@pytest.mark.parametrize(
    ("op", "below", "exactly", "above"),
    [("gt", False, False, True), ("gte", False, True, True), ("lt", True, False, False), ("lte", True, True, False)],
)
def test_each_comparison_has_its_own_boundary(op: str, below: bool, exactly: bool, above: bool) -> None:
    rule = condition("prompt_tokens", op, 200_000)
    results = [holds(rule, {"prompt_tokens": Decimal(number)}, at=NOON) for number in (199_999, 200_000, 200_001)]
    assert results == [below, exactly, above]


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (SATURDAY, "02:00", True),
        (MONDAY, "02:00", False),
        (MONDAY, "00:59", True),
        (MONDAY, "01:00", False),
        (MONDAY, "03:59", False),
        (MONDAY, "04:00", True),
        (MONDAY, "09:59", False),
        (MONDAY, "10:00", True),
        (MONDAY, "23:59", True),
    ],
)
def test_a_window_includes_its_start_and_excludes_its_end(day: dt.date, clock: str, expected: bool) -> None:
    assert is_off_peak(day, clock) is expected


@pytest.mark.parametrize(("hour", "expected"), [(21, False), (22, True), (0, True), (5, True), (6, False)])
def test_a_window_can_cross_midnight(hour: int, expected: bool) -> None:
    rule = condition("time", "in", {"windows": [{"hours": ["22:00-06:00"]}]})
    assert holds(rule, {}, at=NOON.replace(hour=hour)) is expected


def test_hours_and_weekdays_are_those_of_their_zones() -> None:
    windows = [{"hours": ["16:00-00:00"], "weekdays": [2]}]
    rule = condition("time", "in", {"tz": "UTC", "weekday_tz": "Asia/Shanghai", "windows": windows})
    # 17:00 on Monday in UTC is one o'clock on Tuesday in Shanghai.
    assert holds(rule, {}, at=NOON.replace(hour=17))
    assert not holds(rule, {}, at=NOON.replace(hour=17) + dt.timedelta(days=1))


def test_summer_time_moves_a_window() -> None:
    rule = condition("time", "in", {"tz": "Europe/Berlin", "windows": [{"hours": ["08:00-09:00"]}]})
    assert holds(rule, {}, at=dt.datetime(2026, 7, 1, 6, tzinfo=dt.UTC))
    assert holds(rule, {}, at=dt.datetime(2026, 1, 1, 7, tzinfo=dt.UTC))


@pytest.mark.parametrize("tier", ["", "default", "auto", "standard", None])
def test_a_request_without_a_tier_is_standard(tier: str | None) -> None:
    facts = {} if tier is None else {"service_tier": tier}
    assert holds(condition("service_tier", "eq", "standard"), facts, at=NOON)
    assert not holds(condition("service_tier", "eq", "flex"), facts, at=NOON)


def test_a_missing_value_is_false_and_equals_nothing_else() -> None:
    assert holds(condition("has_audio", "eq", False), {}, at=NOON)
    assert not holds(condition("has_audio", "eq", True), {}, at=NOON)
    assert not holds(condition("resolution", "eq", "1K"), {}, at=NOON)
    assert not holds(condition("resolution", "ne", "1K"), {}, at=NOON)
    assert not holds(condition("prompt_tokens", "lt", 10), {}, at=NOON)


def test_names_are_compared_without_case_and_true_is_not_1() -> None:
    assert holds(condition("resolution", "in", ["1K", "2K"]), {"resolution": "2k"}, at=NOON)
    assert not holds(condition("references", "eq", 1), {"references": True}, at=NOON)


def test_fields_of_the_body_and_headers_are_compared() -> None:
    rule = condition("request_match", "eq", {"body": {"a.speed": "fast"}, "headers": {"Anthropic-Beta": "x"}})
    facts = {"body": {"a": {"speed": "fast"}}, "headers": {"anthropic-beta": "x"}}
    assert holds(rule, facts, at=NOON)
    assert not holds(rule, {"body": facts["body"]}, at=NOON)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        [{"dim": "prompt_tokens"}],
        [condition("prompt_tokens", "above", 1)],
        [condition("prompt_tokens", "gt", "many")],
        [condition("time", "in", {"windows": []})],
        [condition("time", "in", {"windows": [{"hours": ["9-5"]}]})],
        [condition("time", "in", {"tz": "Mars/Olympus", "windows": [{"hours": ["00:00-01:00"]}]})],
        [condition("time", "in", {"windows": [{"hours": ["00:00-01:00"], "weekdays": [0]}]})],
        [condition("request_match", "eq", "fast")],
        [condition("request_match", "ne", {"body": {"speed": "fast"}})],
        [condition("time", "ne", {"windows": [{"hours": ["00:00-01:00"]}]})],
        [condition("time", "in", {"windows": [{"hours": []}]})],
        [condition("time", "in", {"windows": [{"hours": ["00:00-01:00"], "weekdays": []}]})],
    ],
)
def test_invalid_conditions_are_rejected(bad: Any) -> None:
    with pytest.raises(ConditionError):
        check_conditions(bad)


def test_a_stored_condition_with_an_invalid_operator_never_holds() -> None:
    assert not holds(condition("time", "ne", {"windows": [{"hours": ["00:00-00:00"]}]}), {}, at=NOON)
    assert not holds(condition("request_match", "in", {"body": {}}), {}, at=NOON)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("region", "eq", "eu"), ("region", "eq", "us"), True),
        (("region", "eq", "eu"), ("region", "eq", "EU"), False),
        (("region", "eq", "eu"), ("service_tier", "eq", "fast"), False),
        (("region", "eq", "eu"), ("region", "ne", "eu"), True),
        (("region", "ne", "eu"), ("region", "ne", "us"), False),
        (("region", "in", ["eu", "us"]), ("region", "in", ["us", "cn"]), False),
        (("region", "in", ["eu", "us"]), ("region", "in", ["jp", "cn"]), True),
        (("service_tier", "eq", "default"), ("service_tier", "eq", "standard"), False),
        (("sound", "eq", True), ("sound", "eq", False), True),
        (("prompt_tokens", "gt", 200_000), ("prompt_tokens", "lte", 200_000), True),
        (("prompt_tokens", "gte", 200_000), ("prompt_tokens", "lte", 200_000), False),
        (("prompt_tokens", "gt", 200_000), ("prompt_tokens", "gt", 128_000), False),
        (("seconds", "gt", 5), ("seconds", "lt", Decimal("5.5")), False),
        (("seconds", "gt", 5), ("seconds", "eq", 4), True),
        (("request_match", "eq", {"body": {"a": 1}}), ("request_match", "eq", {"body": {"b": 1}}), False),
        (("time", "in", {"windows": [{"hours": ["08:00-09:00"]}]}),
         ("time", "in", {"windows": [{"hours": ["10:00-11:00"]}]}), False),
    ],
)  # fmt: skip
def test_conditions_that_no_request_meets_together_are_exclusive(
    one: tuple[str, str, Any], other: tuple[str, str, Any], expected: bool
) -> None:
    assert are_exclusive(condition(*one), condition(*other)) == expected
    assert are_exclusive(condition(*other), condition(*one)) == expected
