"""The admin's page of retirements, and its actions: notify holders, forward calls, move patterns of keys."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from catalog.admin.base import render_admin_page
from catalog.admin.confirmation.changes import Page, confirm, reason_of
from catalog.db import revision
from catalog.db.snapshot import no_snapshot
from catalog.error_messages import count
from catalog.models import AIModel
from catalog.operators.permissions import limit_rows, may, may_see_prices, may_view, may_view_all
from pricing.models import UsageCount
from pricing.retirements.actions import (
    NO_DATE,
    Notice,
    last_notices,
    move_patterns,
    notify_holders,
    plan_moves,
    set_forwarding,
)
from pricing.retirements.finding import WITHIN
from pricing.retirements.report import USAGE_DAYS, Entry, dates_of, difference_in_words, read_report, usage_in_words
from tokens.models import Token
from tokens.operators.reauthentication import reauthentication_required

KEYS_SHOWN = 5
# The horizons that the page offers, in days.
HORIZONS = (30, WITHIN.days, 365)
NO_WEBHOOK = "No webhook takes this event: add one under Webhooks, or select the event there."


@require_safe
def retirements_page(request: HttpRequest) -> HttpResponse:
    """What retires, with the figures that this person may see; for staff only, see config/urls.py."""
    if not may_view(request.user, AIModel):
        raise PermissionDenied
    now = timezone.now()
    text = request.GET.get("within", "")
    days = next((each for each in HORIZONS if str(each) == text), WITHIN.days)
    entries = _entries(request, within=dt.timedelta(days=days))
    notices = last_notices([entry.model.pk for entry in entries])
    return render_admin_page(
        request,
        "pricing/admin/retirements.html",
        "Retirements",
        rows=[_row(request, entry, notices.get(entry.model.pk)) for entry in entries],
        horizons=[(each, f"{each} days", each == days) for each in HORIZONS],
        sees_keys=may_view(request.user, Token),
        sees_usage=may_view(request.user, UsageCount),
        sees_prices=may_see_prices(request.user),
        usage_days=USAGE_DAYS,
        today=now.date(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def retirement_page(request: HttpRequest, key: int, action: str) -> HttpResponseBase:
    """What an action about one model does; a POST does it, once its effects are confirmed."""
    if action not in ACTIONS:
        raise Http404
    if not may_do(request, action):
        raise PermissionDenied
    # A number that is too large for the database finds no row.
    models = AIModel.objects.filter(pk=key).values_list("pk", flat=True)
    entry = next(iter(_entries(request, models=list(models)) if models else ()), None)
    if entry is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            return ACTIONS[action][1](request, entry)
        except ValidationError as error:
            problem = " ".join(error.messages)
    moves = plan_moves(entry.model, _tokens(request), on=timezone.now().date()) if action == "move" else []
    return render_admin_page(
        request,
        "pricing/admin/retirement.html",
        f"{ACTIONS[action][0]}: {entry.model}",
        entry=entry,
        action=action,
        dates=dates_of(entry.model, on=timezone.now().date()),
        problem=problem or _obstacle(entry, action, has_moves=bool(moves)),
        button=ACTIONS[action][0],
        moves=moves,
        click=uuid.uuid4().hex,
        back=reverse("retirements_page"),
        notice=last_notices([key]).get(key),
        sees_all_keys=may_view_all(request.user, Token._meta.label),
    )


def may_do(request: HttpRequest, action: str) -> bool:
    """Whether this person may do that; who notifies the holders of keys sees their names."""
    match action:
        case "notify":
            return may(request.user, "change", AIModel) and may_view(request.user, AIModel, Token)
        case "move":
            return may(request.user, "change", Token) and may_view(request.user, AIModel, Token)
        case _:
            return may(request.user, "change", AIModel)


def _entries(request: HttpRequest, **query: Any) -> list[Entry]:
    query = {"within": WITHIN} | query
    usage = limit_rows(request.user, UsageCount.objects.all())
    return read_report(at=timezone.now(), tokens=_tokens(request), usage=usage, **query)


def _tokens(request: HttpRequest) -> Any:
    """The tokens that this person may see: none without the permission."""
    return limit_rows(request.user, Token.objects.all()) if may_view(request.user, Token) else Token.objects.none()


def _row(request: HttpRequest, entry: Entry, notice: Notice | None) -> dict[str, Any]:
    model, without = entry.model, entry.without_successor if entry.successor else []
    on = timezone.now().date()
    return {
        "model": model,
        "dates": dates_of(model, on=on),
        "is_retired": model.lifecycle(on=on) == AIModel.Lifecycle.RETIRED,
        "successor": entry.successor,
        "forwards": entry.for_calendar.forwards,
        "keys": entry.holders[:KEYS_SHOWN],
        "more_keys": len(entry.holders) - KEYS_SHOWN,
        "without": len(without),
        "usage": usage_in_words(entry.usage),
        "prices": [(paid.prices.group, paid.keys, difference_in_words(paid)) for paid in entry.prices],
        "notice": notice,
        "actions": [
            (action, title)
            for action, (title, _) in ACTIONS.items()
            if may_do(request, action) and not _obstacle(entry, action)
        ],
    }


def _obstacle(entry: Entry, action: str, *, has_moves: bool = True) -> str:
    """Why the action has no effect; empty if it has one."""
    is_forwarded = entry.model.forwards_to_successor
    if action == "notify":
        return "" if entry.holders else "No key that you may see can call the model."
    if action == "unforward":
        return "" if is_forwarded else "Calls are not forwarded."
    if entry.successor is None:
        return "The model has no successor: choose one in its form first."
    if action == "forward":
        return "Calls are forwarded already." if is_forwarded else "" if entry.model.retires_on else NO_DATE
    return "" if has_moves else "No key that you may see names the model by its id."


def _notify(request: HttpRequest, entry: Entry) -> HttpResponseBase:
    with no_snapshot(), transaction.atomic():
        is_sent = notify_holders(entry, at=timezone.now(), click=request.POST.get("click", "")[:64] or uuid.uuid4().hex)
    if is_sent:
        messages.success(request, f"The event about {entry.model} is on its way to the webhooks that take it.")
    else:
        messages.warning(request, NO_WEBHOOK)
    return HttpResponseRedirect(reverse("retirements_page"))


def _forward(request: HttpRequest, entry: Entry) -> HttpResponseBase:
    return _set_forwarding(request, entry, is_forwarded=True)


def _unforward(request: HttpRequest, entry: Entry) -> HttpResponseBase:
    return _set_forwarding(request, entry, is_forwarded=False)


def _set_forwarding(request: HttpRequest, entry: Entry, *, is_forwarded: bool) -> HttpResponseBase:
    model = entry.model
    verb = "are forwarded to" if is_forwarded else "are no longer forwarded to"
    when = "" if model.retires_at is None or model.retires_at <= timezone.now() else f" from {model.retires_on} on"

    def perform() -> HttpResponse:
        revision.hold()
        set_forwarding(model.pk, is_forwarded)
        messages.success(request, f"Calls of {model} {verb} {model.successor}{when}.")
        return HttpResponseRedirect(reverse("retirements_page"))

    title = f"{'Forward' if is_forwarded else 'Do not forward'} calls of {model}?"
    page = Page(title, AIModel._meta, asks_reason=True, back=request.get_full_path())
    return confirm(request, perform, lambda: page)


def _move(request: HttpRequest, entry: Entry) -> HttpResponseBase:
    model = entry.model

    def perform() -> HttpResponse:
        revision.hold()
        moves = plan_moves(model, _tokens(request).select_for_update(), on=timezone.now().date())
        reason = reason_of(request) or f"{model} retires; its successor is {model.successor}."[:100]
        move_patterns(moves, actor=request.user, reason=reason)
        messages.success(request, f"Patterns of {count(len(moves), 'key')} moved to {model.successor}.")
        return HttpResponseRedirect(reverse("retirements_page"))

    page = Page(f"Move patterns to {model.successor}?", Token._meta, asks_reason=True, back=request.get_full_path())
    return confirm(request, perform, lambda: page)


# Action -> its title, and what a POST does.
ACTIONS: Mapping[str, tuple[str, Callable[[HttpRequest, Entry], HttpResponseBase]]] = {
    "notify": ("Notify holders", _notify),
    "forward": ("Forward calls", _forward),
    "unforward": ("Do not forward calls", _unforward),
    "move": ("Move patterns", _move),
}
