"""The results of the admin's search box: pages, models, keys, vendors, runs, and what else operators look for.

Each kind of rows comes from its own admin, so that nobody finds what they may not view, and has a limit.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.admin.base import capped
from catalog.admin.lists.model_search import MOST_KEYS, find_models, find_vendors
from catalog.models import AIModel, Channel, ImportRun, Vendor
from pricing.models import PriceSheet
from tokens.models import RetiredKey, Token, TokenGroup

# Rows of one kind.
MOST = 8
# Shorter texts match too much, except for numbers of runs.
SHORTEST = 2


@dataclass(frozen=True)
class Result:
    """One line, as the theme's template reads it."""

    title: str
    description: str
    link: str
    icon: str


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """The results for what is typed, best first; for staff only, see config/urls.py."""
    start = time.monotonic()
    text = capped(request.GET.get("s", ""))
    if not text:
        return HttpResponse()
    results = [*_pages(request, text), *_rows(request, text)]
    # One page: each kind of rows has a limit.
    page = Paginator(results, max(len(results), 1)).page(1)
    context = {
        "search_term": text,
        "page_obj": page.paginator,
        "results": page,
        "page_counter": 0,
        "execution_time": time.monotonic() - start,
        "command_show_history": False,
    }
    response = TemplateResponse(request, "unfold/helpers/command_results.html", context)
    response["HX-Trigger"] = "search"
    response["Cache-Control"] = "no-store, private"
    return response


def _pages(request: HttpRequest, text: str) -> Iterator[Result]:
    """The pages of the menu whose titles contain the text."""
    site: Any = admin.site
    for group in site.get_sidebar_list(request):
        for item in group["items"]:
            if item.get("has_permission", True) and text.lower() in str(item["title"]).lower():
                yield Result(str(item["title"]), str(group.get("title") or "Page"), str(item["link"]), item["icon"])


def _rows(request: HttpRequest, text: str) -> Iterator[Result]:
    number = text.removeprefix("#")
    is_number = number.isdecimal() and len(number) < 10
    if len(text) >= SHORTEST:
        yield from _models(request, text)
        yield from _found(request, Token, _tokens(text), ("key_id", "name"), text, _describe_token)
        vendors = Q(pk__in=find_vendors(text)) | _named(text, "name", "slug")
        yield from _found(request, Vendor, vendors, ("slug", "name"), text, lambda _: "Vendor")
        yield from _found(request, Channel, _named(text, "name", "slug"), ("slug", "name"), text, lambda _: "Channel")
        yield from _found(request, TokenGroup, _named(text, "slug", "label"), ("slug",), text, lambda _: "Group")
    runs = _named(text, "source__name", "source__slug") if len(text) >= SHORTEST else Q(pk__in=[])
    if is_number:
        runs |= Q(pk=int(number))
    if is_number or len(text) >= SHORTEST:
        yield from _found(request, ImportRun, runs, (), text, _describe_run)
    if len(text) >= SHORTEST:
        sheets = Q(model__name__iexact=text)
        yield from _found(request, PriceSheet, sheets, (), text, lambda _: "Price sheet")


def _found(
    request: HttpRequest,
    table: Any,
    condition: Q,
    names: tuple[str, ...],
    text: str,
    describe: Callable[[Any], str],
    exact: frozenset[int] = frozenset(),
) -> Iterator[Result]:
    """The first rows of a table that the operator may view: equal names first, then names that start with the text.

    `exact` are the keys of rows whose names are equal in another spelling.
    """
    model_admin: Any = admin.site.get_model_admin(table)
    if not model_admin.has_view_permission(request):
        return
    meta = table._meta
    # Without what the columns of lists need.
    viewable = model_admin.get_queryset(request).order_by().values("pk")
    rows: QuerySet[Any] = table._default_manager.filter(condition, pk__in=viewable)
    ranks = [When(**{f"{name}__iexact": text}, then=Value(0)) for name in names]
    ranks += [When(pk__in=exact, then=Value(0))] if exact else []
    ranks += [When(**{f"{name}__istartswith": text}, then=Value(1)) for name in names]
    rank = Case(*ranks, default=Value(2), output_field=IntegerField()) if ranks else Value(0)
    newest = () if names else ("-pk",)
    for row in rows.order_by(rank, *(newest or names[-1:]), "pk")[:MOST]:
        link = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
        yield Result(_title(row), describe(row), link, ICONS[table])


def _title(row: Any) -> str:
    return row.name if isinstance(row, AIModel | Token) else str(row)


ICONS = {
    AIModel: "deployed_code", Token: "key", Vendor: "domain", Channel: "hub", TokenGroup: "groups", ImportRun: "sync",
    PriceSheet: "receipt_long",
}  # fmt: skip


def _named(text: str, *columns: str) -> Q:
    condition = Q()
    for column in columns:
        condition |= Q(**{f"{column}__icontains": text})
    return condition


def _models(request: HttpRequest, text: str) -> Iterator[Result]:
    keys = find_models(text, request.user)
    found = Q(pk__in=keys.found) if len(keys.found) <= MOST_KEYS else _named(text, "name", "display_name")
    yield from _found(request, AIModel, found, ("name",), text, _describe_model, keys.exact)


def _tokens(text: str) -> Q:
    """By name, by key id, by that of a replaced key, and by the displayed end of a key."""
    replaced = RetiredKey.objects.filter(Q(key_id=text) | Q(masked=text)).values("token")
    return _named(text, "name") | Q(key_id__startswith=text) | Q(masked=text) | Q(pk__in=replaced)


def _describe_model(model: AIModel) -> str:
    title = "" if model.title == model.name else f" {model.title}"
    return f"Model{title}, {model.get_status_display().lower()}"


def _describe_token(token: Token) -> str:
    return f"Token {token.key_id}{'' if token.enabled else ', disabled'}"


def _describe_run(run: ImportRun) -> str:
    return f"Import run, {run.get_status_display().lower()}"
