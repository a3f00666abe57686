"""Costs add up exactly, per token and group, and in the period that they belong to."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.db import changes, revision
from catalog.db.bulk import update_with_history
from pricing.models import CurrencyRate, Spending
from pricing.usage.spending import Cost, record
from tests import world
from tokens.models import Token, TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
DECEMBER = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)


def spend(
    token: Token, amount: str | None, *, at: dt.datetime = NOON, currency: str = "USD", group: int | None = None
) -> Any:
    cost = None if amount is None else Decimal(amount)
    return record([Cost(token.pk, group, at, cost, currency)])


def budgeted(amount: str, period: str = "month", **fields: Any) -> Token:
    return world.token(budget_amount=Decimal(amount), budget_period=period, **fields)[0]


def test_costs_add_up_to_the_last_digit() -> None:
    token = budgeted("1")

    for _ in range(3):
        spend(token, "0.1")
    spend(token, "0.0000000000000000000000000000000000000001")

    token.refresh_from_db()
    assert token.spent == Decimal("0.3000000000000000000000000000000000000001")
    assert Spending.objects.get().amount == token.spent
    assert Spending.objects.get().calls == 4


def test_a_small_cost_beside_a_large_one_loses_no_digit() -> None:
    token = budgeted("9" * 12)

    spend(token, "123456789012.3")
    spend(token, "0.0000000000000000000000000000000000000001")
    spend(token, "0.0000000000000000000000000000000000000001")

    token.refresh_from_db()
    assert token.spent == Decimal("123456789012.3000000000000000000000000000000000000002")


def test_the_budget_is_used_up_by_the_call_that_reaches_it() -> None:
    token = budgeted("1")

    assert spend(token, "0.79") == []
    (warning,) = spend(token, "0.01")
    assert spend(token, "0.1") == []
    (end,) = spend(token, "0.1")
    assert spend(token, "5") == []

    token.refresh_from_db()
    assert (warning.is_spent, end.is_spent) == (False, True)
    assert str(end) == (
        f"The budget of token {token.key_id} is used up: 1 of 1 USD per month is spent. "
        "It resets at 2026-12-01T00:00:00Z."
    )
    assert (token.spent_until, token.warned_until) == (DECEMBER, DECEMBER)


def test_the_next_period_starts_with_nothing_spent(time_machine: Any) -> None:
    token = budgeted("1", "day")
    spend(token, "1")

    time_machine.move_to(DECEMBER, tick=False)
    token.refresh_from_db()
    assert token.budget is not None
    assert not token.budget.is_spent(at=DECEMBER)
    assert token.spent_at(at=DECEMBER).amount == 0
    spend(token, "0.25", at=DECEMBER)

    token.refresh_from_db()
    assert (token.spent, token.spent_until) == (Decimal("0.25"), None)


def test_a_late_call_counts_in_its_own_period(time_machine: Any) -> None:
    token = budgeted("1", "day")
    spend(token, "0.5", at=NOON - dt.timedelta(days=1))
    token.refresh_from_db()
    assert token.spent == 0

    # Its reporter's clock is ahead; the day begins with what it reported.
    spend(token, "0.75", at=DECEMBER)
    time_machine.move_to(DECEMBER + dt.timedelta(hours=1), tick=False)
    spend(token, "0.25", at=DECEMBER)

    token.refresh_from_db()
    assert (token.spent, token.spent_until) == (Decimal(1), DECEMBER + dt.timedelta(days=1))


def test_a_group_counts_the_calls_of_all_its_tokens() -> None:
    team = world.token_group("team", budget_amount=Decimal(1), budget_period="month")
    first, second = (world.token("team", name=name)[0] for name in ("a", "b"))

    spend(first, "0.6", group=team.pk)
    spend(second, "0.3")
    (end,) = spend(second, "0.4", group=team.pk)

    team.refresh_from_db()
    assert (team.spent, end.owner) == (Decimal(1), team)
    assert team.spent_until == DECEMBER


def test_an_unknown_cost_is_counted_as_unknown_and_never_as_nothing() -> None:
    token = budgeted("1")

    spend(token, None)
    spend(token, "0.5")
    # There is no rate.
    spend(token, "100", currency="CNY")

    token.refresh_from_db()
    assert (token.spent, token.uncounted) == (Decimal("0.5"), 2)
    assert set(Spending.objects.values_list("currency", "amount", "uncounted")) == {
        ("", Decimal(0), 1), ("USD", Decimal("0.5"), 0), ("CNY", Decimal(100), 0),
    }  # fmt: skip


def test_a_cost_is_converted_with_the_rate_of_its_day() -> None:
    for day, per_usd in (("2026-11-01", "7"), ("2026-11-30", "8")):
        CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(per_usd), as_of=dt.date.fromisoformat(day))
    token = budgeted("100", budget_currency="CNY")

    spend(token, "1", at=NOON - dt.timedelta(days=1))
    spend(token, "0.1")
    spend(token, "0.1")
    spend(token, "2", currency="CNY")

    token.refresh_from_db()
    assert (token.spent, token.uncounted) == (Decimal("10.6"), 0)


def test_a_rate_that_was_missing_counts_what_was_unknown() -> None:
    token = budgeted("100", budget_currency="CNY")
    spend(token, "20")
    token.refresh_from_db()
    assert (token.spent, token.uncounted) == (Decimal(0), 1)

    rate = CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=NOON.date())

    token.refresh_from_db()
    assert (token.spent, token.uncounted, token.spent_until) == (Decimal(140), 0, DECEMBER)
    rate.delete()
    token.refresh_from_db()
    assert (token.spent, token.uncounted, token.spent_until) == (Decimal(0), 1, None)


def test_an_inexact_conversion_does_not_drift() -> None:
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=NOON.date())
    token = budgeted("1")

    for _ in range(7):
        spend(token, "1", currency="CNY")

    token.refresh_from_db()
    assert (token.spent, token.spent_until) == (Decimal(1), DECEMBER)


@pytest.mark.parametrize(
    ("changes", "spent", "is_refused"),
    [
        ({"budget_amount": Decimal(2)}, "1", False),
        ({"budget_amount": Decimal("0.5")}, "1", True),
        ({"budget_period": "total"}, "1.5", True),
        ({"budget_currency": "CNY", "budget_amount": Decimal(7)}, "7", True),
        ({"budget_currency": "CNY", "budget_amount": Decimal(8)}, "7", False),
        ({"budget_amount": None}, "0", False),
        ({"budget_amount": Decimal(0)}, "1", True),
    ],
)
@pytest.mark.parametrize("owner", ["token", "group"])
def test_a_change_of_the_budget_counts_at_once(
    owner: str, changes: dict[str, Any], spent: str, is_refused: bool
) -> None:
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=dt.date(2026, 1, 1))
    terms: Any = {"budget_amount": Decimal(1), "budget_period": "month"}
    team = world.token_group("team", **terms)
    token = world.token("team", **terms)[0]
    spend(token, "0.5", at=NOON - dt.timedelta(days=40), group=team.pk)
    spend(token, "1", group=team.pk)
    row: Any = Token.objects.get() if owner == "token" else TokenGroup.objects.get(slug="team")

    for name, value in changes.items():
        setattr(row, name, value)
    row.save()

    row.refresh_from_db()
    assert row.spent == Decimal(spent)
    assert (row.budget is not None and row.budget.is_spent(at=NOON)) == is_refused


def test_a_token_without_a_budget_can_get_one_for_what_it_has_spent() -> None:
    token = world.token()[0]
    spend(token, "3")
    token.refresh_from_db()
    assert (token.spent, token.spent_since) == (Decimal(0), None)

    token.budget_amount = Decimal(3)
    token.save(update_fields=["budget_amount"])

    token.refresh_from_db()
    assert token.spent == Decimal(3)
    assert token.budget is not None
    assert token.budget.is_spent(at=NOON)


def test_an_edit_of_an_old_copy_keeps_what_was_spent_since() -> None:
    token = budgeted("1")
    opened_before = Token.objects.get()
    spend(token, "1")

    opened_before.note = "Call them."
    opened_before.save()

    token.refresh_from_db()
    assert (token.spent, token.spent_until) == (Decimal(1), DECEMBER)


def test_what_a_deleted_token_spent_still_counts_for_its_group() -> None:
    team = world.token_group("team", budget_amount=Decimal(2), budget_period="month")
    token = world.token("team")[0]
    spend(token, "1", group=team.pk)
    token.delete()

    spend(world.token("team")[0], "1", group=team.pk)

    team.refresh_from_db()
    assert team.spent == Decimal(2)


@pytest.mark.parametrize(
    "change",
    [
        lambda tokens: tokens.update(budget_amount=Decimal(9)),
        lambda tokens: update_with_history(tokens, budget_amount=Decimal(9)),
    ],
)
def test_a_budget_cannot_be_changed_without_counting(change: Callable[[Any], Any]) -> None:
    budgeted("1")

    with pytest.raises(TypeError):
        change(Token.objects.all())


def test_the_history_records_budgets_but_not_spending() -> None:
    token = budgeted("1")
    before = Token.history.count()

    spend(token, "1")

    assert Token.history.count() == before
    assert Token.history.latest().budget_amount == Decimal(1)
    assert not hasattr(Token.history.latest(), "spent")


def test_ten_thousand_costs_take_few_statements(django_assert_max_num_queries: Any) -> None:
    tokens = [budgeted("1000", name=str(number)) for number in range(20)]
    costs = [Cost(tokens[number % 20].pk, None, NOON, Decimal("0.001"), "USD") for number in range(10_000)]

    with django_assert_max_num_queries(12):
        record(costs)

    assert {token.spent for token in Token.objects.all()} == {Decimal("0.5")}


def test_only_a_crossing_raises_counters_and_no_list_changes() -> None:
    team = world.token_group("team", budget_amount=Decimal(2), auto_position=1)
    token = budgeted("1")
    states = [revision.read()]

    for amount in ("0.5", "0.5", "1"):
        spend(token, amount, group=team.pk)
        states.append(revision.read())

    _, within, of_token, of_group = states
    assert within == states[0]
    assert of_token._replace(permissions=within.permissions) == within
    assert of_token.permissions != within.permissions
    assert of_group.models != of_token.models
    since, until = revision.version_of(of_token), revision.version_of(of_group)
    assert changes.models_changed(since=since, until=until, counters=["models"]) == frozenset()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks of rows")
def test_rows_are_locked_in_the_order_of_their_keys() -> None:
    tokens = [budgeted("1", name=name) for name in "ab"]

    with CaptureQueriesContext(connection) as statements:
        record([Cost(token.pk, None, NOON, Decimal("0.1"), "USD") for token in reversed(tokens)])

    (locking,) = [text["sql"] for text in statements if 'FROM "tokens_token"' in text["sql"]]
    assert locking.endswith('ORDER BY "tokens_token"."id" ASC FOR UPDATE')
