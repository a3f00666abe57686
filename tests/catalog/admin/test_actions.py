"""A bulk action is one change, with history, a revision and a message."""

import pytest
from django.test import Client

from catalog.db import revision
from catalog.models import AIModel, Channel, Offer
from tests import admin_world, world
from tokens.models import Token

pytestmark = pytest.mark.sql


def run_action(client: Client, page: str, action: str, *rows: int, confirmed: bool = False) -> str:
    """Runs a bulk action as the list page does, and confirms its effects; returns the page after it."""
    posted = {"action": action, "_selected_action": list(rows)}
    post = admin_world.post_confirmed if confirmed else Client.post
    return str(post(client, f"/admin/{page}/", posted, follow=True).content.decode())


def test_models_are_published_in_bulk(admin_client: Client) -> None:
    drafts = [world.model(f"draft-{n}", status=AIModel.Status.DRAFT) for n in range(3)]
    before = revision.current()

    page = run_action(admin_client, "catalog/aimodel", "publish", *[draft.pk for draft in drafts])

    assert "3 models published." in page
    assert AIModel.objects.published().count() == 3
    assert revision.current() > before
    newest = drafts[0].history.latest()
    assert newest.status == "published"
    assert newest.history_user.username == "admin"
    assert newest.request_id.startswith("req_")


def test_models_are_returned_to_draft(admin_client: Client) -> None:
    model = world.model()

    run_action(admin_client, "catalog/aimodel", "back_to_draft", model.pk, confirmed=True)

    assert AIModel.objects.get().status == AIModel.Status.DRAFT


def test_an_action_without_effect_says_so_and_adds_no_history(admin_client: Client) -> None:
    model = world.model()

    page = run_action(admin_client, "catalog/aimodel", "publish", model.pk)

    assert "Nothing to change" in page
    assert model.history.count() == 1


@pytest.mark.parametrize(
    ("page", "rows"), [("catalog/channel", Channel), ("catalog/offer", Offer), ("tokens/token", Token)]
)
def test_rows_are_disabled_and_enabled_in_bulk(admin_client: Client, page: str, rows: type) -> None:
    world.model()
    world.token()
    row = rows.objects.get()  # type: ignore[attr-defined]

    assert "1 " in run_action(admin_client, page, "disable", row.pk, confirmed=True)
    row.refresh_from_db()
    assert row.enabled is False

    run_action(admin_client, page, "enable", row.pk)
    row.refresh_from_db()
    assert row.enabled is True
    assert [entry.enabled for entry in row.history.order_by("history_id")][-3:] == [True, False, True]


def test_an_endpoint_type_that_models_name_is_not_deleted(admin_client: Client) -> None:
    from catalog.models import EndpointType

    world.model(supported_endpoint_types=["kling"])
    used = EndpointType.objects.get(name="kling")

    page = run_action(admin_client, "catalog/endpointtype", "delete_selected", used.pk)
    admin_client.post(f"/admin/catalog/endpointtype/{used.pk}/delete/", {"post": "yes"})

    assert "gpt-4o" in page
    assert EndpointType.objects.filter(name="kling").exists()


def test_models_are_hidden_from_the_price_list_in_bulk_and_shown_again(admin_client: Client) -> None:
    models = [world.model(f"m-{number}") for number in range(2)]
    page = run_action(
        admin_client, "catalog/aimodel", "hide_from_price_list", *[model.pk for model in models], confirmed=True
    )
    assert "2 models hidden from the price list." in page
    assert not AIModel.objects.filter(in_price_list=True).exists()
    assert not models[0].history.latest().in_price_list
    page = run_action(admin_client, "catalog/aimodel", "show_in_price_list", models[0].pk)
    assert "1 model shown in the price list." in page
    assert "Not in price list" in page
