"""Writes: in one transaction, with their impact, their guards, a dry run, and the reason that the caller states."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import psycopg
from django.contrib import admin
from django.db import OperationalError, models, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.admin.confirmation.changes import REASON_LENGTH, SOON
from catalog.db import revision
from catalog.db.deletion import find_obstacles
from catalog.db.import_context import reason_scope
from pricing.admin_api import idempotency
from pricing.admin_api.errors import handle_exception
from pricing.admin_api.pages import invalid_parameter
from pricing.admin_api.permissions import require
from pricing.impact.impact import ACCEPT_LOSS, Impact
from pricing.impact.observing import observe
from tokens.auth.credentials import header_text
from tokens.events.changes import complete_change
from tokens.keys import contains_key
from tokens.operators.problems import FieldError, ProblemError

DRY_RUN = "dry_run"
# What every write accepts.
PARAMETERS = (DRY_RUN, ACCEPT_LOSS)
REASON = "X-Change-Reason"
# How often a write is made that loses against another one.
ATTEMPTS = 3
# Two writers waited for each other, and the database has undone one of them.
LOST = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


@dataclass
class Outcome:
    """What a change has done: the response to it, and what a person would have to confirm."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    # When it takes effect, if that is later.
    moments: Collection[dt.datetime] = ()
    doubts: Sequence[FieldError] = ()


def perform(
    request: Request,
    change: Callable[[], Outcome],
    *,
    may_take: Callable[[], bool] = lambda: True,
    secrets: Collection[str] = (),
) -> HttpResponse:
    """Makes a change and returns the response; with `dry_run`, or if a guard stops it, nothing is stored.

    `may_take`: whether the change may take something from a key; its impact is then compared without a dry run, too.
    It is asked when no other writer can change the answer. `secrets` are fields of the response that are shown once.
    """
    write = Write(request, change, may_take, secrets)
    key = idempotency.key_of(request)
    if write.is_dry_run:
        # It stores nothing, and a repeat compares again.
        key = ""
    identity = idempotency.identity_of(request, key) if key else ""
    fingerprint = idempotency.fingerprint_of(request) if key else ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with reason_scope(reason_of(request)), transaction.atomic():
                # Other writers wait here, also those that repeat this request.
                revision.hold()
                now = timezone.now()
                if not key:
                    return write.respond()
                if stored := idempotency.find(identity, fingerprint, at=now):
                    return stored
                response = _answer(write)
                idempotency.store(identity, fingerprint, response, secrets=secrets, at=now)
                return response
        except OperationalError as error:
            if attempt == ATTEMPTS or not isinstance(error.__cause__, LOST):
                raise
    raise AssertionError


def _answer(write: "Write") -> HttpResponse:
    """The response to a change, or to why it was refused: a repeat gets it, too."""
    try:
        return write.respond()
    except OperationalError:
        raise
    except Exception as error:
        response = handle_exception(error, {"request": write.request})
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return response


@dataclass(frozen=True)
class Write:
    """One request that writes."""

    request: Request
    change: Callable[[], Outcome]
    may_take: Callable[[], bool]
    secrets: Collection[str]

    @property
    def is_dry_run(self) -> bool:
        return is_given(self.request, DRY_RUN)

    def respond(self) -> Response:
        """Makes the change, and stores it unless it is a dry run; a problem if a guard stops it."""
        outcome, impact = self._attempt()
        seen = impact.seen_by(self.request.user)
        if self.is_dry_run:
            body = idempotency.without_secrets(outcome.body, self.secrets)
            return Response({"impact": seen.as_json(), "result": body, "doubts": list(outcome.doubts)})
        if reasons := self._stops(outcome, seen):
            raise ProblemError(
                "guard",
                f"{' '.join(reasons)} Nothing was changed. Repeat the request with ?{ACCEPT_LOSS}=1 to apply it.",
                errors=outcome.doubts,
                more={"impact": seen.as_json()},
            )
        return Response(outcome.body, status=outcome.status, headers=dict(outcome.headers))

    def _attempt(self) -> tuple[Outcome, Impact]:
        """What the change has done. A scheduled one is compared at its moment, if it does nothing now."""
        # What takes effect when it is saved has taken effect by then.
        soon, is_compared = timezone.now() + SOON, self.is_dry_run or self.may_take()
        outcome, impact, later = self._observe(soon, is_compared=is_compared, may_move=is_compared)
        if later > soon:
            outcome, impact, _ = self._observe(later, is_compared=True, may_move=False)
        return outcome, impact

    def _observe(self, at: dt.datetime, *, is_compared: bool, may_move: bool) -> tuple[Outcome, Impact, dt.datetime]:
        with transaction.atomic():
            # The rows that it writes are one change for events, too.
            with complete_change(), observe(at=at) if is_compared else nullcontext(Impact(at)) as impact:
                outcome = self.change()
            later = max(outcome.moments, default=at)
            moves = may_move and later > at and not impact.needs_confirmation
            if moves or self.is_dry_run or self._stops(outcome, impact):
                transaction.set_rollback(True)
        return outcome, impact, later if moves else at

    def _stops(self, outcome: Outcome, impact: Impact) -> list[str]:
        """Why the change is not stored: what keys lose, and names that somebody may take for other ones."""
        if is_given(self.request, ACCEPT_LOSS):
            return []
        return [*impact.guards(may_end=True), *(doubt["message"] for doubt in outcome.doubts)]


def is_given(request: Request, name: str) -> bool:
    """Whether a switch is given as 1; a problem if it has another value."""
    text = request.query_params.get(name, "0")
    if text not in ("0", "1"):
        raise invalid_parameter(name, f"{name} must be 1 or 0.")
    return text == "1"


def reason_of(request: Request) -> str:
    """Why the caller changes something, for the history."""
    text = header_text(request._request, REASON)
    reason = "".join(letter for letter in text if letter.isprintable()).strip()
    if len(reason) > REASON_LENGTH:
        raise ProblemError("validation_failed", f"{REASON} has more than {REASON_LENGTH} characters.")
    if contains_key(reason):
        raise ProblemError("validation_failed", f"{REASON} contains an API key, which must not be stored.")
    return reason


def delete_row(request: Request, row: models.Model) -> dict[str, int]:
    """Deletes a row by the rules of the admin; returns how many rows of each kind a dry run would delete.

    A problem if other rows need it, or if the operator may not delete those that belong to it.
    """
    raw, table = request._request, type(row)
    obstacles = find_obstacles(table._default_manager.filter(pk=row.pk), request.user, at=timezone.now())
    if obstacles.protected:
        raise ProblemError("protected", f"{row} cannot be deleted. {' '.join(obstacles.protected)}")
    for forbidden in obstacles.forbidden:
        require(request.user, "delete", forbidden)
    if not admin.site.is_registered(table):
        row.delete()
        return {}
    model_admin: Any = admin.site.get_model_admin(table)
    counts: dict[str, str] = {}
    if is_given(request, DRY_RUN):
        _, counts, *_ = model_admin.get_deleted_objects([row], raw)
    model_admin.delete_model(raw, row)
    return {kind: int(number.replace(",", "")) for kind, number in counts.items()}
