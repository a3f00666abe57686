"""Repricing many models: a rule, a preview of every change with its margin, and then all or nothing."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import AIModel
from pricing.models import PriceSheet
from tests import admin_world, world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

MODELS = "/admin/catalog/aimodel/"
TEN_MORE = {"base": "list", "how": "percent", "number": "10", "digits": "", "starts_at": "", "reason": "Rent"}


@pytest.fixture
def priced() -> AIModel:
    model = world.model()
    world.price(model, role="list", input="2.5", output="10")
    return model


def ask(client: Client, *models: AIModel, place: str = MODELS, **fields: str) -> HttpResponse:
    chosen = {"action": "reprice", "_selected_action": [model.pk for model in models]}
    return client.post(place, chosen | fields)  # type: ignore[return-value]


def posted_from(page: Any) -> dict[str, Any]:
    """What the page's form holds, with the button that applies it."""
    reader = admin_world.FormReader()
    reader.feed(page.content.decode())
    return reader.fields | {"apply": page.context["plan"].fingerprint}


def test_nothing_is_saved_before_the_preview_is_confirmed(admin_client: Client, priced: AIModel) -> None:
    assert "Nothing is saved" in ask(admin_client, priced).content.decode()

    preview = ask(admin_client, priced, **TEN_MORE)

    body = preview.content.decode()
    assert "$2.75" in body
    assert "+10%" in body
    assert "cost unknown" in body
    assert PriceSheet.objects.count() == 1
    after = admin_world.post_confirmed(admin_client, MODELS, posted_from(preview), follow=True)
    assert "1 new sell prices from now on." in after.content.decode()
    sell = PriceSheet.objects.get(role="sell")
    assert [line.amount for line in sell.lines.order_by("position")] == [Decimal("2.75"), 11]
    assert (sell.reason, sell.author.username) == ("Rent", "admin")  # type: ignore[union-attr]


def test_a_loss_is_shown_in_red_and_skipped_models_are_listed(admin_client: Client, priced: AIModel) -> None:
    world.price(priced, role="cost", input="3")
    unpriced = world.model("unpriced")

    body = ask(admin_client, priced, unpriced, **TEN_MORE).content.decode()

    assert "Loss: Input sold at $2.75, costs $3.00 per million tokens" in body
    assert "text-red-600" in body
    assert "unpriced</a>: no list price" in body


def test_an_outdated_preview_is_replaced(admin_client: Client, priced: AIModel) -> None:
    posted = posted_from(ask(admin_client, priced, **TEN_MORE))
    world.price(priced, role="list", input="3")

    again = admin_client.post(MODELS, posted)

    assert "Prices have changed since this preview" in again.content.decode()
    assert not PriceSheet.objects.filter(role="sell").exists()
    admin_world.post_confirmed(admin_client, MODELS, posted_from(again))
    assert PriceSheet.objects.get(role="sell").lines.get().amount == Decimal("3.3")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"number": "-100"}, "more than 0"),
        ({"number": "0", "how": "multiplier"}, "more than 0"),
        ({"number": "1001", "how": "multiplier"}, "at most 1000"),
        ({"number": "x"}, "not a valid number"),
        ({"number": ""}, "required"),
        ({"digits": "0"}, "greater than or equal to 1"),
        ({"base": "other"}, "Select a valid choice"),
        ({"starts_at": "2026-01-01T00:00"}, "past prices cannot change"),
    ],
)
def test_an_invalid_rule_is_rejected(admin_client: Client, priced: AIModel, changes: dict[str, str], why: str) -> None:
    page = ask(admin_client, priced, **TEN_MORE | changes)

    assert why in page.content.decode()
    assert "plan" not in page.context  # type: ignore[attr-defined]


def test_all_models_of_a_filter_can_be_selected(admin_client: Client, priced: AIModel) -> None:
    for n in range(130):
        world.price(world.model(f"model-{n:03}"), role="list", input="1")
    world.price(world.model("other", vendor=world.vendor("acme")), role="list", input="1")
    place = f"{MODELS}?vendor__id__exact={priced.vendor_id}"

    with CaptureQueriesContext(connection) as captured:
        preview = ask(admin_client, priced, place=place, select_across="1", page="2", **TEN_MORE)

    assert "Page 2 of 2" in preview.content.decode()
    assert len(captured) <= 30
    admin_world.post_confirmed(admin_client, place, posted_from(preview))
    assert PriceSheet.objects.filter(role="sell").count() == 131
    assert not PriceSheet.objects.filter(role="sell", model__name="other").exists()


@pytest.mark.parametrize("of", ["vendor", "sheet"])
def test_models_are_repriced_by_their_vendor_or_their_sheets(admin_client: Client, priced: AIModel, of: str) -> None:
    world.price(world.model("other", vendor=world.vendor("acme")), role="list", input="1")
    row: Any = priced.vendor if of == "vendor" else priced.sheets.get()
    place = "/admin/catalog/vendor/" if of == "vendor" else "/admin/pricing/pricesheet/"

    admin_world.post_confirmed(admin_client, place, posted_from(ask(admin_client, row, place=place, **TEN_MORE)))

    assert PriceSheet.objects.get(role="sell").model == priced


@pytest.mark.parametrize("right", ["add_pricesheet", "view_pricesheet", "change_pricesheet"])
def test_repricing_requires_permission_to_add_and_view_sheets(client: Client, priced: AIModel, right: str) -> None:
    editor = User.objects.create_user("editor", is_staff=True)
    codes = ["view_aimodel", "change_aimodel", right]
    editor.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(editor)

    ask(client, priced, **TEN_MORE, apply="x")

    assert "Reprice" not in client.get(MODELS).content.decode()
    assert not PriceSheet.objects.filter(role="sell").exists()


def test_keys_that_lose_models_by_a_new_price_are_listed_and_accepted(admin_client: Client, priced: AIModel) -> None:
    world.key(allow=["price:input<=2.6"])
    posted = posted_from(ask(admin_client, priced, **TEN_MORE))

    asked = admin_client.post(MODELS, posted)

    assert "loses the only model (gpt-4o)" in asked.content.decode()
    reader = admin_world.FormReader()
    reader.feed(asked.content.decode())
    assert "did not accept the loss" in admin_client.post(MODELS, reader.fields).content.decode()
    assert not PriceSheet.objects.filter(role="sell").exists()
    admin_world.confirm(admin_client, MODELS, asked)
    assert PriceSheet.objects.filter(role="sell").count() == 1
