"""What operators do about a retirement: notify the holders of keys, forward calls, and move patterns of keys.

Each is called in a transaction, with the reason for the history in scope.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from catalog.db.audit import record
from catalog.error_messages import count
from catalog.models import AIModel, AuditEntry
from pricing.retirements.report import Entry
from tokens.access.charging import groups_by_model
from tokens.events.outbox import emit
from tokens.models import Event, Token
from tokens.operators.tokens import Terms, change
from tokens.patterns.kinds import id_of
from tokens.scope import literal

NOTIFIED = "notified holders"
NO_DATE = "Set a retirement date first: calls are forwarded from that day on."


@dataclass(frozen=True)
class Notice:
    """The last time that the holders of a model's keys were notified."""

    at: dt.datetime
    actor: str
    detail: str


def notify_holders(entry: Entry, *, at: dt.datetime, click: str) -> bool:
    """Emits one event with the keys that may call the model; False if no webhook takes it.

    `click` identifies the request of an operator, so that a repeated form emits nothing more.
    """
    model, on = entry.model, at.date()
    groups = sorted(reaching.slug for reaching in groups_by_model([model.pk]).get(model.pk, {}).values())
    data: dict[str, Any] = {"model": model.name, "vendor": model.vendor.slug, "groups": groups}
    days = None if model.retires_on is None else (model.retires_on - on).days
    if days is None:
        kind = "model.deprecated"
        data |= {"deprecated_on": str(model.deprecated_on), "retires_on": None}
    else:
        kind = "model.retired" if days <= 0 else "model.retiring"
        data |= {"retires_on": str(model.retires_on)} | ({"days": days, "notice": days} if days > 0 else {})
    data["successor"] = entry.successor.name if entry.successor else None
    data["keys"] = [{"key_id": holder.key_id, "name": holder.name} for holder in entry.holders]
    key = f"{kind} {model.pk} {click}"[:255]
    event = emit(kind, data, vendors=[model.vendor.slug], groups=groups, key=key, at=at)
    if event is None:
        return Event.objects.filter(key=key).exists()
    record(NOTIFIED, about=model, detail=f"{count(len(entry.holders), 'key')}, event {event.event_id}")
    return True


def last_notices(models: Collection[int]) -> Mapping[int, Notice]:
    """Model key -> when its holders were last notified, and by whom."""
    rows = AuditEntry.objects.filter(
        action=NOTIFIED, kind=AIModel._meta.label_lower, object_key__in=[str(key) for key in models]
    )
    found = rows.order_by("stream", "number").values_list("object_key", "at", "actor", "detail")
    return {int(key): Notice(at, actor, detail) for key, at, actor, detail in found}


def set_forwarding(key: int, is_forwarded: bool) -> None:
    """Lets calls of a model's id go to the successor from the retirement on, or not; ValidationError if they cannot.

    Only this column is written: others may have changed since the operator saw them.
    """
    model = AIModel.objects.select_for_update(of=("self",)).select_related("successor").get(pk=key)
    model.forwards_to_successor = is_forwarded
    if is_forwarded and model.retires_on is None:
        raise ValidationError(NO_DATE)
    model.validate_forwarding()
    model.save(update_fields=["forwards_to_successor", "updated_at"])


@dataclass(frozen=True)
class Move:
    """The patterns of a token before and after."""

    token: Token
    allow: Sequence[str] | None
    deny: Sequence[str]


def plan_moves(model: AIModel, tokens: QuerySet[Token], *, on: dt.date) -> list[Move]:
    """The tokens whose patterns name exactly this model, with patterns that name its successor, too.

    Until the retirement, the successor is added beside the model; from then on, it replaces it. So a key that is
    allowed or denied the model by its id is allowed or denied the successor. Other patterns stay.
    """
    if model.successor is None:
        return []
    stays = model.lifecycle(on=on) != AIModel.Lifecycle.RETIRED
    moves = []
    for token in tokens.order_by("name", "pk"):
        allow = None if token.allow is None else list(_moved(token.allow, model, model.successor, stays=stays))
        deny = list(_moved(token.deny, model, model.successor, stays=stays))
        if (allow, deny) != (token.allow, token.deny):
            moves.append(Move(token, allow, deny))
    return moves


def _moved(patterns: Sequence[str], model: AIModel, successor: AIModel, *, stays: bool) -> Iterator[str]:
    named = {name for pattern in patterns if (name := id_of(pattern)) is not None}
    for pattern in patterns:
        if id_of(pattern) != model.name:
            yield pattern
            continue
        if stays:
            yield pattern
        if successor.name not in named:
            named.add(successor.name)
            yield literal(successor.name)


def move_patterns(moves: Collection[Move], *, actor: Any, reason: str) -> None:
    """Stores the patterns, with one history row for each token; ValidationError if a token is not valid."""
    for move in moves:
        terms = Terms({"allow": move.allow, "deny": move.deny})
        change(move.token, terms, actor=actor, reason=reason)
