"""The history of curated models: one row per change, with the actor, the reason and the request id."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from simple_history.models import HistoricalRecords

from catalog.db.import_context import current_reason
from catalog.db.import_context import current_run as current_run

# Migrations refer to the defaults by these names.
from catalog.request_id import current_request_id as current_request_id

# A username has at most 150 characters.
LONGEST_ACTOR = 200
NOT_SIGNED_IN = "not signed in"

_actor: ContextVar[str] = ContextVar("actor", default="")


def current_actor() -> str:
    """Who changes something now, as text: the operator of the request, or who runs the command."""
    if actor := _actor.get():
        return actor
    user = request_user()
    if user is not None:
        return name_user(user)
    return NOT_SIGNED_IN if current_request_id() else name_operator()


def request_user() -> Any:
    """The operator of the current request; None outside of a request or without a sign-in."""
    user = getattr(getattr(HistoricalRecords.context, "request", None), "user", None)
    return user if user is not None and user.is_authenticated else None


def name_user(user: AbstractBaseUser) -> str:
    return user.get_username()[:LONGEST_ACTOR]


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


class ReasonedRecords(HistoricalRecords):  # type: ignore[misc]  # the library has no types
    """History rows of saves, with the reason of the row or, without one, of the current block."""

    def get_change_reason_for_object(self, instance: Any, history_type: str, using: str) -> str | None:
        reason: str | None = super().get_change_reason_for_object(instance, history_type, using)
        return reason or current_reason() or None


def history(**options: Any) -> HistoricalRecords:
    """The history of one model; `excluded_fields` omits secrets and cached values."""
    return ReasonedRecords(
        bases=[ChangeRecord], history_change_reason_field=models.TextField(null=True, blank=True), **options
    )


def name_operator() -> str:
    """The person at the command line, for records of changes: the user of the operating system."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return f"{name}, on the command line"
