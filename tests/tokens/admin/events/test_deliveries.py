"""The list of deliveries, and sending them again: confirmed, permitted and recorded."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from catalog.models import AuditEntry
from tests import world
from tests.admin_world import confirm, is_confirmation
from tokens.models import Delivery, OperatorGroups

pytestmark = pytest.mark.django_db
LIST = "/admin/tokens/delivery/"
State = Delivery.State


def dead() -> Delivery:
    return world.delivery(
        state=State.DEAD, attempts=8, next_attempt_at=None, last_status=500, last_error="The receiver answered 500."
    )


def reader(*permissions: str) -> User:
    operator = User.objects.create_user("reader", is_staff=True)
    operator.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return operator


def test_the_list_shows_events_in_words_and_finds_dead_ones(admin_client: Client) -> None:
    row, other = dead(), world.delivery()

    page = admin_client.get(f"{LIST}?state__exact=dead").content.decode()

    assert "Token a customer (key k1) was issued." in page
    assert "The receiver answered 500." in page
    assert "8 of 8" in page
    assert f"/delivery/{row.pk}/" in page
    assert f"/delivery/{other.pk}/" not in page
    detail = admin_client.get(f"{LIST}{row.pk}/change/").content.decode()
    assert row.event.event_id in detail
    assert "&quot;timestamp&quot;:" in detail


def test_one_is_sent_again_after_a_confirmation(admin_client: Client) -> None:
    row = dead()
    address = f"{LIST}{row.pk}/send-again/"

    asked = admin_client.get(address)

    assert is_confirmation(asked)
    assert "Send 1 delivery again?" in asked.content.decode()
    row.refresh_from_db()
    assert row.state == State.DEAD
    answer = confirm(admin_client, address, asked, follow=True, _reason="The receiver is repaired.")
    assert "1 delivery will be sent again by run_worker" in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.PENDING, 0)
    entry = AuditEntry.objects.get(kind="tokens.delivery")
    assert (entry.action, entry.actor, entry.object_key) == ("sent again", "admin", str(row.pk))
    assert entry.reason == "The receiver is repaired."


def test_several_are_sent_again(admin_client: Client) -> None:
    rows = [dead(), world.delivery(state=State.DELIVERED, next_attempt_at=None)]
    fields = {"action": "send_selected_again", "_selected_action": [str(row.pk) for row in rows]}

    asked = admin_client.post(LIST, fields)

    assert is_confirmation(asked)
    assert "1 of them is delivered: its receiver gets it a second time." in asked.content.decode()
    confirm(admin_client, LIST, asked)
    assert set(Delivery.objects.values_list("state", "attempts")) == {(State.PENDING, 0)}
    assert AuditEntry.objects.get(kind="tokens.delivery").name == "2 deliveries"


def test_nothing_is_sent_again_to_a_disabled_webhook(admin_client: Client) -> None:
    row = dead()
    row.webhook.enabled = False
    row.webhook.save()
    address = f"{LIST}{row.pk}/send-again/"

    answer = confirm(admin_client, address, admin_client.get(address), follow=True)

    assert "this webhook is disabled. Enable it first." in answer.content.decode()
    row.refresh_from_db()
    assert row.state == State.DEAD


def test_who_may_only_view_them_does_not_send_them_again(client: Client) -> None:
    row = dead()
    client.force_login(reader("view_delivery", "view_token"))

    assert "send-again" not in client.get(f"{LIST}{row.pk}/change/").content.decode()
    assert client.post(f"{LIST}{row.pk}/send-again/").status_code in (302, 403)
    client.post(LIST, {"action": "send_selected_again", "_selected_action": [str(row.pk)], "post": "yes"})
    row.refresh_from_db()
    assert row.state == State.DEAD


def test_who_is_limited_to_groups_sees_no_deliveries(client: Client) -> None:
    row = dead()
    operator = reader("view_delivery", "view_token")
    OperatorGroups.objects.create(operator=operator).groups.add(world.token_group("default"))
    client.force_login(operator)

    assert f"/delivery/{row.pk}/" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}{row.pk}/change/").status_code in (302, 404)


def test_who_may_not_see_tokens_sees_no_deliveries_about_them(client: Client) -> None:
    dead()
    client.force_login(reader("view_delivery", "view_aimodel"))

    assert "a customer" not in client.get(LIST).content.decode()
    assert client.get("/admin/").context["attention"] == []
