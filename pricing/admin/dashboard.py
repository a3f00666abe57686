"""The admin's overview: counts of models, prices, channels, tokens and imports, each with a link to its list."""

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from catalog.admin.links import admin_list
from catalog.imports.run_reports import counted
from catalog.models import AIModel, Channel, ImportRun, Source
from pricing.curation.margins import models_at_a_loss
from pricing.models import PriceSheet
from pricing.usage.unknown import count_unknown
from tokens.admin.tokens import SOON
from tokens.models import Token, TokenGroup

RUNS_SHOWN = 5


@dataclass(frozen=True)
class Figure:
    """A count with its title and the address of its list; `alarming` if somebody should look at it."""

    title: str
    count: int
    link: str
    icon: str
    alarming: bool = False


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the counts and the last import runs that this person may see to the page's context."""
    now = timezone.now()
    may_see = request.user.has_perm
    figures: list[Figure] = []
    if may_see("catalog.view_aimodel"):
        figures += model_figures(at=now)
    if may_see("catalog.view_aimodel") and may_see("pricing.view_pricesheet"):
        figures.append(loss_figure(at=now))
    if may_see("catalog.view_channel"):
        figures.append(channel_figure())
    if may_see("tokens.view_token"):
        figures += [token_figure(at=now), *budget_figures(at=now)]
    if may_see("catalog.view_importrun"):
        figures += import_figures()
    if may_see("pricing.view_usagecount") and (unknown := count_unknown(on=now.date())):
        figures.append(Figure("Unknown models used", unknown, reverse("unknown_models"), "help", alarming=True))
    runs = ImportRun.objects.select_related("source", "actor").order_by("-created_at", "-pk")[:RUNS_SHOWN]
    last_runs = [(run, counted(run.counts)) for run in runs] if may_see("catalog.view_importrun") else None
    return context | {"figures": figures, "runs": last_runs}


def model_figures(*, at: dt.datetime) -> list[Figure]:
    published, draft = (
        Count("pk", filter=Q(status=status)) for status in (AIModel.Status.PUBLISHED, AIModel.Status.DRAFT)
    )
    status = AIModel.objects.aggregate(published=published, drafts=draft)
    unpriced = AIModel.objects.published().offered().exclude(pk__in=PriceSheet.objects.models_priced(at=at)).count()
    models = "catalog_aimodel"
    return [
        Figure("Published", status["published"], admin_list(models, status__exact="published"), "deployed_code"),
        Figure("Drafts", status["drafts"], admin_list(models, status__exact="draft"), "edit_note"),
        Figure("Without a price", unpriced, admin_list(models, price="gap"), "money_off", alarming=unpriced > 0),
    ]


def loss_figure(*, at: dt.datetime) -> Figure:
    count = len(models_at_a_loss(at=at))
    return Figure("Sold below cost", count, admin_list("catalog_aimodel", price="loss"), "trending_down", count > 0)


def channel_figure() -> Figure:
    disabled = Channel.objects.filter(enabled=False).count()
    return Figure("Disabled channels", disabled, admin_list("catalog_channel", enabled__exact=0), "power_off")


def import_figures() -> list[Figure]:
    """Imports that wait for review and sources that fail, if there are any."""
    waiting, failing = ImportRun.objects.waiting().count(), Source.objects.failing().count()
    plans = admin_list("catalog_importrun", status__in="planned,stopped")
    sources = admin_list("catalog_source", fetching="failing")
    figures = [
        Figure("Imports to review", waiting, plans, "fact_check", alarming=True),
        Figure("Failing sources", failing, sources, "cloud_off", alarming=True),
    ]
    return [figure for figure in figures if figure.count]


def token_figure(*, at: dt.datetime) -> Figure:
    soon = Token.objects.expiring(at=at, within=SOON).count()
    return Figure("Expiring tokens", soon, admin_list("tokens_token", validity="expiring"), "timer", alarming=soon > 0)


def budget_figures(*, at: dt.datetime) -> list[Figure]:
    """Enabled tokens and groups whose budget is used up, or nearly, if there are any."""
    tokens, groups = Token.objects.filter(enabled=True), TokenGroup.objects.all()
    of_tokens = partial(admin_list, "tokens_token", enabled__exact=1)
    of_groups = partial(admin_list, "tokens_tokengroup")
    figures = [
        Figure(
            "Budgets used up",
            tokens.spent(at=at).count(),
            of_tokens(budget="spent"),
            "account_balance_wallet",
            alarming=True,
        ),
        Figure(
            "Budgets nearly used up",
            tokens.nearly_spent(at=at).count(),
            of_tokens(budget="nearly"),
            "account_balance_wallet",
        ),
        Figure(
            "Groups: budget used up", groups.spent(at=at).count(), of_groups(budget="spent"), "groups", alarming=True
        ),
        Figure(
            "Groups: budget nearly used up", groups.nearly_spent(at=at).count(), of_groups(budget="nearly"), "groups"
        ),
    ]
    return [figure for figure in figures if figure.count]
