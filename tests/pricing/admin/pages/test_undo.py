"""The page that undoes a change shows what it would do, asks once, and is linked only for those who may."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from catalog.models import AIModel, AuditEntry
from tests import world

pytestmark = pytest.mark.django_db
LIST = "/admin/catalog/aimodel/"


def links(page: str) -> dict[str, str]:
    """Text -> address of the links that undo something."""
    found = re.findall(r'<a class="text-link" href="(/admin/[^"]*)">((?:Undo|Roll)[^<]*)</a>', page)
    return {text: address for address, text in reversed(found)}


def history(client: Client, model: AIModel) -> dict[str, str]:
    return links(client.get(f"{LIST}{model.pk}/history/").content.decode())


def act(client: Client, action: str, *models: AIModel) -> None:
    posted = {"action": action, "_selected_action": [model.pk for model in models]}
    page = client.post(LIST, posted)
    if page.status_code == 200:
        client.post(LIST, confirmed(page) | posted)


def confirmed(page: Any, **fields: str) -> dict[str, str]:
    """What the confirmation posts, with the loss accepted."""
    shown = re.search(r'name="_shown" value="([^"]*)"', page.content.decode())
    assert shown is not None, page.content.decode()
    return {"_shown": shown[1], "_accept_loss": "on"} | fields


@pytest.fixture
def drafts(admin_client: Client) -> list[AIModel]:
    models = [world.model(name) for name in ("gpt-a", "gpt-b", "gpt-c")]
    act(admin_client, "back_to_draft", *models)
    assert AIModel.objects.filter(status="draft").count() == 3
    return models


def test_a_bulk_action_is_undone_after_a_page_that_shows_it(admin_client: Client, drafts: list[AIModel]) -> None:
    offered = history(admin_client, drafts[0])
    assert {*offered} == {"Undo this change", "Undo all 3 changes of this action"}
    address = offered["Undo all 3 changes of this action"]

    page = admin_client.get(address)

    body = page.content.decode()
    for text in ("gpt-a", "gpt-c", "draft", "published", "Undo of the 3 changes by admin", "What it changes"):
        assert text in body
    assert AIModel.objects.filter(status="draft").count() == 3
    response = admin_client.post(address, confirmed(page, _reason="Not yet"), follow=True)
    assert "Undone: 3 changes by admin" in response.content.decode()
    assert not AIModel.objects.filter(status="draft").exists()
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor, entry.reason, entry.action) == ("admin", "Not yet", "changed")


def test_one_change_is_undone_from_the_history_and_its_undo_from_the_audit_trail(
    admin_client: Client, drafts: list[AIModel]
) -> None:
    address = history(admin_client, drafts[1])["Undo this change"]
    admin_client.post(address, confirmed(admin_client.get(address)))
    assert AIModel.objects.get(status="published").name == "gpt-b"

    trail = links(admin_client.get("/admin/catalog/auditentry/").content.decode())
    again = trail["Undo this change"]
    admin_client.post(again, confirmed(admin_client.get(again)))
    assert not AIModel.objects.filter(status="published").exists()
    reason = AuditEntry.objects.latest("pk").reason
    assert reason.startswith("Undo of the change of model gpt-b by admin, ")


def test_nothing_is_stored_without_the_page(admin_client: Client, drafts: list[AIModel]) -> None:
    address = history(admin_client, drafts[0])["Undo this change"]
    assert admin_client.post(address, {}).status_code == 200
    assert AIModel.objects.filter(status="draft").count() == 3


def test_a_conflict_is_one_sentence(admin_client: Client, drafts: list[AIModel]) -> None:
    address = history(admin_client, drafts[0])["Undo all 3 changes of this action"]
    act(admin_client, "publish", drafts[1])
    body = admin_client.get(address, follow=True).content.decode()
    assert "because the status of model gpt-b was changed since by admin, " in body


def test_a_deleted_row_comes_back_from_the_audit_trail(admin_client: Client, drafts: list[AIModel]) -> None:
    posted = {"action": "delete_selected", "_selected_action": [drafts[0].pk]}
    page = admin_client.post(LIST, posted)
    assert admin_client.post(LIST, posted | {"post": "yes"} | confirmed(page)).status_code == 302
    assert not AIModel.objects.filter(name="gpt-a").exists()
    entry = AuditEntry.objects.filter(action="deleted", kind="catalog.aimodel").latest("pk")
    address = f"/admin/undo/{entry.pk}/action/"
    assert address in admin_client.get("/admin/catalog/auditentry/").content.decode()
    admin_client.post(address, confirmed(admin_client.get(address)))
    assert AIModel.objects.get(name="gpt-a").offers.count() == 1


def test_no_link_for_those_who_may_not(drafts: list[AIModel]) -> None:
    viewer = User.objects.create_user("vera", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_aimodel", "view_auditentry"]))
    client = Client()
    client.force_login(viewer)
    assert history(client, drafts[0]) == {}
    assert links(client.get("/admin/catalog/auditentry/").content.decode()) == {}
    entry = AuditEntry.objects.filter(action="changed", history__isnull=False).latest("pk")
    assert client.get(f"/admin/undo/{entry.pk}/").status_code == 403
    assert client.get(f"/admin/undo/{entry.pk}/action/").status_code == 403
    assert client.get("/admin/undo/999999/").status_code == 404
