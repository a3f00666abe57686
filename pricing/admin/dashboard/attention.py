"""What somebody should act on: plans to review, sources that fail, keys that expire or are refused."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Max
from django.urls import reverse

from catalog.admin.links import admin_list, page_of
from catalog.error_messages import count
from catalog.imports.run_reports import counted
from catalog.models import ImportRun, Source
from catalog.operators.permissions import limit_rows, may_view
from pricing.models import WorkerState
from tokens.models import Delivery, LastRefusal, Token, Webhook

SHOWN = 5
SOON = dt.timedelta(days=7)
RECENTLY = dt.timedelta(days=1)
MAIN_COUNTS = ("new", "changed", "missing", "suspicious", "new prices", "changed prices")
# A source whose fetches have been left out this often is stale: nothing fetches it.
LATE = 2
# A delivery that is due for longer waits for a worker.
OVERDUE = dt.timedelta(minutes=2)


@dataclass(frozen=True)
class Item:
    """One row that somebody should look at, and the page where that is done."""

    name: str
    detail: str
    link: str
    # What is shown first: a time, or a state.
    mark: str
    is_urgent: bool = False


@dataclass(frozen=True)
class Part:
    title: str
    items: Sequence[Item]
    # The number of all rows, and the address of their list.
    count: int
    link: str

    @property
    def more(self) -> int:
        return self.count - len(self.items)


def needs_attention(operator: Any, *, at: dt.datetime) -> list[Part] | None:
    """The parts that are not empty, of what this operator may see; None if they may see none of it."""
    parts: list[Part] = []
    tables = (ImportRun, Source, Token, Delivery)
    sees_runs, sees_sources, sees_tokens, sees_deliveries = (may_view(operator, table) for table in tables)
    if not (sees_runs or sees_sources or sees_tokens or sees_deliveries):
        return None
    if sees_runs:
        parts.append(_waiting_plans())
    if sees_sources:
        parts += [_failing_sources(), _stale_sources(at=at)]
    if sees_tokens:
        tokens = limit_rows(operator, Token.objects.all())
        parts += [_refused_keys(tokens, at=at), _expiring_keys(tokens, at=at)]
    if sees_deliveries:
        deliveries = limit_rows(operator, Delivery.objects.all())
        parts += [_dead_deliveries(deliveries), _waiting_deliveries(deliveries, at=at)]
    if sees_deliveries and may_view(operator, Webhook):
        parts.append(_disabled_webhooks(limit_rows(operator, Webhook.objects.all())))
    return [part for part in parts if part.count]


def main_counts(run: ImportRun) -> str:
    """What people look at first in the counts of a run, or that it changes none of that."""
    counts = counted(run.counts)
    return ", ".join(f"{counts[what]:,} {what}" for what in MAIN_COUNTS if what in counts) or "no models or prices"


def _waiting_plans() -> Part:
    runs = ImportRun.objects.waiting().select_related("source").order_by("-created_at", "-pk")
    items = [
        Item(
            str(run),
            main_counts(run),
            reverse("admin:catalog_importrun_change", args=[run.pk]),
            f"planned {run.created_at:%Y-%m-%d %H:%M}",
            is_urgent=run.status == ImportRun.Status.STOPPED,
        )
        for run in runs[:SHOWN]
    ]
    link = admin_list("catalog_importrun", status__in="planned,stopped")
    return Part("Plans waiting for review", items, runs.count(), link)


def _failing_sources() -> Part:
    sources = list(Source.objects.failing().annotate(fetched_at=Max("snapshots__taken_at")).order_by("name"))
    items = [_source_item(source, source.error, is_urgent=True) for source in sources[:SHOWN]]
    return Part("Failing sources", items, len(sources), admin_list("catalog_source", fetching="failing"))


def _stale_sources(*, at: dt.datetime) -> Part:
    """Sources that do not fail, and have not been fetched although they are due for long."""
    fetched = Source.objects.filter(sync=True, error="").annotate(fetched_at=Max("snapshots__taken_at"))
    stale = [source for source in fetched.order_by("name") if _is_stale(source, at=at)]
    detail = "not fetched although it is due: neither run_worker nor sync_sources runs"
    items = [_source_item(source, detail) for source in stale[:SHOWN]]
    return Part("Sources that are not fetched", items, len(stale), admin_list("catalog_source"))


def _is_stale(source: Source, *, at: dt.datetime) -> bool:
    checked_at = source.checked_at
    return checked_at is None or checked_at + LATE * dt.timedelta(hours=source.every_hours) < at


def _source_item(source: Any, detail: str, *, is_urgent: bool = False) -> Item:
    checked = f"checked {source.checked_at:%Y-%m-%d %H:%M}" if source.checked_at else "never checked"
    last = f"last document {source.fetched_at:%Y-%m-%d %H:%M}" if source.fetched_at else "no document yet"
    link = reverse("admin:catalog_source_change", args=[source.pk])
    return Item(source.name, f"{detail} ({last})", link, checked, is_urgent)


def _refused_keys(tokens: Any, *, at: dt.datetime) -> Part:
    refusals = LastRefusal.objects.filter(token__in=tokens, at__gt=at - RECENTLY).order_by("-at", "-pk")
    items = [
        Item(
            refusal.token.name,
            " ".join(filter(None, (f"{refusal.status} {refusal.code}", refusal.path, refusal.model))),
            reverse("admin:tokens_token_change", args=[refusal.token_id]),
            f"refused {refusal.at:%Y-%m-%d %H:%M}",
        )
        for refusal in refusals.select_related("token")[:SHOWN]
    ]
    return Part("Keys refused in the last 24 hours", items, refusals.count(), admin_list("tokens_token"))


def _expiring_keys(tokens: Any, *, at: dt.datetime) -> Part:
    expiring = tokens.expiring(at=at, within=SOON).order_by(F("expires_at"), "pk")
    items = [
        Item(
            token.name,
            token.masked,
            reverse("admin:tokens_token_change", args=[token.pk]),
            f"expires {token.expires_at:%Y-%m-%d %H:%M}",
        )
        for token in expiring[:SHOWN]
    ]
    return Part("Keys that expire within 7 days", items, expiring.count(), admin_list("tokens_token", validity="week"))


def _dead_deliveries(deliveries: Any) -> Part:
    dead = deliveries.dead().order_by("-last_attempt_at", "-pk")
    items = [
        Item(
            f"{delivery.event.type} to {delivery.webhook.url}",
            delivery.last_error,
            reverse("admin:tokens_delivery_change", args=[delivery.pk]),
            f"last attempt {delivery.last_attempt_at:%Y-%m-%d %H:%M}" if delivery.last_attempt_at else "not attempted",
            is_urgent=True,
        )
        for delivery in dead.select_related("event", "webhook")[:SHOWN]
    ]
    link = admin_list("tokens_delivery", state__exact=Delivery.State.DEAD.value)
    return Part("Events that were not delivered", items, dead.count(), link)


def _waiting_deliveries(deliveries: Any, *, at: dt.datetime) -> Part:
    """Deliveries that are due for long, because no worker runs."""
    due = deliveries.pending().filter(next_attempt_at__lt=at - OVERDUE)
    link = admin_list("tokens_delivery", state__exact=Delivery.State.PENDING.value)
    waiting, worker = due.count(), WorkerState.load()
    if not waiting or (worker is not None and not worker.is_silent(at=at)):
        return Part("", (), 0, link)
    seen = f"last seen {worker.seen_at:%Y-%m-%d %H:%M}, {worker.process}" if worker else "never seen"
    item = Item("run_worker does not run", seen, link, f"{count(waiting, 'event')} waiting", is_urgent=True)
    return Part("Events that wait for the worker", [item], 1, link)


def _disabled_webhooks(webhooks: Any) -> Part:
    """Webhooks that no person has disabled."""
    disabled = webhooks.filter(enabled=False).exclude(disabled_reason="").order_by("-updated_at", "-pk")
    link = admin_list("tokens_delivery", state__exact=Delivery.State.CANCELLED.value)
    items = [
        Item(
            webhook.url,
            webhook.disabled_reason,
            page_of(webhook) or link,
            f"disabled {webhook.updated_at:%Y-%m-%d %H:%M}",
        )
        for webhook in disabled[:SHOWN]
    ]
    return Part("Webhooks that were disabled", items, disabled.count(), link)
