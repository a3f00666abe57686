"""The admin's comparison of list prices with public price books, and the page that adopts a figure of a book."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from catalog.admin.base import capped, render_admin_page
from catalog.admin.confirmation.changes import Page, confirm
from catalog.db import revision
from catalog.error_messages import InputError
from catalog.models import AIModel
from catalog.operators.permissions import may_see_prices, may_set_prices
from pricing.models import PriceSheet
from pricing.verification.adoption import Adoption, adopt, find_adoption
from pricing.verification.books import Edition, newest_editions, usual_editions
from pricing.verification.matrix import STATES, Cell, Row, matrix
from pricing.verification.quorum import BOOKS, USUAL_BOOKS
from pricing.verification.since import Place, since_of

ROWS_A_PAGE = 100
# View -> its title and the states of its rows.
VIEWS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "differs": ("Differs", ("outvoted", "differs")),
    "quorum": ("Quorum disagrees", ("outvoted",)),
    "only_source": ("Only source", ("only_source",)),
    "older": ("Older", ("older",)),
    "only_ours": ("Only ours", ("only_ours",)),
    "agrees": ("Agrees", ("agrees",)),
    "all": ("All", STATES),
}


@require_safe
def verification_page(request: HttpRequest) -> HttpResponse:
    """The comparison, filtered and in pages; for staff only, see config/urls.py."""
    if not may_see_prices(request.user):
        raise PermissionDenied
    now = timezone.now()
    editions = usual_editions(at=now)
    result = matrix(editions, version=revision.version(), at=now)
    show = request.GET.get("show", "differs")
    show = show if show in VIEWS else "differs"
    query = capped(request.GET.get("q", ""))
    words = query.casefold().split()
    found = [row for row in result.rows if all(word in row.model.casefold() for word in words)]
    rows = [row for row in found if row.state in VIEWS[show][1]]
    rows.sort(key=lambda row: (row.state != "outvoted", row.model))
    table = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page", "1"))
    since = since_of(list(table))
    return render_admin_page(
        request,
        "pricing/admin/verification.html",
        "Price verification",
        books=[_book(editions, reader) for reader in USUAL_BOOKS],
        views=[(key, title, _count(found, states)) for key, (title, states) in VIEWS.items()],
        show=show,
        q=query,
        table=table,
        rows=[_row(row, since) for row in table],
        result=result,
        may_adopt=may_set_prices(request.user),
        link=f"?{urlencode({'show': show, 'q': query})}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def adopt_page(request: HttpRequest, key: int, figure: str, reader: str) -> HttpResponseBase:
    """One figure of a book beside ours; a POST adopts it, once its effects are confirmed."""
    if not (may_see_prices(request.user) and may_set_prices(request.user)):
        raise PermissionDenied
    model = get_object_or_404(AIModel, pk=key)
    if reader not in BOOKS:
        raise Http404
    back = f"{reverse('verification')}?{urlencode({'q': model.name, 'show': 'all'})}"
    title = f"Adopt a figure for {model}"
    problem, adoption = "", None
    try:
        adoption = found = _find_adoption(model, figure, reader)
        if request.method == "POST":
            page = Page(f"{title}?", PriceSheet._meta, button="Adopt this figure", back=request.get_full_path())
            return confirm(request, lambda: _adopt(request, found, back), lambda: page)
    except InputError as error:
        problem = str(error)
    context = {"model": model, "adoption": adoption, "problem": problem, "back": back}
    return render_admin_page(request, "pricing/admin/adopt.html", title, **context)


def _find_adoption(model: AIModel, figure: str, reader: str) -> Adoption:
    now = timezone.now()
    editions = newest_editions([reader], at=now)
    if not editions:
        raise InputError(f"No document of {BOOKS[reader].name} is stored.")
    return find_adoption(model, figure, editions[0], at=now)


def _adopt(request: HttpRequest, adoption: Adoption, back: str) -> HttpResponse:
    sheet = adopt(
        adoption,
        seen=request.POST.get("seen", ""),
        at=timezone.now(),
        reason=request.POST.get("reason", "").strip(),
        actor=request.user,  # type: ignore[arg-type]
    )
    messages.success(request, f"List price of {adoption.model} changed. {adoption.sentence}. Reason: {sheet.reason}.")
    return HttpResponseRedirect(back)


def _count(rows: list[Row], states: tuple[str, ...]) -> int:
    return sum(row.state in states for row in rows)


def _book(editions: tuple[Edition, ...], reader: str) -> dict[str, Any]:
    edition = next((edition for edition in editions if edition.book.reader == reader), None)
    problem = edition.statements.problem if edition else ""
    return {"name": BOOKS[reader].name, "edition": edition, "problem": problem}


def _row(row: Row, since: Mapping[Place, dt.datetime]) -> dict[str, Any]:
    cells = [_cell(row, reader, row.cells.get(reader), since) for reader in USUAL_BOOKS]
    return {
        "model": row.model,
        "key": row.model_key,
        "label": row.label,
        "state": row.state,
        "ours": "" if row.ours is None else row.text(row.ours),
        "figure": row.key.token,
        "cells": cells,
    }


def _cell(row: Row, reader: str, cell: Cell | None, since: Mapping[Place, dt.datetime]) -> dict[str, Any]:
    if cell is None:
        return {"name": BOOKS[reader].name, "state": "silent"}
    return {
        "name": BOOKS[reader].name,
        "reader": reader,
        "state": "older" if cell.edition.is_old else cell.state,
        "text": row.text(cell.line),
        "percent": row.change(cell),
        "since": since.get((row.model, row.key.token, reader)),
        "can_be_adopted": row.can_adopt(cell),
    }
