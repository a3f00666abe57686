"""Webhooks arrive signed, with the same id and bytes at each attempt, until they are acknowledged or dead."""

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import standardwebhooks

from catalog.models import AuditEntry
from tests.tokens.events.delivery.receivers import Receiver, receiver, subscribe
from tokens.events.delivery import dispatcher, queue, sending
from tokens.events.delivery.dispatcher import Dispatcher
from tokens.events.delivery.queue import RETRIES, send_again
from tokens.events.outbox import emit
from tokens.models import Delivery, Event, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
State = Delivery.State


class Clock:
    """The time of a dispatcher, which a test moves."""

    def __init__(self) -> None:
        self.at = dt.datetime.now(tz=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.at


@pytest.fixture
def host(settings: Any) -> Iterator[Receiver]:
    with receiver(settings) as running:
        yield running


def deliver(clock: Clock | None = None) -> list[str]:
    """Sends what is due, waits for it, and returns the lines of the log."""
    lines: list[str] = []
    Dispatcher(lines.append, clock=clock or Clock()).run_once(threading.Event())
    return lines


def happen(event_type: str = "token.issued", /, **data: Any) -> Event:
    event = emit(event_type, data or {"name": "Ana"})
    assert event is not None
    return event


def test_the_package_of_the_specification_verifies_what_arrives(host: Receiver) -> None:
    _, secret = subscribe(host.url)
    event = happen(name="é ✓")

    lines = deliver()

    headers, body = host.received[0]
    assert standardwebhooks.Webhook(secret).verify(body, headers) == json.loads(body)
    assert json.loads(body) == {
        "type": "token.issued",
        "timestamp": json.loads(body)["timestamp"],
        "data": {"name": "é ✓"},
    }
    assert (headers["webhook-id"], headers["content-type"]) == (event.event_id, "application/json; charset=utf-8")
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.last_status, row.last_error) == (State.DELIVERED, 1, 204, "")
    assert row.delivered_at
    assert lines == [f"token.issued {event.event_id} to Webhook to {host.url}: delivered."]
    assert deliver() == []


def test_another_secret_or_body_is_not_verified(host: Receiver) -> None:
    _, secret = subscribe(host.url)
    happen()
    deliver()
    headers, body = host.received[0]
    another = "whsec_" + "A" * 43 + "="

    for key, sent, changes in ((another, body, {}), (secret, body + b" ", {}), (secret, body, {"webhook-id": "msg_1"})):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(key).verify(sent, headers | changes)


def test_both_secrets_verify_while_one_is_replaced(host: Receiver) -> None:
    webhook, old = subscribe(host.url)
    now = Clock().at
    new = webhook.rotate_secret(at=now)
    webhook.save()
    happen()
    deliver()
    headers, body = host.received[0]
    for secret in (old, new):
        assert standardwebhooks.Webhook(secret).verify(body, headers)

    webhook.previous_secret_until = now - dt.timedelta(seconds=1)
    webhook.save()
    happen()
    deliver()
    headers, body = host.received[1]
    assert standardwebhooks.Webhook(new).verify(body, headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(old).verify(body, headers)


def test_it_is_sent_again_at_exact_times_with_the_same_id_and_bytes_and_then_dead(host: Receiver) -> None:
    subscribe(host.url)
    event = happen()
    clock, began = Clock(), None
    host.statuses = [500, 302, 404, 503, 400, 429, 301, 500]
    for number, pause in enumerate(RETRIES, 1):
        began = clock.at
        deliver(clock)
        row = Delivery.objects.get()
        assert (row.state, row.attempts, row.next_attempt_at) == (State.PENDING, number, began + pause)
        clock.at = began + pause - dt.timedelta(milliseconds=1)
        assert deliver(clock) == []
        clock.at = began + pause
    (line,) = deliver(clock)

    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.next_attempt_at, row.last_status) == (State.DEAD, 8, None, 500)
    assert row.last_error == "The receiver answered 500."
    assert line.endswith("The receiver answered 500. This was the last attempt.")
    assert host.ids == [event.event_id] * 8
    assert len(set(host.bodies)) == 1
    # Each attempt is signed for its own time, because receivers refuse old ones.
    assert len({headers["webhook-timestamp"] for headers, _ in host.received}) == 8
    assert [pause.total_seconds() for pause in RETRIES] == [5, 30, 300, 1800, 7200, 21600, 43200]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_acknowledges(host: Receiver, status: int) -> None:
    subscribe(host.url)
    happen()
    host.statuses = [status]
    deliver()
    assert Delivery.objects.get().state == State.DELIVERED


def test_410_disables_the_webhook_and_cancels_what_waits_for_it(host: Receiver, settings: Any) -> None:
    webhook, _ = subscribe(host.url)
    host.statuses = [410]
    with receiver(settings) as other:
        subscribe(other.url)
        first = happen()
        for _ in range(3):
            happen()
        Delivery.objects.exclude(event=first).update(next_attempt_at=Clock().at + dt.timedelta(hours=1))

        deliver()

    webhook.refresh_from_db()
    assert not webhook.enabled
    assert webhook.disabled_reason == "The receiver answered 410: it wants nothing more."
    assert set(webhook.deliveries.values_list("state", flat=True)) == {State.CANCELLED}
    assert webhook.deliveries.get(event=first).last_status == 410
    assert Delivery.objects.exclude(webhook=webhook).get(event=first).state == State.DELIVERED
    entry = AuditEntry.objects.filter(kind="tokens.webhook").latest("pk")
    assert (entry.actor, entry.reason) == ("run_worker", webhook.disabled_reason)
    # Enabled again, it gets nothing of what was cancelled.
    webhook.enabled = True
    webhook.save()
    assert webhook.disabled_reason == ""
    assert not webhook.deliveries.pending().exists()


