"""The history shows what changed, by whom, why and in which request; no edit overwrites another."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.db import revision
from catalog.models import AIModel
from tests import admin_world, world
from tokens.models import TokenGroup


def page_of(row: Any, page: str = "change") -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{page}/"


def save(client: Client, row: Any, **changes: Any) -> str:
    """Opens a row's page, changes some fields and saves it; returns the page after it."""
    posted = admin_world.filled_in(client, page_of(row), **changes)
    return client.post(page_of(row), posted, follow=True).content.decode()


def test_an_edit_is_shown_with_values_actor_reason_and_request(admin_client: Client) -> None:
    model = world.model("gpt-4o", series="old-series")
    before = revision.current()

    save(admin_client, model, series="new-series", change_reason="The vendor renamed it")

    assert revision.current() > before
    entry = model.history.latest()
    body = admin_client.get(page_of(model, "history")).content.decode()
    for text in ("old-series", "new-series", "admin", "The vendor renamed it", entry.request_id):
        assert text in body
    assert entry.request_id.startswith("req_")


def test_saving_without_a_change_leaves_no_history(admin_client: Client) -> None:
    model = world.model()
    before = revision.current()

    save(admin_client, model, change_reason="Only looked")

    assert model.history.count() == 1
    assert revision.current() == before


def test_a_change_of_relations_only_is_shown(admin_client: Client) -> None:
    group = world.token_group()
    channel = world.channel("east", group=None)

    save(admin_client, group, channels=[channel.pk], change_reason="East joins")

    assert list(TokenGroup.objects.get().channels.all()) == [channel]
    assert group.history.latest().history_change_reason == "East joins"
    assert "East" in admin_client.get(page_of(group, "history")).content.decode()


def test_the_second_of_two_simultaneous_edits_is_refused(admin_client: Client) -> None:
    model = world.model("gpt-4o")
    opened = admin_world.filled_in(admin_client, page_of(model), display_name="Mine")
    other = Client()
    other.force_login(User.objects.create_superuser("other"))
    save(other, model, display_name="Theirs")

    body = admin_client.post(page_of(model), opened).content.decode()

    assert "other changed this at" in body
    assert 'value="Mine"' in body
    assert AIModel.objects.get().display_name == "Theirs"

    save(admin_client, model, display_name="Mine")

    assert AIModel.objects.get().display_name == "Mine"


def test_an_old_version_is_restored(admin_client: Client) -> None:
    model = world.model("gpt-4o", series="first")
    first = model.history.get()
    save(admin_client, model, series="second")
    page = page_of(model, f"history/{first.pk}")

    admin_client.post(page, admin_world.filled_in(admin_client, page))

    assert AIModel.objects.get().series == "first"
    assert model.history.latest().history_user.username == "admin"


@pytest.mark.parametrize(
    ("choice", "names", "stored"),
    [("absent", "openai", None), ("listed", "", []), ("listed", "openai, anthropic", ["openai", "anthropic"])],
)
def test_public_endpoint_types_are_the_supported_ones_or_a_list_in_order(
    admin_client: Client, choice: str, names: str, stored: list[str] | None
) -> None:
    model = world.model(public_endpoint_types=["kling"])

    save(admin_client, model, public_endpoint_types_0=choice, public_endpoint_types_1=names)

    assert AIModel.objects.get().public_endpoint_types == stored


def test_an_endpoint_type_that_is_not_registered_is_refused(admin_client: Client) -> None:
    body = save(admin_client, world.model(), supported_endpoint_types="openai, opnai")

    assert "Unknown endpoint types: opnai." in body
    assert AIModel.objects.get().supported_endpoint_types == ["openai"]
