"""Budgets in the admin: what is set, what is spent, and which are used up."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from pricing.usage.spending import Cost, record
from tests import admin_world, world
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db

ADD = "/admin/tokens/token/add/"


def change_page(row: Token | TokenGroup) -> str:
    return f"/admin/tokens/{row._meta.model_name}/{row.pk}/change/"


def spend(token: Token, amount: str | None) -> None:
    group = token.groups.get().pk
    record([Cost(token.pk, group, timezone.now(), None if amount is None else Decimal(amount), "USD")])


@pytest.mark.parametrize("table", ["token", "group"])
def test_a_page_shows_what_is_spent_and_left(admin_client: Client, table: str) -> None:
    budget: Any = {"budget_amount": Decimal("2.5"), "budget_period": "month"}
    group = world.token_group("team", **budget)
    token = world.token("team", **budget)[0]
    spend(token, "1.25")
    spend(token, None)

    page = admin_client.get(change_page(token if table == "token" else group)).content.decode()

    assert "1.25 USD (calls of unknown cost: 1)" in page
    assert "1.25 USD" in page
    assert "00:00 UTC" in page
    spend(token, "1.25")
    page = admin_client.get(change_page(token if table == "token" else group)).content.decode()
    assert "0 USD: calls are refused" in page


def test_a_page_without_a_budget_shows_no_spending(admin_client: Client) -> None:
    token = world.token()[0]

    for page in (change_page(token), ADD):
        assert "Spent in this period" not in admin_client.get(page).content.decode()


def test_a_raised_budget_counts_what_was_spent(admin_client: Client) -> None:
    token = world.token(budget_amount=Decimal(1))[0]
    spend(token, "3")
    path = change_page(token)

    response = admin_client.post(path, admin_world.filled_in(admin_client, path, budget_amount="4"))

    assert response.status_code == 302
    token.refresh_from_db()
    assert (token.budget_amount, token.spent, token.spent_until) == (Decimal(4), Decimal(3), None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget_amount": "-1"}, "A budget must be between 0"),
        ({"budget_amount": "5", "budget_currency": "usd"}, "three capital letters"),
        ({"budget_amount": "5", "budget_period": ""}, "This field is required"),
        ({"budget_amount": "five"}, "This is not a valid number"),
    ],
)
def test_a_form_refuses_a_wrong_budget(admin_client: Client, changes: dict[str, str], message: str) -> None:
    path = change_page(world.token()[0])

    response = admin_client.post(path, admin_world.filled_in(admin_client, path, **changes))

    assert message in response.content.decode()
    assert Token.objects.get().budget is None


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("spent", {"spent"}),
        ("nearly", {"nearly"}),
        ("unknown", {"unknown"}),
        ("set", {"spent", "nearly", "unknown"}),
        ("none", {"free"}),
    ],
)
def test_the_list_finds_budgets_by_their_state(admin_client: Client, choice: str, names: set[str]) -> None:
    tokens = {name: world.token(name=name, budget_amount=Decimal(1))[0] for name in ("spent", "nearly", "unknown")}
    world.token(name="free")
    spend(tokens["spent"], "1")
    spend(tokens["nearly"], "0.8")
    spend(tokens["unknown"], None)

    response: Any = admin_client.get(f"/admin/tokens/token/?budget={choice}")

    assert {row.name for row in response.context["cl"].result_list} == names


def test_lists_show_the_budget_and_its_state(admin_client: Client) -> None:
    world.token_group("team", budget_amount=Decimal(7), budget_period="day")
    spend(world.token("team", budget_amount=Decimal(1), budget_period="month")[0], "0.8")

    assert "nearly used up" in admin_client.get("/admin/tokens/token/").content.decode()
    assert "7 USD per day" in admin_client.get("/admin/tokens/tokengroup/").content.decode()


def test_a_restored_budget_counts_what_was_spent_since(admin_client: Client) -> None:
    group = world.token_group("team", budget_amount=Decimal(1))
    old = TokenGroup.history.filter(slug="team").latest("history_id")
    group.budget_amount = Decimal(9)
    group.save()
    spend(world.token("team")[0], "2")
    page = f"/admin/tokens/tokengroup/{group.pk}/history/{old.pk}/"

    response = admin_client.post(page, admin_world.filled_in(admin_client, page))

    assert response.status_code == 302
    group.refresh_from_db()
    assert (group.budget_amount, group.spent) == (Decimal(1), Decimal(2))
    assert group.budget is not None
    assert group.budget.is_spent(at=timezone.now())


@pytest.mark.parametrize("table", ["token", "group"])
def test_a_currency_that_is_stored_may_stay(admin_client: Client, table: str) -> None:
    terms: Any = {"budget_amount": Decimal("2.5"), "budget_currency": "XYZ"}
    row: Any = world.token("team", **terms)[0] if table == "token" else world.token_group("team", **terms)
    other = {"note": "Ask Ann."} if table == "token" else {"label": "The team"}

    response = admin_client.post(
        change_page(row), admin_world.filled_in(admin_client, change_page(row), **other, budget_amount="3")
    )

    assert response.status_code == 302
    row.refresh_from_db()
    assert (row.budget_amount, row.budget_currency) == (Decimal(3), "XYZ")
    wrong = admin_world.filled_in(admin_client, change_page(row), budget_currency="ABC")
    assert "Use a code of ISO 4217" in admin_client.post(change_page(row), wrong).content.decode()