def test_nothing_is_sent_to_a_webhook_that_was_disabled_or_deleted(host: Receiver) -> None:
    disabled, _ = subscribe(host.url)
    deleted, _ = subscribe(host.url)
    happen()
    disabled.enabled = False
    disabled.save()
    deleted.delete()

    assert deliver() == []
    assert host.received == []
    assert Delivery.objects.get().state == State.CANCELLED


def test_what_was_disabled_or_deleted_during_the_attempt_stays_so(host: Receiver) -> None:
    disabled, _ = subscribe(host.url)
    deleted, _ = subscribe(host.url)
    happen()
    running = Dispatcher(lambda _: None)
    running.start_due()
    disabled.enabled = False
    disabled.save()
    deleted.delete()
    running.run_once(threading.Event())

    assert len(host.received) == 2
    assert Delivery.objects.get().state == State.CANCELLED


def test_a_dead_delivery_is_sent_again_with_its_id_and_all_retries(host: Receiver) -> None:
    webhook, _ = subscribe(host.url)
    event = happen()
    Delivery.objects.update(state=State.DEAD, attempts=8, next_attempt_at=None, last_error="The receiver answered 500.")
    host.statuses = [500]
    clock = Clock()

    assert send_again(Delivery.objects.dead().select_related("webhook"), at=clock.at) == 1
    deliver(clock)

    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.next_attempt_at) == (State.PENDING, 1, clock.at + RETRIES[0])
    assert host.ids == [event.event_id]
    entry = AuditEntry.objects.filter(kind="tokens.delivery").get()
    assert (entry.action, entry.name) == ("sent again", f"token.issued {event.event_id} for {webhook}")


def test_a_slow_receiver_holds_up_no_other_one(host: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.4)
    released = threading.Event()
    with receiver(settings, before=lambda: released.wait(5)) as slow:
        subscribe(slow.url)
        for _ in range(40):
            happen()
        subscribe(host.url)
        happen()
        running = Dispatcher(lambda _: None)
        began = time.monotonic()
        running.start_due()
        while not host.received and time.monotonic() - began < 5:
            time.sleep(0.01)
        assert len(host.received) == 1
        # A few at once, and one at a time after it was too late.
        assert len(slow.received) <= 4
        while not Delivery.objects.exclude(last_error="").exists() and time.monotonic() - began < 5:
            running.wait(1)
            running.record_finished()
        before = len(slow.received)
        running.start_due()
        time.sleep(0.05)
        assert len(slow.received) <= before + 1
        released.set()
    assert "took longer than" in Delivery.objects.exclude(last_error="")[0].last_error


def test_nothing_is_sent_to_a_host_that_is_not_allowed_any_more(host: Receiver, settings: Any) -> None:
    webhook, _ = subscribe(host.url + "?key=secret")
    happen()
    settings.FETCH_OWN_HOSTS = []

    lines = deliver()

    row = Delivery.objects.get()
    assert row.state == State.PENDING
    assert row.last_error.startswith("The address must start with https://.")
    assert "secret" not in " ".join([*lines, row.last_error])
    assert host.received == []
    assert webhook.url not in row.last_error


def test_a_secret_key_that_was_replaced_is_the_reason_and_not_an_error(host: Receiver, settings: Any) -> None:
    subscribe(host.url)
    happen()
    settings.SECRET_KEY = "another" * 10

    deliver()

    assert "because SECRET_KEY was replaced" in Delivery.objects.get().last_error
    assert Webhook.objects.get().enabled


def test_an_unexpected_error_is_a_line_and_stops_no_other_delivery(
    host: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(host.url)
    broken, other = happen(), happen()
    record = queue.record_outcome

    def fail(batch: queue.Batch, outcome: sending.Outcome, *, at: dt.datetime) -> str:
        if batch.deliveries[0].event == broken:
            raise ValueError("a secret")
        return record(batch, outcome, at=at)

    monkeypatch.setattr(dispatcher, "record_outcome", fail)
    lines: list[str] = []
    stop = threading.Event()
    running = Dispatcher(lines.append)
    monkeypatch.setattr(dispatcher, "GRACE", 0.1)

    def begin_turn() -> bool:
        if len(lines) == 2:
            stop.set()
        return True

    monkeypatch.setattr(dispatcher, "POLL", 0.02)
    running.run(stop, begin_turn=begin_turn)

    assert host.ids.count(broken.event_id) == 1
    assert (
        f"token.issued {broken.event_id} to Webhook to {host.url}: This is a bug (ValueError). Please report it."
        in lines
    )
    assert Delivery.objects.get(event=other).state == State.DELIVERED
    assert "a secret" not in " ".join(lines)
