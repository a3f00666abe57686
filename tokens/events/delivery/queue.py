"""Which deliveries are due, and what is recorded of their attempts."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from catalog.db import audit
from catalog.db.bulk import KEYS, batches
from catalog.db.import_context import current_reason
from catalog.error_messages import count, some
from catalog.exact import read_json
from tokens.events.delivery.sending import Message, Outcome
from tokens.events.delivery.sent_events import SentEvent
from tokens.models import Delivery, Webhook

# How long after a failed attempt the next one follows. After the last of them, the delivery is dead.
RETRIES = (
    dt.timedelta(seconds=5),
    dt.timedelta(seconds=30),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=6),
    dt.timedelta(hours=12),
)
# Events in one mail or chat message: an import may change thousands of models, and people read one message.
TOGETHER = 1000
LONGEST_ERROR = 512
GONE = "The receiver answered 410: it wants nothing more."

State = Delivery.State


@dataclass(frozen=True)
class Batch:
    """Deliveries of one webhook that are sent as one message."""

    webhook: Webhook
    deliveries: Sequence[Delivery]

    def __str__(self) -> str:
        first = self.deliveries[0].event
        what = f"{first.type} {first.event_id}" if len(self.deliveries) == 1 else count(len(self.deliveries), "event")
        return f"{what} to {self.webhook}"

    def message(self, *, at: dt.datetime) -> Message:
        """What is sent at this moment; UnreadableError if SECRET_KEY was replaced."""
        webhook = self.webhook
        events = [
            SentEvent(event.event_id, event.type, event.at, read_json(event.data), event.body)
            for event in (delivery.event for delivery in self.deliveries)
        ]
        return Message(webhook.kind, webhook.target, webhook.secrets(at=at), events)


def due_batches(*, at: dt.datetime, sending: Collection[int], busy: Collection[int], most: int) -> Iterator[Batch]:
    """The messages to send now, the longest waiting first; `sending` are keys of deliveries, `busy` of webhooks."""
    rows = _due(at=at).exclude(webhook__in=busy).exclude(pk__in=sending)
    people: set[int] = set()
    for delivery in rows.select_related("event", "webhook")[:most]:
        webhook = delivery.webhook
        if webhook.kind == Webhook.Kind.WEBHOOK:
            yield Batch(webhook, [delivery])
        elif webhook.pk not in people:
            people.add(webhook.pk)
            together = _due(at=at).filter(webhook=webhook).select_related("event")
            yield Batch(webhook, list(together[:TOGETHER]))


def record_outcome(batch: Batch, outcome: Outcome, *, at: dt.datetime) -> str:
    """Stores what came of an attempt that ended at this moment; returns one line about it.

    A delivery that was cancelled or sent again in the meantime stays as it is.
    """
    results: list[str] = []
    by_attempts = sorted(batch.deliveries, key=lambda delivery: (delivery.attempts, delivery.pk))
    with transaction.atomic():
        for attempts, deliveries in groupby(by_attempts, key=lambda delivery: delivery.attempts):
            fields, result = _result(attempts, outcome, at=at)
            keys = [delivery.pk for delivery in deliveries]
            attempted = Delivery.objects.pending().filter(pk__in=keys, attempts=attempts)
            attempted.update(
                attempts=attempts + 1,
                last_attempt_at=at,
                last_status=outcome.status,
                last_error=outcome.error[:LONGEST_ERROR],
                **fields,
            )
            results.append(result)
        if outcome.is_gone:
            disable(batch.webhook, GONE)
    return f"{batch}: {' '.join(dict.fromkeys(results))}"


def send_again(deliveries: Iterable[Delivery], *, at: dt.datetime) -> int:
    """Lets the worker send these as if they were new, with the ids that they have; returns how many there are.

    ValidationError, and nothing changes, if a webhook is disabled.
    """
    rows = list(deliveries)
    disabled = sorted({str(row.webhook) for row in rows if not row.webhook.enabled})
    if disabled:
        raise ValidationError(f"{some(disabled)}: this webhook is disabled. Enable it first.", code="disabled")
    with transaction.atomic():
        for keys in batches([row.pk for row in rows], KEYS):
            Delivery.objects.filter(pk__in=keys).update(
                state=State.PENDING, attempts=0, next_attempt_at=at, delivered_at=None
            )
        if len(rows) == 1:
            audit.record("sent again", about=rows[0], reason=current_reason())
        elif rows:
            name = count(len(rows), "delivery", "deliveries")
            audit.record("sent again", kind=Delivery._meta.label_lower, name=name, reason=current_reason())
    return len(rows)


def disable(webhook: Webhook, reason: str) -> None:
    """Disables a webhook and cancels what is pending for it; the reason is in its history, and shown in the admin."""
    row = Webhook.objects.filter(pk=webhook.pk, enabled=True).first()
    if row is None:
        return
    row.enabled, row.disabled_reason = False, reason
    row._change_reason = reason  # type: ignore[attr-defined]  # noqa: SLF001  # the library's own name
    row.save()


def _due(*, at: dt.datetime) -> QuerySet[Delivery]:
    due = Delivery.objects.pending().filter(next_attempt_at__lte=at, webhook__enabled=True)
    return due.order_by("next_attempt_at", "pk")


def _result(attempts: int, outcome: Outcome, *, at: dt.datetime) -> tuple[dict[str, object], str]:
    """The fields of deliveries after an attempt, and a sentence about it; `attempts`: how many there were before."""
    if not outcome.error:
        return {"state": State.DELIVERED, "next_attempt_at": None, "delivered_at": at}, "delivered."
    if outcome.is_gone:
        return {"state": State.CANCELLED, "next_attempt_at": None}, f"{outcome.error} The webhook is disabled."
    if attempts >= len(RETRIES):
        return {"state": State.DEAD, "next_attempt_at": None}, f"{outcome.error} This was the last attempt."
    next_at = at + RETRIES[attempts]
    return {"next_attempt_at": next_at}, f"{outcome.error} The next attempt is at {next_at:%Y-%m-%d %H:%M:%S} UTC."
