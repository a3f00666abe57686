"""A change that takes models from keys, changes prices or gives keys several models is stored after a confirmation."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Channel, ModelAlias
from pricing.models import GroupRate, PriceSheet
from tests import admin_world, world
from tokens.models import Token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def key(db: None) -> Token:
    """A key that sees two models with prices, on one channel."""
    for name in ("gpt-4o", "o3"):
        world.price(world.model(name), role="list", input="2", output="8")
    return world.token(name="Acme")[0]


def change_page(row: Any) -> str:
    return f"/admin/{row._meta.label_lower.replace('.', '/')}/{row.pk}/change/"


def open_form(client: Client, row: Any, *off: str, **changes: Any) -> dict[str, Any]:
    """The form of a row as it is posted with changes; `off` are checkboxes that are cleared."""
    form = admin_world.filled_in(client, change_page(row), **changes)
    return {name: value for name, value in form.items() if name not in off}


def test_the_only_channel_is_disabled_after_its_loss_is_accepted(admin_client: Client) -> None:
    channel = Channel.objects.get()
    page = change_page(channel)
    form = open_form(admin_client, channel, "enabled", change_reason="The contract ends.")

    asked = admin_client.post(page, form)
    shown = asked.content.decode()

    assert "Acme loses all 2 models (gpt-4o, o3)" in shown
    assert admin_world.is_confirmation(asked)
    assert "was changed successfully" not in admin_client.get("/admin/").content.decode()
    assert (Channel.objects.get().enabled, channel.history.count(), LogEntry.objects.count()) == (True, 1, 0)
    refused = admin_world.confirm(admin_client, page, asked, _accept_loss="")
    assert "you did not accept the loss" not in refused.content.decode()
    stored = admin_world.confirm(admin_client, page, asked, follow=True)
    assert "Acme loses all 2 models" in stored.content.decode()
    assert not Channel.objects.get().enabled
    assert channel.history.latest().history_change_reason == "The contract ends."
    assert LogEntry.objects.count() == 1


def test_a_loss_that_is_not_accepted_is_not_stored(admin_client: Client) -> None:
    channel = Channel.objects.get()
    asked = admin_client.post(change_page(channel), open_form(admin_client, channel, "enabled"))
    reader = admin_world.FormReader()
    reader.feed(asked.content.decode())

    again = admin_client.post(change_page(channel), reader.fields)

    assert "you did not accept the loss" in again.content.decode()
    assert Channel.objects.get().enabled


def test_other_effects_than_those_shown_are_shown_again(admin_client: Client) -> None:
    channel = Channel.objects.get()
    asked = admin_client.post(change_page(channel), open_form(admin_client, channel, "enabled"))
    world.token(name="Bolt")

    again = admin_world.confirm(admin_client, change_page(channel), asked)

    assert "The effects have changed since they were shown" in again.content.decode()
    assert "2 keys (Acme, Bolt)" in again.content.decode()
    assert Channel.objects.get().enabled
    assert admin_world.confirm(admin_client, change_page(channel), again).status_code == 302
    assert not Channel.objects.get().enabled


def test_going_back_shows_the_form_with_what_was_entered(admin_client: Client) -> None:
    channel = Channel.objects.get()
    asked = admin_client.post(change_page(channel), open_form(admin_client, channel, "enabled", name="Closed"))

    form = admin_world.confirm(admin_client, change_page(channel), asked, _back="1")
    entered = admin_world.FormReader()
    entered.feed(form.content.decode())

    assert entered.fields["name"] == "Closed"
    assert "enabled" not in entered.fields
    assert "correct the error" not in form.content.decode()
    assert Channel.objects.get().enabled


def test_a_change_without_a_loss_is_stored_directly_and_reports_its_effects(admin_client: Client) -> None:
    model = world.model("o4", status=AIModel.Status.DRAFT)
    answer = admin_client.post(change_page(model), open_form(admin_client, model, status="published"), follow=True)
    assert "Acme gains 1 model (o4)" in answer.content.decode()
    channel = Channel.objects.get()
    answer = admin_client.post(change_page(channel), open_form(admin_client, channel, note="East"), follow=True)
    assert "No key loses or gains a model, and no price changes." in answer.content.decode()
    assert Channel.objects.get().note == "East"


@pytest.mark.parametrize("changes", [{"note": "East"}, {"slug": "not a slug"}])
def test_a_preview_stores_nothing(admin_client: Client, changes: dict[str, str]) -> None:
    channel = Channel.objects.get()
    form = open_form(admin_client, channel, **changes) | {"_preview": "Preview"}
    page = admin_client.post(change_page(channel), form)
    assert admin_world.is_confirmation(page) == ("note" in changes)
    assert Channel.objects.get().note == channel.note
    if "note" in changes:
        assert "No key loses or gains a model" in page.content.decode()
        assert admin_world.confirm(admin_client, change_page(channel), page).status_code == 302
        assert Channel.objects.get().note == "East"


def test_a_new_row_can_be_previewed(admin_client: Client) -> None:
    form = admin_world.filled_in(admin_client, "/admin/tokens/token/add/", name="New", _preview="Preview")
    page = admin_client.post("/admin/tokens/token/add/", form)
    assert admin_world.is_confirmation(page)
    assert not Token.objects.filter(name="New").exists()
    assert "mb_live_" not in page.content.decode()


def test_inline_rows_and_relations_are_confirmed(admin_client: Client) -> None:
    model = AIModel.objects.get(name="o3")
    ModelAlias.objects.create(name="newest", model=model)
    for changes in ({"offers-0-DELETE": "on"}, {"aliases-0-DELETE": "on"}):
        answer = admin_client.post(change_page(model), open_form(admin_client, model, **changes))
        assert admin_world.is_confirmation(answer), changes
    group = world.token_group()
    answer = admin_client.post(change_page(group), open_form(admin_client, group, channels=[]))
    assert admin_world.is_confirmation(answer)
    assert (model.offers.count(), model.aliases.count(), group.channels.count()) == (1, 1, 1)


def test_prices_are_confirmed_now_and_when_they_are_scheduled(admin_client: Client) -> None:
    model, group = AIModel.objects.get(name="o3"), world.token_group()
    later = timezone.now() + dt.timedelta(days=3)
    start = {"starts_at_0": f"{later:%Y-%m-%d}", "starts_at_1": "00:00:00"}
    rates = "/admin/pricing/grouprate/add/"
    posts = [
        (rates, {"group": group.pk, "ratio": "2"}),
        (rates, {"group": group.pk, "ratio": "2", **start}),
    ]
    for page, changes in posts:
        asked = admin_client.post(page, admin_world.filled_in(admin_client, page, **changes))
        assert admin_world.is_confirmation(asked), (page, changes)
        shown = asked.content.decode()
        assert "The price of o3 for group default" in shown
        assert (f"from {later:%Y-%m-%d}" in shown) == ("starts_at_0" in changes)
    assert not GroupRate.objects.exists()
    page = f"/admin/catalog/aimodel/{model.pk}/set-price/"
    answer = admin_world.post_confirmed(
        admin_client, page, admin_world.filled_in(admin_client, page, **{"input:token": "3"})
    )
    assert answer.status_code == 302
    assert PriceSheet.objects.get(model=model, role="sell")


def test_a_retirement_in_the_future_is_confirmed_as_it_will_be(admin_client: Client) -> None:
    model, day = AIModel.objects.get(name="o3"), timezone.now().date() + dt.timedelta(days=9)
    answer = admin_client.post(change_page(model), open_form(admin_client, model, retires_on=f"{day}"))
    assert admin_world.is_confirmation(answer)
    assert f"From {day} on, the key Acme loses 1 of 2 models (o3)" in answer.content.decode()


def test_a_restored_version_is_confirmed(admin_client: Client) -> None:
    channel = Channel.objects.get()
    Channel.objects.filter(pk=channel.pk).update(enabled=False)
    channel.refresh_from_db()
    channel.save()
    closed = channel.history.latest()
    channel.enabled = True
    channel.save()
    page = f"/admin/catalog/channel/{channel.pk}/history/{closed.pk}/"

    asked = admin_client.post(page, admin_world.filled_in(admin_client, page))

    assert admin_world.is_confirmation(asked)
    assert Channel.objects.get().enabled
    assert admin_world.confirm(admin_client, page, asked).status_code == 302
    assert not Channel.objects.get().enabled
