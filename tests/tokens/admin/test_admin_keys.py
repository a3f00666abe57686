"""The pages of admin keys: issued to their operator, shown once, revoked for good; superusers see all."""

import html
import re
import time
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from catalog.models import AuditEntry
from tests import world
from tests.admin_world import filled_in
from tokens import keys
from tokens.models import AdminKey
from tokens.operators.reauthentication import SIGNED_IN_AT

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/tokens/adminkey/", "/admin/tokens/adminkey/add/"


@pytest.fixture
def client() -> Client:
    alice = User.objects.create_user("alice", is_staff=True)
    alice.groups.add(Group.objects.get(name="Support"))
    client = Client(HTTP_ACCEPT="text/html")
    client.force_login(alice)
    session = client.session
    session[SIGNED_IN_AT] = time.time()
    session.save()
    return client


def add(client: Client, **changes: Any) -> Any:
    form = filled_in(client, ADD, **({"name": "Shop", "scopes": ["read", "tokens"]} | changes))
    return client.post(ADD, form, follow=True)


def shown(response: Any) -> str:
    match = re.search(r'id="new-key"[^>]*>([^<]+)</output>', response.content.decode())
    return html.unescape(match[1]) if match else ""


def test_a_key_is_issued_to_its_operator_and_shown_once(client: Client) -> None:
    page = add(client)
    key = AdminKey.objects.get()

    assert keys.is_ours(shown(page))
    assert "no-store" in page["Cache-Control"]
    assert (key.operator.username, key.scopes, key.name) == ("alice", ["read", "tokens"], "Shop")
    assert AuditEntry.objects.latest("pk").action == "issued"
    again = client.get(page.request["PATH_INFO"])
    assert shown(again) == ""
    assert "cannot be shown again" in again.content.decode()
    for address in (LIST, f"{LIST}{key.pk}/change/", f"{LIST}{key.pk}/history/"):
        text = client.get(address).content.decode()
        assert "Shop" in text
        assert shown(page) not in text


def test_a_scope_without_a_permission_is_reported(client: Client) -> None:
    assert "You have no permission that the scope prices includes." in add(client, scopes=["prices"]).content.decode()


def test_a_key_needs_a_scope_and_a_confirmed_session(client: Client) -> None:
    assert "required" in add(client, scopes=[]).content.decode()
    session = client.session
    session[SIGNED_IN_AT] = time.time() - 3600
    session.save()

    response = client.post(ADD, filled_in(client, ADD, name="Shop", scopes=["read"]))
    assert response.status_code == 302
    assert not AdminKey.objects.exists()


def test_a_key_is_renamed_and_limited_and_its_scopes_stay(client: Client) -> None:
    add(client)
    page = f"{LIST}{AdminKey.objects.get().pk}/change/"

    client.post(page, filled_in(client, page, name="Other", networks="203.0.113.0/24", scopes=["imports"]))

    key = AdminKey.objects.get()
    assert (key.name, key.networks, key.scopes) == ("Other", ["203.0.113.0/24"], ["read", "tokens"])


def test_a_key_is_revoked_for_good(client: Client) -> None:
    add(client)
    key = AdminKey.objects.get()
    page = f"{LIST}{key.pk}/revoke/"

    assert "cannot be enabled again" in client.get(page).content.decode()
    assert "1 admin key revoked." in client.post(page, follow=True).content.decode()

    key.refresh_from_db()
    assert key.state(at=timezone.now()) == "revoked"
    assert client.post(page).status_code == 403
    assert client.post(f"{LIST}{key.pk}/delete/", {"post": "yes"}).status_code == 403
    version = key.history.earliest("history_id").pk
    assert client.post(f"{LIST}{key.pk}/history/{version}/", {"name": "x"}).status_code == 403


def test_operators_see_their_own_keys_and_superusers_all(client: Client) -> None:
    theirs = world.admin_key(operator=User.objects.create_user("bob", is_staff=True), name="Of bob")[0]
    add(client)

    assert "Of bob" not in client.get(LIST).content.decode()
    for page in ("change", "history", "revoke"):
        answer = client.get(f"{LIST}{theirs.pk}/{page}/")
        assert answer.status_code == 404 or answer["Location"] == "/admin/"
    client.post(LIST, {"action": "revoke_selected", "_selected_action": [theirs.pk], "post": "yes"})
    assert AdminKey.objects.get(pk=theirs.pk).revoked_at is None

    client.force_login(User.objects.create_superuser("root"))
    listed = client.get(LIST).content.decode()
    assert "Of bob" in listed
    assert "Shop" in listed


def test_keys_are_revoked_together_after_a_question(client: Client) -> None:
    for name in ("Shop", "Robot"):
        add(client, name=name)
    fields = {"action": "revoke_selected", "_selected_action": [key.pk for key in AdminKey.objects.all()]}

    page = client.post(LIST, fields).content.decode()
    assert "Revoke 2 admin keys?" in page
    assert "cannot be enabled again" in page
    assert not AdminKey.objects.exclude(revoked_at=None).exists()

    page = client.post(LIST, fields | {"post": "yes", "_reason": "Lost laptop"}, follow=True).content.decode()
    assert "2 admin keys revoked." in page
    assert not AdminKey.objects.filter(revoked_at=None).exists()
    assert {entry.reason for entry in AuditEntry.objects.filter(action="revoked")} == {"Lost laptop"}
