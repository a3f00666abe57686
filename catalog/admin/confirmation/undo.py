"""The links that undo a change, for the pages of catalog; `pricing` registers what may be undone when Django starts."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest

from catalog.admin.links import page_of
from catalog.models import AuditEntry


class UndoLink(NamedTuple):
    address: str
    text: str


# The links of entries of the audit trail that the operator of a request may follow, by the key of the entry.
FindLinks = Callable[[HttpRequest, Sequence[AuditEntry]], dict[int, list[UndoLink]]]
_find: list[FindLinks] = []


def register(find: FindLinks) -> None:
    _find[:] = [find]


def undo_links(request: HttpRequest, entries: Sequence[AuditEntry]) -> dict[int, list[UndoLink]]:
    """Key of an entry -> the links that undo its change, or all changes of its action."""
    return _find[0](request, entries) if _find else {}


def add_entries(request: HttpRequest, records: Iterable[Any], *, kind: str) -> None:
    """Sets the entry of history rows of one kind, its page if the operator may view it, and the links that undo it."""
    rows = {record.pk: record for record in records}
    entries = list(AuditEntry.objects.filter(kind=kind, history__in=rows))
    links = undo_links(request, entries)
    for entry in entries:
        row = rows[entry.history]
        row.entry, row.entry_page, row.undo_links = entry, page_of(entry), links.get(entry.pk, [])
