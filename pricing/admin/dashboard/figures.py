"""Counts of models, prices, channels, tokens and imports, each with a link to the list of the counted rows."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from catalog.admin.links import admin_list
from catalog.models import AIModel, Channel, ImportRun, Source
from catalog.operators.permissions import limit_rows, may_view
from pricing.curation.margins import models_at_a_loss
from pricing.models import PriceSheet, UsageCount
from pricing.usage.unknown import count_unknown
from tokens.admin.tokens import SOON
from tokens.models import Token, TokenGroup
from tokens.operators.reach import is_limited


@dataclass(frozen=True)
class Figure:
    """A count with its title and the address of its list; `alarming` if somebody should look at it."""

    title: str
    count: int
    link: str
    icon: str
    alarming: bool = False

    @property
    def shown(self) -> str:
        return f"{self.count:,}"


def figures(operator: Any, *, at: dt.datetime) -> list[Figure]:
    """The counts that this operator may see."""
    sees: Callable[..., bool] = partial(may_view, operator)
    found: list[Figure] = []
    if sees(AIModel):
        found += model_figures(at=at, with_prices=sees(PriceSheet))
    if sees(AIModel, PriceSheet):
        found.append(loss_figure(at=at))
    if sees(Channel):
        found.append(channel_figure())
    if sees(Token):
        tokens = limit_rows(operator, Token.objects.all())
        found.append(token_figure(tokens, at=at))
        found += token_budget_figures(tokens.filter(enabled=True), at=at)
    if sees(TokenGroup):
        found += group_budget_figures(limit_rows(operator, TokenGroup.objects.all()), at=at)
    if sees(ImportRun):
        found += review_figures()
    if sees(Source):
        found += source_figures()
    if sees(UsageCount) and not is_limited(operator) and (unknown := count_unknown(on=at.date())):
        found.append(Figure("Unknown models used", unknown, reverse("unknown_models"), "help", alarming=True))
    return found


def model_figures(*, at: dt.datetime, with_prices: bool) -> list[Figure]:
    published, draft = (
        Count("pk", filter=Q(status=status)) for status in (AIModel.Status.PUBLISHED, AIModel.Status.DRAFT)
    )
    status = AIModel.objects.aggregate(published=published, drafts=draft)
    models = "catalog_aimodel"
    found = [
        Figure("Published", status["published"], admin_list(models, status__exact="published"), "deployed_code"),
        Figure("Drafts", status["drafts"], admin_list(models, status__exact="draft"), "edit_note"),
    ]
    if with_prices:
        priced = PriceSheet.objects.models_priced(at=at)
        unpriced = AIModel.objects.published().offered().exclude(pk__in=priced).count()
        link = admin_list(models, price="gap")
        found.append(Figure("Without a price", unpriced, link, "money_off", alarming=unpriced > 0))
    return found


def loss_figure(*, at: dt.datetime) -> Figure:
    count = len(models_at_a_loss(at=at))
    return Figure("Sold below cost", count, admin_list("catalog_aimodel", price="loss"), "trending_down", count > 0)


def channel_figure() -> Figure:
    disabled = Channel.objects.filter(enabled=False).count()
    return Figure("Disabled channels", disabled, admin_list("catalog_channel", enabled__exact=0), "power_off")


def review_figures() -> list[Figure]:
    """Imports that wait for review, if there are any."""
    waiting = ImportRun.objects.waiting().count()
    link = admin_list("catalog_importrun", status__in="planned,stopped")
    return [Figure("Imports to review", waiting, link, "fact_check", alarming=True)] if waiting else []


def source_figures() -> list[Figure]:
    """Sources that fail, if there are any."""
    failing = Source.objects.failing().count()
    link = admin_list("catalog_source", fetching="failing")
    return [Figure("Failing sources", failing, link, "cloud_off", alarming=True)] if failing else []


def token_figure(tokens: Any, *, at: dt.datetime) -> Figure:
    soon = tokens.expiring(at=at, within=SOON).count()
    return Figure("Expiring tokens", soon, admin_list("tokens_token", validity="expiring"), "timer", alarming=soon > 0)


def token_budget_figures(enabled: Any, *, at: dt.datetime) -> list[Figure]:
    """Enabled tokens whose budget is used up, or nearly, if there are any."""
    spent, nearly = enabled.spent(at=at).count(), enabled.nearly_spent(at=at).count()
    links = [admin_list("tokens_token", enabled__exact=1, budget=budget) for budget in ("spent", "nearly")]
    icon = "account_balance_wallet"
    found = [
        Figure("Budgets used up", spent, links[0], icon, alarming=True),
        Figure("Budgets nearly used up", nearly, links[1], icon),
    ]
    return [figure for figure in found if figure.count]


def group_budget_figures(groups: Any, *, at: dt.datetime) -> list[Figure]:
    """Groups whose budget is used up, or nearly, if there are any."""
    spent, nearly = groups.spent(at=at).count(), groups.nearly_spent(at=at).count()
    links = [admin_list("tokens_tokengroup", budget=budget) for budget in ("spent", "nearly")]
    found = [
        Figure("Groups: budget used up", spent, links[0], "groups", alarming=True),
        Figure("Groups: budget nearly used up", nearly, links[1], "groups"),
    ]
    return [figure for figure in found if figure.count]
