"""Many models are changed at once: a form, its effects, a confirmation, and one history row per changed model."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from catalog.admin.confirmation.changes import ACCEPTED, REASON, SHOWN
from catalog.models import AIModel, Offer
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

LIST = "/admin/catalog/aimodel/"


def chosen(*models: AIModel, **fields: Any) -> dict[str, Any]:
    return {"action": "bulk_edit", "_selected_action": [model.pk for model in models], **fields}


def preview(client: Client, *models: AIModel, **fields: Any) -> Any:
    return client.post(LIST, chosen(*models, bulk_edit="yes", number=len(models), **fields))


def apply(client: Client, page: Any, **fields: Any) -> Any:
    """Confirms what a page shows."""
    sent: dict[str, Any] = {}
    for name, value in page.context["posted"]:
        sent.setdefault(name, []).append(value)
    return client.post(LIST, sent | {SHOWN: page.context["fingerprint"]} | fields, follow=True)


def test_the_form_is_shown_and_changes_nothing(admin_client: Client) -> None:
    models = [world.model(name) for name in ("a", "b")]

    page = admin_client.post(LIST, chosen(*models))

    html = page.content.decode()
    assert "Edit 2 models" in html
    assert all(f'value="{model.pk}"' in html for model in models)
    assert AIModel.history.count() == 2


def test_vendor_tags_and_types_are_stored_with_one_reason_and_history(admin_client: Client) -> None:
    vendor = world.vendor("zed", name="Zed")
    one, two = world.model("a", tags=["old", "x"]), world.model("b", tags=["new", "x"])
    other = world.model("c")
    fields = {
        "vendor": vendor.pk, "tags_how": "add", "tags": "new", "input_modalities_how": "replace",
        "input_modalities": "text, image", "capabilities_how": "remove", "capabilities": "tools",
    }  # fmt: skip

    page = preview(admin_client, one, two, **fields)
    before = AIModel.history.count()
    answer = apply(admin_client, page, **{REASON: "spring cleaning"})

    assert "add tags new" in page.content.decode()
    assert "2 models changed: vendor Zed" in answer.content.decode()
    for model, tags in ((one, ["old", "x", "new"]), (two, ["new", "x"])):
        model.refresh_from_db()
        assert (model.vendor, model.tags, model.input_modalities) == (vendor, tags, ["text", "image"])
        newest: Any = model.history.order_by("-history_id").first()
        assert (newest.history_change_reason, newest.history_user.username) == ("spring cleaning", "admin")
    assert AIModel.history.count() == before + 2
    other.refresh_from_db()
    assert other.vendor != vendor


def test_a_preview_stores_nothing_and_names_who_loses_a_model(admin_client: Client) -> None:
    model = world.model("a")
    token, _ = world.token(name="Acme")

    page = preview(admin_client, model, status="draft")

    model.refresh_from_db()
    assert model.status == "published"
    assert "Acme" in page.content.decode()
    refused = apply(admin_client, page)
    model.refresh_from_db()
    assert (model.status, "did not accept the loss" in refused.content.decode()) == ("published", True)
    apply(admin_client, page, **{ACCEPTED: "on"})
    model.refresh_from_db()
    assert model.status == "draft"
    assert token.key_id


def test_channels_are_added_enabled_and_removed(admin_client: Client) -> None:
    east, west = world.channel("east"), world.channel("west")
    one, two = world.model("a", on=east), world.model("b", on=west)
    Offer.objects.filter(model=two).update(enabled=False)

    apply(admin_client, preview(admin_client, one, two, channels_how="add", channels=[west.pk]))
    added = {(offer.model.name, offer.channel.slug, offer.enabled) for offer in Offer.objects.all()}
    page = preview(admin_client, one, two, channels_how="replace", channels=[west.pk])
    apply(admin_client, page, **{ACCEPTED: "on"})
    replaced = {(offer.model.name, offer.channel.slug) for offer in Offer.objects.all()}

    assert added == {("a", "east", True), ("a", "west", True), ("b", "west", True)}
    assert replaced == {("a", "west"), ("b", "west")}
    assert Offer.history.filter(history_type="-").count() == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Choose at least one change."),
        ({"tags_how": "add"}, "Choose what to add."),
        ({"tags": "x"}, "Choose what happens to the names."),
        ({"vendor": "999"}, "Select a valid choice"),
        ({"status": "gone"}, "Select a valid choice"),
    ],
)
def test_incomplete_input_is_refused(admin_client: Client, fields: dict[str, str], message: str) -> None:
    page = preview(admin_client, world.model("a"), **fields)

    assert message in page.content.decode()
    assert AIModel.history.count() == 1


def test_nothing_changes_if_the_selection_is_another_one(admin_client: Client) -> None:
    one, two = world.model("a"), world.model("b")

    answer = admin_client.post(LIST, chosen(one, two, bulk_edit="yes", number=3, tags_how="add", tags="x"), follow=True)

    assert "Nothing was changed." in answer.content.decode()


def test_offers_need_permissions_of_their_own(client: Client, django_user_model: Any) -> None:
    person = django_user_model.objects.create_user("somebody", is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(codename__in=["view_aimodel", "change_aimodel"]))
    client.force_login(person)
    channel = world.channel("west")
    model = world.model("a")

    html = client.post(LIST, chosen(model)).content.decode()
    preview(client, model, channels_how="add", channels=[channel.pk])

    assert ("Channels" in html, "Tags" in html) == (False, True)
    assert not Offer.objects.filter(channel=channel).exists()


def test_many_models_need_few_queries(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    vendor = world.vendor()
    AIModel.objects.bulk_create([AIModel(name=f"m{number:04}", vendor=vendor) for number in range(600)])
    sent = {"action": "bulk_edit", "select_across": "1", "_selected_action": [AIModel.objects.first().pk]}  # type: ignore[union-attr]
    fields = {"bulk_edit": "yes", "number": "600", "tags_how": "add", "tags": "x"}

    with django_assert_max_num_queries(80):
        page = admin_client.post(LIST, sent | fields)

    apply(admin_client, page)
    assert [model.tags for model in AIModel.objects.all()] == [["x"]] * 600
