"""The outbox: an event is stored with its deliveries, for the webhooks that take it, in the caller's transaction."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.db import revision
from tests import world
from tokens.events.delivery.queue import due_batches
from tokens.events.outbox import Draft, emit, emit_all, send_to
from tokens.models import Delivery, Event, TokenGroup, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def webhook(*events: str, vendors: Any = (), groups: Any = (), **columns: Any) -> Webhook:
    row = Webhook(url="https://hooks.example.com/", events=list(events), **columns)
    row.save_with(vendors=list(vendors), groups=list(groups))
    return row


def takers(event: Event | None) -> set[Webhook]:
    return set() if event is None else {delivery.webhook for delivery in event.deliveries.all()}


def test_an_event_is_stored_with_a_pending_delivery_for_each_webhook_that_takes_it() -> None:
    first, second = webhook("model.added"), webhook()
    webhook("token.issued")
    webhook("model.added", enabled=False)

    event = emit("model.added", {"model": "gpt-4o", "price": "0.1"}, vendors=["openai"], groups=["default"])

    assert event is not None
    assert takers(event) == {first, second}
    stored = Event.objects.get()
    assert stored.event_id == event.event_id
    assert stored.event_id.startswith("msg_")
    assert (stored.type, stored.vendors, stored.groups) == ("model.added", ["openai"], ["default"])
    timestamp = stored.at.isoformat().replace("+00:00", "Z")
    data = '{"model":"gpt-4o","price":"0.1"}'
    assert stored.body == f'{{"type":"model.added","timestamp":"{timestamp}","data":{data}}}'
    assert set(Delivery.objects.values_list("state", "attempts", "next_attempt_at")) == {("pending", 0, stored.at)}


def test_nothing_is_stored_without_a_webhook_and_it_takes_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert emit("model.added", {}) is None

    assert not Event.objects.exists()


def test_limits_to_vendors_and_groups_choose_the_events_that_concern_one_of_them() -> None:
    openai, default = world.vendor(), TokenGroup.objects.default()
    by_vendor, by_group = webhook(vendors=[openai]), webhook(groups=[default])
    by_both = webhook(vendors=[openai], groups=[default])

    assert takers(emit("model.added", {}, vendors=["openai"], groups=["default", "vip"])) == {
        by_vendor, by_group, by_both,
    }  # fmt: skip
    assert takers(emit("model.added", {}, vendors=["openai"])) == {by_vendor}
    assert takers(emit("token.issued", {}, groups=["default"])) == {by_group}
    assert takers(emit("import.failed", {})) == set()


def test_a_webhook_whose_last_group_is_deleted_gets_nothing() -> None:
    group = world.token_group("vip")
    webhook(groups=[group])

    group.delete()

    assert emit("token.issued", {}, groups=["default"]) is None


def test_an_event_with_a_key_is_stored_once() -> None:
    webhook()

    first = emit("model.retiring", {"days": 30}, key="model.retiring gpt-4o 2027-01-01 30")

    assert first is not None
    assert emit("model.retiring", {"days": 30}, key="model.retiring gpt-4o 2027-01-01 30") is None
    drafts = [Draft("model.retiring", {"days": days}, key=f"{days}") for days in (7, 7, 0)]
    assert [event.data for event in emit_all(drafts)] == ['{"days":7}', '{"days":0}']
    assert Delivery.objects.count() == Event.objects.count() == 3


def test_a_test_is_sent_to_one_webhook_whatever_it_takes() -> None:
    webhook()
    other = webhook("token.issued")

    assert takers(send_to(other, "ping", {}, at=timezone.now())) == {other}


def test_nothing_remains_of_an_event_that_was_rolled_back() -> None:
    webhook()

    with transaction.atomic():
        assert emit("model.added", {}) is not None
        transaction.set_rollback(True)

    assert not Event.objects.exists()
    assert not Delivery.objects.exists()


def test_events_do_not_raise_the_revision() -> None:
    webhook()
    before = revision.read()

    emit("model.added", {})

    assert revision.read() == before


def test_the_worker_finds_what_is_due_by_its_time_however_much_waits() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL chooses by the numbers of rows")
    with CaptureQueriesContext(connection) as captured:
        list(due_batches(at=timezone.now(), sending={1}, busy={2}, most=32))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert "tokens_delivery_due" in plan
    assert "TEMP B-TREE" not in plan
