"""The history of curated models: one row per change, with the actor, the reason and the request id."""

import getpass
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from simple_history.models import HistoricalRecords

from catalog.db.import_context import current_reason
from catalog.db.import_context import current_run as current_run
from catalog.exact import digits

# Migrations refer to the defaults by these names.
from catalog.request_id import current_request_id as current_request_id

# A username has at most 150 characters.
LONGEST_ACTOR = 200
NOT_SIGNED_IN = "not signed in"
NOTHING = "none"
# A group may have hundreds of channels; its history row has them all.
LONGEST_TEXT = 200
# Columns that every save sets.
AUTOMATIC = {"created_at", "updated_at"}

_actor: ContextVar[str] = ContextVar("actor", default="")


def current_actor() -> str:
    """Who changes something now, as text: the operator of the request, or who runs the command."""
    if actor := _actor.get():
        return actor
    user = request_user()
    if user is not None:
        return name_user(user)
    return NOT_SIGNED_IN if current_request_id() else name_operator()


def current_operator() -> Any:
    """Who the current request is from, signed in or not; None outside of a request."""
    return getattr(getattr(HistoricalRecords.context, "request", None), "user", None)


def request_user() -> Any:
    """The operator of the current request; None outside of a request or without a sign-in."""
    user = current_operator()
    return user if user is not None and user.is_authenticated else None


def name_user(user: AbstractBaseUser) -> str:
    """The operator by name; with an admin key, that of the key, too."""
    return str(getattr(user, "actor", None) or user.get_username())[:LONGEST_ACTOR]


def name_actor(actor: AbstractBaseUser | None) -> str:
    """The operator by name; without one, who changes something now."""
    return current_actor() if actor is None else name_user(actor)


def name_actor_of_row(history_instance: Any, history_user: Any, **_: Any) -> None:
    """Names the operator of a single save in its history row, when that is created."""
    history_instance.actor = name_actor(history_user)


@contextmanager
def actor_scope(actor: str) -> Iterator[None]:
    """Names who makes the changes inside the block without being signed in, e.g. `sync_sources, on schedule`."""
    token = _actor.set(actor[:LONGEST_ACTOR])
    try:
        yield
    finally:
        _actor.reset(token)


class ChangeRecord(models.Model):
    """Columns of a history row beside the old values: who wrote it, and in which request or command and import."""

    # Defaults, because bulk writes send no signals. The name stays when the operator is deleted.
    actor = models.CharField(max_length=LONGEST_ACTOR, blank=True, default=current_actor)
    request_id = models.CharField(max_length=64, blank=True, default=current_request_id)
    run = models.ForeignKey(
        "catalog.ImportRun", null=True, blank=True, default=current_run, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True


# Class and key of a row -> the row, the kind of its history row, and what writes that.
_waiting: ContextVar[dict[tuple[type, Any], tuple[Any, str, "ReasonedRecords"]] | None] = ContextVar(
    "waiting", default=None
)


@contextmanager
def one_history_row() -> Iterator[None]:
    """A row that is saved inside the block, and whose relations are, gets one history row: for its state at the end."""
    if _waiting.get() is not None:
        yield
        return
    waiting: dict[tuple[type, Any], tuple[Any, str, ReasonedRecords]] = {}
    with transaction.atomic():
        token = _waiting.set(waiting)
        try:
            yield
        finally:
            _waiting.reset(token)
        for row, kind, records in waiting.values():
            records.create_historical_record(row, kind)


class ReasonedRecords(HistoricalRecords):  # type: ignore[misc]  # the library has no types
    """History rows of saves, with the reason of the row or, without one, of the current block."""

    def create_historical_record(self, instance: Any, history_type: str, using: str | None = None) -> None:
        waiting = _waiting.get()
        if waiting is None:
            super().create_historical_record(instance, history_type, using=using)
            return
        place = (type(instance), instance.pk)
        if history_type == "-":
            if before := waiting.pop(place, None):
                super().create_historical_record(before[0], before[1])
            super().create_historical_record(instance, history_type, using=using)
        elif place in waiting:
            waiting[place] = (instance, waiting[place][1], self)
        else:
            waiting[place] = (instance, history_type, self)

    def get_change_reason_for_object(self, instance: Any, history_type: str, using: str) -> str | None:
        reason: str | None = super().get_change_reason_for_object(instance, history_type, using)
        return reason or current_reason() or None


def history(**options: Any) -> HistoricalRecords:
    """The history of one model; `excluded_fields` omits secrets and cached values."""
    return ReasonedRecords(
        bases=[ChangeRecord], history_change_reason_field=models.TextField(null=True, blank=True), **options
    )


def describe(after: Any) -> tuple[str, str] | None:
    """What a new history row says compared with the one before it: action and detail; None if there are no words.

    `described` of the class has the fields of each thing that has words, e.g. budget: amount, currency and period.
    Without a value of the first one, there is no such thing.
    """
    described = getattr(after.instance_type, "described", None)
    if described is None:
        return None
    before = type(after).objects.filter(id=after.id, history_id__lt=after.history_id).order_by("history_id").last()
    if before is None:
        return None
    changed = {
        field.name
        for field in after.tracked_fields
        if field.name not in AUTOMATIC and getattr(before, field.attname) != getattr(after, field.attname)
    }
    words: list[tuple[str, str]] = []
    if "enabled" in changed:
        word = "enabled" if after.enabled else "disabled"
        words.append((word, word))
    described_fields = {"enabled"}
    for thing, names in described.items():
        old, new = (_text(row, names) for row in (before, after))
        described_fields.update(names)
        if old != new:
            words.append((f"{thing} changed", f"{thing} changed from {_short(old)} to {_short(new)}"))
    if not words:
        return None
    detail = "; ".join(sentence for _, sentence in words)
    if len(words) > 1 or changed - described_fields:
        return "changed", detail
    action = words[0][0]
    return action, "" if detail == action else detail


def _short(text: str) -> str:
    return f"{text[:LONGEST_TEXT]}…" if len(text) > LONGEST_TEXT else text or NOTHING


def _text(row: Any, names: Sequence[str]) -> str:
    """The values of these fields of a history row."""
    relations = {field.name: field for field in row._history_m2m_fields}  # noqa: SLF001
    if names[0] not in relations and getattr(row, names[0]) is None:
        return ""
    texts = (_related(row, relations[name]) if name in relations else _value(row, name) for name in names)
    return " ".join(text for text in texts if text)


def _related(row: Any, relation: Any) -> str:
    copies, other = getattr(row, relation.name).model, relation.m2m_reverse_field_name()
    keys = copies.objects.filter(history=row.history_id).values(other)
    rows = models.QuerySet[Any](relation.related_model).filter(pk__in=keys)
    return ", ".join(sorted(str(related) for related in rows))


def _value(row: Any, name: str) -> str:
    match getattr(row, name):
        case None | False:
            return ""
        case True:
            return f"+ {row._meta.get_field(name).verbose_name}"
        case Decimal() as number:
            return digits(number)
        case value:
            return str(value)


def name_operator() -> str:
    """The person at the command line, for records of changes: the user of the operating system."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return f"{name}, on the command line"
