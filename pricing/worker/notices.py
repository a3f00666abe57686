"""Events that time causes: what is due at a moment, each once, however often it is asked for.

Each notice has a key, so that it is stored once. One that was missed, because no worker was running, is still sent if
it is not older than RECENT; of several notices of one thing, e.g. 30 and 7 days before a model retires, only the most
urgent one is sent.
"""

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from django.db.models import Q

from catalog.models import AIModel
from pricing.curation.health_checks import RULES, as_json, run_checks
from pricing.models import PriceSheet
from pricing.models.price_events import Prices
from tokens.event_types import shapes
from tokens.events.changes import plain_value
from tokens.events.model_events import Names, draft, ended_events
from tokens.events.outbox import Draft, emit_all, subscriptions
from tokens.events.token_events import context_of
from tokens.events.token_events import draft as token_draft
from tokens.models import Event, Token
from tokens.timestamps import format_timestamp

# Days before a model retires, and before a token expires.
RETIRING = (0, 7, 30)
EXPIRING = (1, 7, 30)
# How long after its moment a notice that was missed is still sent.
RECENT = dt.timedelta(days=7)
# Finds the events that are due at a moment.
Find = Callable[[dt.datetime], Iterator[Draft]]
# Findings of one event; the next ones are those of the next event.
FINDINGS = 500


def emit_due(*, at: dt.datetime) -> int:
    """Stores the events of models, tokens and prices that are due at this moment; returns how many."""
    return _emit(NOTICES, at=at)


def emit_findings(*, at: dt.datetime) -> int:
    """Stores what the health checks find and had not found before; returns the number of events. It takes seconds."""
    return _emit({due_findings: ("health.found",)}, at=at)


def _emit(notices: Mapping[Find, Sequence[str]], *, at: dt.datetime) -> int:
    number = 0
    for find, types in notices.items():
        if to := subscriptions(*types):
            number += len(emit_all(find(at), at=at, to=to))
    return number


def due_retirements(at: dt.datetime) -> Iterator[Draft]:
    """The models that retire within 30 or 7 days, or today."""
    today = at.astimezone(dt.UTC).date()
    models = AIModel.objects.published().filter(
        retires_on__gte=today, retires_on__lte=today + dt.timedelta(days=RETIRING[-1])
    )
    rows = list(models.order_by("retires_on", "name"))
    names = Names.read(rows)
    for model in rows:
        if model.retires_on is not None:
            days = (model.retires_on - today).days
            notice = next(notice for notice in RETIRING if days <= notice)
            data: shapes.ModelRetiring = {
                **names.context(model.name, model.vendor_id, model.pk),
                "retires_on": model.retires_on.isoformat(),
                "successor": names.models.get(model.successor_id),
                "days": days,
                "notice": notice,
            }
            yield draft("model.retiring", data, key=f"model.retiring {model.pk} {model.retires_on} {notice}")


def due_ends(at: dt.datetime) -> Iterator[Draft]:
    """The models that were deprecated or retired by the calendar."""
    today = at.astimezone(dt.UTC).date()
    recent = {"gt": today - RECENT, "lte": today}
    is_recent = Q()
    for field in ("deprecated_on", "retires_on"):
        is_recent |= Q(**{f"{field}__{lookup}": day for lookup, day in recent.items()})
    rows = list(AIModel.objects.published().filter(is_recent).order_by("name"))
    names = Names.read(rows)
    dates = {"model.deprecated": "deprecated_on", "model.retired": "retires_on"}
    for model in rows:
        context = names.context(model.name, model.vendor_id, model.pk)
        for event in ended_events(context, model, successor=names.models.get(model.successor_id), on=today):
            if getattr(model, dates[event.type]) > recent["gt"]:
                yield event


def due_expiries(at: dt.datetime) -> Iterator[Draft]:
    """The tokens that expire within 30 or 7 days, or within a day."""
    tokens = Token.objects.expiring(at=at, within=dt.timedelta(days=EXPIRING[-1]))
    for token in tokens.order_by("expires_at", "pk").prefetch_related("groups"):
        if token.expires_at is None:
            continue
        left = token.expires_at - at
        notice = next(notice for notice in EXPIRING if left <= dt.timedelta(days=notice))
        expires_at = format_timestamp(token.expires_at)
        data: shapes.TokenExpiring = {
            **context_of(token, [group.slug for group in token.groups.all()]),
            "expires_at": expires_at,
            "days": left.days,
            "notice": notice,
        }
        yield token_draft("token.expiring", data, key=f"token.expiring {token.pk} {expires_at} {notice}")


def due_prices(at: dt.datetime) -> Iterator[Draft]:
    """The prices that have taken effect or have ended."""
    sheets = list(_sheets_to_report("starts_at", "price.in_force", at=at))
    sheets += [sheet for sheet in _sheets_to_report("ends_at", "price.ended", at=at) if sheet not in sheets]
    if sheets:
        prices = Prices.read(sheets)
        for sheet in sheets:
            yield from prices.due(sheet, at=at)


def _sheets_to_report(column: str, name: str, *, at: dt.datetime) -> Iterator[PriceSheet]:
    """The sheets whose moment was not long ago, without those whose event is stored."""
    known = set(Event.objects.filter(type=name, at__gt=at - 2 * RECENT).values_list("key", flat=True))
    rows = PriceSheet.objects.filter(**{f"{column}__gt": at - RECENT, f"{column}__lte": at}).order_by(column, "pk")
    for sheet in rows:
        if f"{name} {sheet.pk} {plain_value(getattr(sheet, column))}" not in known:
            yield sheet


def due_findings(at: dt.datetime) -> Iterator[Draft]:
    """What the health checks find and no stored event has; of each rule one event."""
    known = _known_findings()
    for rule, findings in run_checks(RULES, at=at):
        described = as_json(rule, findings)
        new = [row for row in described["findings"] if (rule.name, row["kind"], row["row"]) not in known][:FINDINGS]
        if new:
            data: shapes.HealthFound = {
                "rule": rule.name, "title": rule.title, "remedy": rule.remedy, "new": new, "count": len(findings),
            }  # fmt: skip
            yield Draft("health.found", data)


def _known_findings() -> Collection[tuple[str, str, str]]:
    """Rule, kind and row of the findings of stored events."""
    known = set[tuple[str, str, str]]()
    for text in Event.objects.filter(type="health.found").values_list("data", flat=True).iterator():
        data = json.loads(text)
        known.update((data["rule"], row["kind"], row["row"]) for row in data["new"])
    return known


NOTICES: Mapping[Find, Sequence[str]] = {
    due_retirements: ("model.retiring",),
    due_ends: ("model.deprecated", "model.retired"),
    due_expiries: ("token.expiring",),
    due_prices: ("price.in_force", "price.ended"),
}
