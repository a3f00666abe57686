"""The admin's pages that change prices: one model's price list, repricing by a rule, and ending sheets."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import ModelAdmin, detail_action
from catalog.admin.confirmation.changes import BACK, Page, confirm, confirms_itself, note_moments, note_saved
from catalog.db import revision
from catalog.db.snapshot import snapshot
from catalog.models import AIModel
from catalog.operators.permissions import may, may_see_prices, may_set_prices, may_view
from catalog.prices import Line, Sheet
from pricing.admin.repricing_forms import EndForm, PriceForm, RuleForm, WithdrawForm
from pricing.curation.margins import loss_warnings
from pricing.curation.rate_card import Row, others, row_of, rows_of
from pricing.curation.repricing import Repricing, apply_repricing, compare_lines, plan_repricing, prices_after
from pricing.curation.summaries import sheet_value
from pricing.engine.formatting.lines import label, remark
from pricing.models import PriceSheet, PriceSheetQuerySet
from pricing.published.prices import sheets_in_force
from tokens.operators.reauthentication import ask_to_confirm

Role = PriceSheet.Role
ROWS_A_PAGE = 100
SKIPPED_SHOWN = 200


class RepricingAdmin(ModelAdmin):
    """Operators who may add price sheets may change prices; the pages show models and their prices of all roles."""

    def has_reprice_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may_see = may_view(request.user, AIModel) and may_see_prices(request.user)
        return may_see and may_set_prices(request.user)

    def confirm_prices(
        self,
        request: HttpRequest,
        perform: Callable[[], HttpResponse],
        title: str,
        *,
        back: str,
        moments: Iterable[dt.datetime],
    ) -> HttpResponseBase:
        """Changes prices at these moments, once operators have confirmed the effects, and that it is they."""
        note_moments(request, *moments)
        page = Page(title, self.opts, button="Continue anyway", back=back)
        return ask_to_confirm(request) or confirm(request, perform, lambda: page)

    def reprice_models(self, request: HttpRequest, models: QuerySet[AIModel], action: str) -> HttpResponseBase:
        """The page of a bulk action: the form of a rule, then a preview of each price; applies a confirmed preview.

        It posts to the list that it came from, so that the list selects the rows again.
        """
        is_submitted = "number" in request.POST
        form = RuleForm(request.POST if is_submitted else None)
        template, title = "pricing/admin/reprice.html", "Reprice models"
        context = {"form": form, "count": models.count(), **selection(request, action)}
        if not (is_submitted and form.is_valid()):
            return self.render_page(request, template, title, **context)
        back = self.list_page(request)

        def show(plan: Repricing) -> HttpResponse:
            steps = preview(plan, request.POST.get("page", "1"))
            return self.render_page(request, template, title, **context, **steps)

        def apply() -> HttpResponse:
            plan = plan_repricing(models, form.rule, at=form.start)
            if request.POST.get("apply") != plan.fingerprint or not plan.steps:
                form.add_error(None, "Prices have changed since this preview. Check the new preview below.")
                return show(plan)
            count = apply_repricing(plan, reason=form.cleaned_data["reason"], author=request.user)  # type: ignore[arg-type]
            self.message_user(request, f"{count:,} new sell prices {since(plan.at, now=form.now)}.")
            return HttpResponseRedirect(back)

        if "apply" in request.POST:
            return self.confirm_prices(request, apply, "Apply these prices?", back=back, moments=[form.start])
        with snapshot():
            plan = plan_repricing(models, form.rule, at=form.start)
        return show(plan)


class PriceListPage(RepricingAdmin):
    """The price list of a model, behind a button on the model's page."""

    actions_detail = ["set_price"]
    actions: Any = ["reprice"]

    @confirms_itself
    @admin.action(description="Reprice selected models", permissions=["reprice"])
    def reprice(self, request: HttpRequest, queryset: Any) -> HttpResponseBase:
        return self.reprice_models(request, AIModel.objects.filter(pk__in=queryset.values("pk")), "reprice")

    @detail_action(description="Set price", url_path="set-price", permissions=["reprice"], icon="sell")
    def set_price(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        model: AIModel | None = self.get_object(request, object_id)
        if model is None:
            raise Http404
        requested = request.GET.get("role", "")
        role = requested if requested in Role.values else Role.SELL

        def respond() -> HttpResponse:
            with transaction.atomic():
                if request.method == "POST":
                    revision.hold()
                return self._set_price(request, model, role, now=timezone.now())

        if request.method != "POST" or BACK in request.POST:
            return respond()
        return confirm(request, respond, lambda: Page(f"Save the {role} price of {model}?", self.opts))

    def _set_price(self, request: HttpRequest, model: AIModel, role: str, *, now: dt.datetime) -> HttpResponse:
        sheets = sheets_in_force([model.pk], roles=Role.values, at=now).get(model.pk, {})
        current = PriceSheet.objects.in_force(at=now).filter(model=model, role=role).first()
        start = sheets.get(role) or (sheets.get(Role.LIST) if role == Role.SELL else None)
        opened = "" if current is None else str(current.pk)
        as_ratios = request.GET.get("as", settings.PRICES_AS) == "ratios"
        form = PriceForm(
            request.POST or None,
            now=now,
            rows=rows_of(start),
            others=others(start),
            sheet=start,
            current=sheets.get(role),
            as_ratios=as_ratios,
            initial={"currency": start.currency if start else "USD", "base": opened},
        )
        if request.method == "POST" and BACK not in request.POST and form.is_valid():
            if form.cleaned_data["base"] == opened:
                return self._save(request, model, role, form)
            form.add_error(
                None, "Someone else has changed this price since you opened the page. Check the current price below."
            )
            posted = request.POST.copy()
            posted["base"] = opened
            form.data = posted
        return self.render_page(
            request,
            "pricing/admin/set_price.html",
            f"Price of {model}",
            model=model,
            form=form,
            roles=[(value, value.capitalize(), value == role) for value in Role.values],
            role=role,
            as_ratios=as_ratios,
            current=current,
            from_list=current is None and start is not None,
            rows=[(form[key], row, compared(key, sheets, besides=role)) for key, row in form.rows.items()],
            others=[describe(line) for line in form.others],
        )

    def _save(self, request: HttpRequest, model: AIModel, role: str, form: PriceForm) -> HttpResponse:
        sheets = PriceSheet.objects.write(
            [(model.pk, replace(form.new_sheet(), ends_at=form.cleaned_data["ends_at"]))],
            role=role,
            starts_at=form.start,
            reason=form.cleaned_data["reason"],
            author=request.user,  # type: ignore[arg-type]
        )
        note_saved(request, sheets[0])
        self.message_user(request, f"{role.capitalize()} price of {model} {since(form.start, now=form.now)}.")
        for warning in loss_warnings([model], at=form.start):
            self.message_user(request, warning, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:catalog_aimodel_change", args=[model.pk]))


class EndingPages(RepricingAdmin):
    """Actions on stored sheets: a current one can be ended, a scheduled one withdrawn."""

    actions = ["reprice", "end", "withdraw"]
    actions_row = ["new_price"]
    actions_detail = ["new_price", "end_this", "withdraw_this"]

    def has_end_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        may_end = may_set_prices(request.user) and may(request.user, "change", PriceSheet)
        return may_end and is_one_of(object_id, self._current())

    def has_withdraw_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        may_withdraw = may_set_prices(request.user) and may(request.user, "delete", PriceSheet)
        return may_withdraw and is_one_of(object_id, self._scheduled())

    @confirms_itself
    @admin.action(description="Reprice their models", permissions=["reprice"])
    def reprice(self, request: HttpRequest, queryset: Any) -> HttpResponseBase:
        models = AIModel.objects.filter(pk__in=queryset.order_by().values("model"))
        return self.reprice_models(request, models, "reprice")

    @confirms_itself
    @admin.action(description="End now or later", permissions=["end"])
    def end(self, request: HttpRequest, queryset: Any) -> HttpResponseBase:
        return self._end(
            request, PriceSheet.objects.filter(pk__in=queryset.values("pk")), "end", back=self.list_page(request)
        )

    @confirms_itself
    @admin.action(description="Withdraw scheduled prices", permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, queryset: Any) -> HttpResponseBase:
        return self._withdraw(
            request, PriceSheet.objects.filter(pk__in=queryset.values("pk")), "withdraw", back=self.list_page(request)
        )

    @detail_action(description="New price", url_path="new-price", permissions=["reprice"], icon="sell")
    def new_price(self, request: HttpRequest, object_id: str) -> HttpResponse:
        sheet = get_object_or_404(PriceSheet, pk=key_of(object_id))
        page = reverse("admin:catalog_aimodel_set_price", args=[sheet.model_id])
        return HttpResponseRedirect(f"{page}?role={sheet.role}")

    @detail_action(description="End", url_path="end", permissions=["end"], icon="event_busy")
    def end_this(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        chosen = PriceSheet.objects.filter(pk=key_of(object_id))
        return self._end(request, chosen, "", back="../change/")

    @detail_action(description="Withdraw", url_path="withdraw", permissions=["withdraw"], icon="undo")
    def withdraw_this(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        chosen = PriceSheet.objects.filter(pk=key_of(object_id))
        return self._withdraw(request, chosen, "", back=reverse("admin:pricing_pricesheet_changelist"))

    def _end(self, request: HttpRequest, chosen: PriceSheetQuerySet, action: str, *, back: str) -> HttpResponseBase:
        """The prices before and after the end of these sheets; ends them once this is confirmed."""
        is_confirmed = "confirmed" in request.POST
        form = EndForm(request.POST if is_confirmed else None)
        if is_confirmed and form.is_valid():

            def end() -> HttpResponse:
                count = chosen.end(at=form.end, now=form.now, reason=form.cleaned_data["reason"])
                self.report(request, count, f"ended {since(form.end, now=form.now)}")
                return HttpResponseRedirect(back)

            return self.confirm_prices(request, end, "End these prices?", back=back, moments=[form.end])
        ending = chosen.in_force(at=form.now)
        sheets = list(ending.select_related("model").with_lines().order_by("model__name", "pk")[:ROWS_A_PAGE])
        after = prices_after(sheets, at=form.now)
        return self.render_page(
            request,
            "pricing/admin/end.html",
            "End current prices",
            form=form,
            rows=[ending_row(sheet, *after.get(sheet.pk, ("", None))) for sheet in sheets],
            count=ending.count(),
            left=chosen.count() - ending.count(),
            ends=True,
            **selection(request, action),
        )

    def _withdraw(
        self, request: HttpRequest, chosen: PriceSheetQuerySet, action: str, *, back: str
    ) -> HttpResponseBase:
        is_confirmed = "confirmed" in request.POST
        form = WithdrawForm(request.POST if is_confirmed else None)
        if is_confirmed and form.is_valid():

            def withdraw() -> HttpResponse:
                self.report(request, chosen.withdraw(now=form.now, reason=form.cleaned_data["reason"]), "withdrawn")
                return HttpResponseRedirect(back)

            starts = chosen.order_by("starts_at").values_list("starts_at", flat=True)
            return self.confirm_prices(request, withdraw, "Withdraw these prices?", back=back, moments=starts)
        scheduled = chosen.filter(starts_at__gt=form.now)
        sheets = scheduled.select_related("model").with_lines().order_by("model__name", "pk")[:ROWS_A_PAGE]
        return self.render_page(
            request,
            "pricing/admin/end.html",
            "Withdraw scheduled prices",
            form=form,
            rows=[ending_row(sheet, "", None) for sheet in sheets],
            count=scheduled.count(),
            left=chosen.count() - scheduled.count(),
            **selection(request, action),
        )

    def _current(self) -> PriceSheetQuerySet:
        return PriceSheet.objects.in_force(at=timezone.now())

    def _scheduled(self) -> PriceSheetQuerySet:
        return PriceSheet.objects.filter(starts_at__gt=timezone.now())


def ending_row(sheet: PriceSheet, role: str, after: Sheet | None) -> dict[str, Any]:
    """A sheet on the confirmation page, with the price and its role that apply after it."""
    return {"sheet": sheet, "role": role, "lines": compare_lines(sheet_value(sheet), after)}


def selection(request: HttpRequest, action: str) -> dict[str, Any]:
    """The fields that the page of a bulk action posts again, so that the list selects the same rows."""
    return {
        "action": action,
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME) if action else [],
        "across": request.POST.get("select_across", "0"),
    }


def preview(plan: Repricing, number: str) -> dict[str, Any]:
    return {
        "plan": plan,
        "table": Paginator(plan.steps, ROWS_A_PAGE).get_page(number),
        "skipped": plan.skipped[:SKIPPED_SHOWN],
        "skipped_more": len(plan.skipped) - SKIPPED_SHOWN,
    }


def compared(key: str, sheets: dict[str, Sheet], *, besides: str) -> list[tuple[str, Row, str]]:
    """Role, row and currency of the same row in the sheets of other roles."""
    others = [(role, sheets[role], rows_of(sheets[role]).get(key)) for role in Role.values if role in sheets]
    return [
        (role, row, sheet.currency)
        for role, sheet, row in others
        if role != besides and row is not None and row.amount is not None
    ]


def describe(line: Line) -> tuple[str, Row | None]:
    """A line in words, and its row if it is a price."""
    return (label(line), row_of(line)) if line.kind == "absolute" else (remark(line), None)


def since(moment: dt.datetime, *, now: dt.datetime) -> str:
    return "from now on" if moment <= now else f"from {moment:%Y-%m-%d %H:%M} UTC on"


def key_of(object_id: str) -> int:
    """The key in an address; 0, which no row has, for a text that is not a key."""
    return int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0


def is_one_of(object_id: Any, rows: PriceSheetQuerySet) -> bool:
    """Whether the row of a page is among these; true without an id, as for a list."""
    return object_id is None or rows.filter(pk=key_of(str(object_id))).exists()
