"""The admin's page of models that gateways report and the catalog does not have, and the page that adds one of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.decorators.http import require_http_methods, require_safe

from catalog.admin.base import render_admin_page
from catalog.admin.confirmation.changes import Page, confirm
from catalog.admin.links import admin_list
from catalog.db.snapshot import no_snapshot
from catalog.error_messages import count
from catalog.exact import digits
from catalog.models import AIModel, ModelAlias
from catalog.models.names import LookAlike, look_alikes
from catalog.operators.permissions import may, may_view
from pricing.engine.money import total
from pricing.models import UsageCount, UsageEvent
from pricing.usage.names import find_models
from pricing.usage.unknown import (
    SHOWN,
    Assigned,
    UnknownName,
    assign,
    create_alias,
    create_draft,
    suggest_models,
    unknown_counts,
    unknown_names,
)
from tokens.auth.alias_effects import alias_warnings

MOST_SHOWN = 200
# With more events, the preview does not compute their cost.
MOST_PREVIEWED = 2_000


@dataclass(frozen=True)
class Addition:
    """What to add for an unknown name: a draft, or an alias of `model`; nothing if a model has the name by now."""

    name: str
    model: str

    @property
    def is_alias(self) -> bool:
        return bool(self.model)

    @cached_property
    def is_known(self) -> bool:
        return bool(find_models([self.name]))

    def effects(self, reader: Any) -> list[str]:
        """What a new alias changes for keys, in sentences for this operator."""
        is_new = self.is_alias and not self.is_known
        return alias_warnings({self.name: self.model}, at=timezone.now(), reader=reader) if is_new else []

    def look_alike(self) -> LookAlike | None:
        """The row that people may take it for."""
        if self.is_known:
            return None
        model = AIModel.objects.filter(name=self.model).first() if self.is_alias else None
        row = ModelAlias(name=self.name, model=model) if self.is_alias else AIModel(name=self.name)
        return next((alike for _, alike in look_alikes(row)), None)

    def create(self) -> None:
        """Adds it, unless it is known; ValidationError if it cannot be added."""
        reason = "Added for reported usage."
        if self.is_known:
            return
        if self.is_alias:
            model = AIModel.objects.filter(name=self.model).first()
            if model is None:
                raise ValidationError(f"There is no model {self.model}. Enter the id of a model.")
            create_alias(self.name, model, reason=reason)
        else:
            create_draft(self.name, reason=reason)

    def preview(self) -> tuple[Assigned, str]:
        """What adding it would assign, and what the events would cost, if they are not too many; nothing is written."""
        events = UsageEvent.objects.filter(model=None, name=self.name)
        if events.count() > MOST_PREVIEWED:
            return Assigned(), ""
        keys = list(events.values_list("pk", flat=True))
        with no_snapshot(), transaction.atomic():
            self.create()
            assigned = assign([self.name])
            costs = UsageEvent.objects.filter(pk__in=keys, cost__isnull=False).values_list("currency", "cost")
            by_currency: dict[str, list[Decimal]] = {}
            for currency, cost in costs:
                by_currency.setdefault(currency, []).append(cost or Decimal(0))
            transaction.set_rollback(True)
        return assigned, ", ".join(f"{digits(total(costs))} {name}" for name, costs in sorted(by_currency.items()))


@require_safe
def unknown_models_page(request: HttpRequest) -> HttpResponse:
    """The names, those with the most calls first; for staff only, see config/urls.py."""
    if not may_view(request.user, UsageCount):
        raise PermissionDenied
    names = unknown_names(on=timezone.now().date(), most=MOST_SHOWN + 1)
    sees_models = may_view(request.user, AIModel)
    suggestions = suggest_models([unknown.name for unknown in names]) if sees_models else {}
    return render_admin_page(
        request,
        "pricing/admin/unknown_models.html",
        "Unknown models",
        rows=[_row(unknown, suggestions.get(unknown.name, "")) for unknown in names[:MOST_SHOWN]],
        has_more=len(names) > MOST_SHOWN,
        days=SHOWN.days,
        adds_model=may(request.user, "add", AIModel),
        adds_alias=may(request.user, "add", ModelAlias),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def add_unknown_page(request: HttpRequest) -> HttpResponseBase:
    """What adding a name would do; a POST adds it, once its effects on keys are confirmed."""
    values = request.POST if request.method == "POST" else request.GET
    kind, name = values.get("as", "draft"), values.get("name", "")
    addition = Addition(name, values.get("model", "").strip() if kind == "alias" else "")
    added = ModelAlias if kind == "alias" else AIModel
    if not (may_view(request.user, UsageCount) and may(request.user, "add", added)):
        raise PermissionDenied
    if not unknown_counts(on=timezone.now().date()).filter(name=name).exists():
        messages.warning(request, "This name is not unknown any more.")
        return HttpResponseRedirect(reverse("unknown_models"))
    what = "Assign usage of" if addition.is_known else f"Create {'an alias' if kind == 'alias' else 'a draft'} for"
    title = f"{what} {name}"
    problem, assigned, cost = "", None, ""
    alike = addition.look_alike()
    if alike is not None and not alike.may_be_meant:
        problem = f"{alike.describe(name)}. People could confuse the two, so no row gets this name."
    elif kind == "draft" or addition.is_alias or addition.is_known:
        try:
            if request.method == "POST" and (alike is None or values.get("confirm_name") == name):
                return _apply(request, addition, Page(f"{title}?", added._meta, back=reverse("unknown_models")))
            assigned, cost = addition.preview()
            _warn(request, addition.effects(request.user))
        except ValidationError as error:
            problem = " ".join(error.messages)
    elif request.method == "POST":
        problem = "Enter the id of a model."
    context: dict[str, Any] = {
        "addition": addition,
        "kind": kind,
        "problem": problem,
        "look_alike": f"{alike.describe(name)}." if alike is not None and alike.may_be_meant else "",
        "calls": count(assigned.requests, "call") if assigned and assigned.requests else "",
        "events": f"{assigned.events:,}" if assigned and assigned.events else "",
        "priced": f"{assigned.priced:,}" if assigned and assigned.priced else "",
        "cost": cost if may_view(request.user, UsageEvent) else "",
        "back": reverse("unknown_models"),
    }
    return render_admin_page(request, "pricing/admin/add_unknown.html", title, **context)


def _row(unknown: UnknownName, suggestion: str) -> dict[str, str]:
    days = dict.fromkeys([f"{unknown.first:%Y-%m-%d}", f"{unknown.last:%Y-%m-%d}"])
    return {
        "name": unknown.name,
        # On a phone, the table has no headings.
        "calls": count(unknown.requests, "call"),
        "tokens": count(unknown.tokens, "token"),
        "days": " to ".join(days),
        "reporters": count(unknown.reporters, "reporter"),
        "suggestion": suggestion,
    }


def _apply(request: HttpRequest, addition: Addition, page: Page) -> HttpResponseBase:
    effects = addition.effects(request.user)

    def create() -> HttpResponse:
        addition.create()
        return HttpResponseRedirect(page.back)

    response = confirm(request, create, lambda: page)
    if response.status_code != HTTPStatus.FOUND:
        return response
    # In transactions of its own, because it takes long if there are many events.
    assigned = assign([addition.name])
    what = (
        "in the catalog" if addition.is_known else f"an alias of {addition.model}" if addition.is_alias else "a draft"
    )
    result = (
        f"{count(assigned.requests, 'call')} assigned, {assigned.priced} of {count(assigned.events, 'event')} priced"
    )
    messages.success(request, f"{addition.name} is now {what}: {result}.")
    _warn(request, effects)
    if addition.is_alias or addition.is_known or not may_view(request.user, AIModel):
        return HttpResponseRedirect(reverse("unknown_models"))
    return HttpResponseRedirect(admin_list("catalog_aimodel") + f"{AIModel.objects.get(name=addition.name).pk}/change/")


def _warn(request: HttpRequest, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        messages.warning(request, sentence)
