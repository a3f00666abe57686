"""The links that undo a change, for the pages of catalog; `pricing` registers what may be undone when Django starts."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.http import HttpRequest

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
