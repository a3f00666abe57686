"""A price sheet cannot be edited; a new price is a new sheet."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from catalog.exact import write_json
from catalog.models import AIModel
from pricing.admin.sheets import join_conditions, split_conditions
from pricing.models import PriceSheet
from tests import admin_world, world

ADD = "/admin/pricing/pricesheet/add/"
TINY = "0.000000150000000000000012"


def page_of(sheet: PriceSheet, page: str = "change") -> str:
    return f"/admin/pricing/pricesheet/{sheet.pk}/{page}/"


def add(client: Client, model: AIModel, **changes: Any) -> Any:
    asked = client.post(ADD, admin_world.filled_in(client, ADD, model=model.pk, **changes))
    # A price that somebody pays is confirmed.
    return admin_world.confirm(client, ADD, asked) if admin_world.is_confirmation(asked) else asked


def test_a_sheet_is_added_with_its_lines_in_order_and_its_author(admin_client: Client) -> None:
    lines = {"lines-0-meter": "input", "lines-0-amount": TINY, "lines-1-meter": "output", "lines-1-amount": "10"}

    add(admin_client, world.model(), reason="New contract", **lines)

    sheet = PriceSheet.objects.get()
    assert [(line.position, line.meter, line.amount) for line in sheet.lines.order_by("position")] == [
        (0, "input", Decimal(TINY)),
        (1, "output", Decimal(10)),
    ]
    assert sheet.author == User.objects.get(username="admin")
    assert sheet.history.get().history_change_reason == "New contract"


def test_amounts_are_shown_to_the_last_digit(admin_client: Client) -> None:
    sheet = world.price(world.model(), input=TINY, output="8.333333333333334e-8")

    for page in (page_of(sheet), "/admin/pricing/pricesheet/"):
        body = admin_client.get(page).content.decode()
        assert TINY in body
        assert "0.00000008333333333333334" in body


def test_a_sheet_cannot_be_edited(admin_client: Client) -> None:
    announced = world.price(world.model(), input="1", starts_at=timezone.now() + dt.timedelta(days=3))
    version = announced.history.get()

    page = admin_client.get(page_of(announced)).content.decode()

    assert 'name="_save"' not in page
    assert 'name="lines-0-amount"' not in page
    assert admin_client.post(page_of(announced), {"role": "list"}).status_code == 403
    assert admin_client.post(page_of(announced, f"history/{version.pk}"), {"role": "list"}).status_code == 403
    assert PriceSheet.objects.get().role == "sell"


def test_a_scheduled_sheet_can_be_withdrawn_but_not_a_current_one(admin_client: Client) -> None:
    model = world.model()
    in_force = world.price(model, input="1")
    announced = world.price(model, input="2", starts_at=timezone.now() + dt.timedelta(days=3))

    for sheet in (in_force, announced):
        admin_client.post(page_of(sheet, "delete"), {"post": "yes"})
    bulk = {"action": "delete_selected", "_selected_action": [in_force.pk], "post": "yes"}
    admin_client.post("/admin/pricing/pricesheet/", bulk)

    assert list(PriceSheet.objects.all()) == [in_force]
    assert PriceSheet.history.get(history_type="-").history_user.username == "admin"


def test_a_model_with_a_current_price_is_not_deleted_with_it(admin_client: Client) -> None:
    model = world.model()
    world.price(model, input="1")

    admin_client.post(f"/admin/catalog/aimodel/{model.pk}/delete/", {"post": "yes"})

    assert AIModel.objects.exists()


def test_a_new_sheet_is_copied_from_an_existing_one(admin_client: Client) -> None:
    old = world.price(world.model(), role="list", currency="CNY", input="2.5", output="10")

    posted = admin_world.filled_in(admin_client, f"{ADD}?from={old.pk}", **{"lines-1-amount": "12"})
    admin_world.post_confirmed(admin_client, f"{ADD}?from={old.pk}", posted)

    new = PriceSheet.objects.exclude(pk=old.pk).get()
    assert (new.model, new.role, new.currency) == (old.model, "list", "CNY")
    assert [(line.meter, line.amount) for line in new.lines.order_by("position")] == [
        ("input", Decimal("2.5")),
        ("output", Decimal(12)),
    ]


@pytest.mark.parametrize("nonsense", ["0", "-1", "abc", "9" * 40, "%00"])
def test_a_missing_sheet_gives_an_empty_form(admin_client: Client, nonsense: str) -> None:
    assert admin_client.get(f"{ADD}?from={nonsense}").status_code == 200


def test_the_list_filters_sheets_by_state(admin_client: Client) -> None:
    model = world.model()
    world.price(model, input="111")
    world.price(model, input="222", starts_at=timezone.now() - dt.timedelta(days=1))
    world.price(model, input="333", starts_at=timezone.now() + dt.timedelta(days=1))

    for state, amount in [("past", "111"), ("current", "222"), ("scheduled", "333")]:
        body = admin_client.get(f"/admin/pricing/pricesheet/?state={state}").content.decode()
        assert [amount_text for amount_text in ("111", "222", "333") if f"Input ${amount_text}.00" in body] == [amount]


def test_offered_models_without_a_price_are_listed(admin_client: Client) -> None:
    world.price(world.model("priced"), input="1")
    world.model("gap")
    world.model("not-offered", on=None)

    listed = admin_client.get("/admin/catalog/aimodel/?price=gap").context["cl"].result_list

    assert [model.name for model in listed] == ["gap"]


def test_the_facts_of_a_sheet_are_copied_to_the_next_one(admin_client: Client) -> None:
    old = world.price(world.model(), input="2.5")
    PriceSheet.objects.update(facts={"tier_mode": "graduated"})
    world.line(old, "web_search", "1500", kind="allowance", per=1, unit="query", facts={"period": "day"})
    rate = {"is_group_rate": True}
    conditions = [{"dim": "group", "op": "eq", "value": "vip"}]
    world.line(old, "", "0", kind="multiplier", per=1, unit="", conditions=conditions, facts=rate)
    # Why a migrated gateway charges it: this is not the reason for the operator's own price.
    old.lines.filter(meter="input").update(facts={"price_rule": "the default ratio"})

    page = f"{ADD}?from={old.pk}"
    admin_client.post(page, admin_world.filled_in(admin_client, page))

    new = PriceSheet.objects.exclude(pk=old.pk).get()
    assert new.facts == {"tier_mode": "graduated"}
    assert [line.facts for line in new.lines.order_by("position")] == [{}, {"period": "day"}, rate]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ({}, "Enter at least one line"),
        (
            {"lines-0-meter": "input", "lines-0-amount": "99999999999"},
            "must not be more than 10000 for a million tokens",
        ),
    ],
)
def test_an_implausible_sheet_is_refused(admin_client: Client, lines: dict[str, str], sentence: str) -> None:
    assert sentence in add(admin_client, world.model(), **lines).content.decode()
    assert not PriceSheet.objects.exists()


def test_the_lines_of_a_stored_sheet_are_shown_in_words(admin_client: Client) -> None:
    sheet = world.price(world.model(), input="1")
    tier = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]
    world.line(sheet, "input", "2", conditions=tier, facts={"period": "day"})
    html = admin_client.get(f"/admin/pricing/pricesheet/{sheet.pk}/change/").content.decode()
    assert "$1.00 per million tokens" in html
    assert "prompt above 200,000 tokens" in html
    assert "{&quot;period&quot;:&quot;day&quot;}" in html
    assert "&#x27;dim&#x27;" not in html


TIER = {"dim": "prompt_tokens", "op": "gt", "value": 200000}
VIP = {"dim": "group", "op": "eq", "value": "VIP"}
NIGHT = {"dim": "time", "op": "in", "value": {"tz": "UTC", "windows": [{"days": [1], "hours": "00:00-08:00"}]}}


@pytest.mark.parametrize(
    ("conditions", "fields"),
    [
        ([TIER], (200000, "", [])),
        ([TIER, VIP], (200000, "VIP", [])),
        ([VIP], (None, "VIP", [])),
        ([TIER, NIGHT], (200000, "", [NIGHT])),
        # In this order, or with these values, the fields would write something else.
        ([VIP, TIER], (None, "VIP", [TIER])),
        ([NIGHT, TIER], (None, "", [NIGHT, TIER])),
        ([{"value": 200000, "op": "gt", "dim": "prompt_tokens"}], None),
        ([{"dim": "prompt_tokens", "op": "gte", "value": 200000}], None),
        ([{"dim": "group", "op": "in", "value": ["a", "b"]}], None),
        ([], (None, "", [])),
    ],
)
def test_conditions_are_fields_and_back_to_the_same_bytes(conditions: list[Any], fields: Any) -> None:
    split = split_conditions(conditions)
    if fields is None:
        assert (split["above"], split["group"]) == (None, "")
    else:
        assert (split["above"], split["group"], split["conditions"]) == fields
    assert write_json(join_conditions(**split)) == write_json(conditions)


def test_a_tier_is_entered_and_copied_as_a_field(admin_client: Client) -> None:
    lines = {"lines-0-meter": "input", "lines-0-amount": "1"} | {
        "lines-1-meter": "input",
        "lines-1-amount": "2",
        "lines-1-above": "200000",
        "lines-1-group": "VIP",
    }
    add(admin_client, world.model(), **lines)
    sheet = PriceSheet.objects.get()
    assert [line.conditions for line in sheet.lines.order_by("position")] == [[], [TIER, VIP]]

    page = f"{ADD}?from={sheet.pk}"
    form = admin_world.filled_in(admin_client, page, **{"lines-0-amount": "1.5"})
    assert (form["lines-1-above"], form["lines-1-group"]) == ("200000", "VIP")
    admin_world.post_confirmed(admin_client, page, form)
    new = PriceSheet.objects.exclude(pk=sheet.pk).get()
    assert [(line.amount, line.conditions) for line in new.lines.order_by("position")] == [
        (Decimal("1.5"), []),
        (Decimal(2), [TIER, VIP]),
    ]
