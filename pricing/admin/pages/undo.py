"""Undoing a change: the page shows what it would do, and a confirmation does it."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from catalog.admin.confirmation.changes import Page, confirm, reason_of
from catalog.admin.confirmation.undo import UndoLink
from catalog.admin.links import admin_list, page_of
from catalog.error_messages import InputError
from catalog.models import AuditEntry, ImportRun
from catalog.operators.permissions import may_view
from pricing.imports.undo.changes import ALL_TABLES, Change, undo
from pricing.imports.undo.permissions import PRICES, is_in_reach, is_limited, permissions_for
from tokens.models import Token
from tokens.operators.reauthentication import ask_to_confirm

TABLES = {table._meta.label_lower: table for table in ALL_TABLES}
# The changes that the page shows; more are counted.
SHOWN = 200
# What an entry says was done -> the permission for what undoes it.
INVERSES = {"created": "delete", "issued": "delete", "imported": "delete", "deleted": "add"}


def undo_change_page(request: HttpRequest, entry: int) -> HttpResponseBase:
    """Undoes what one request did to one object."""
    return _undo_page(request, Change(_entry(entry)))


def undo_action_page(request: HttpRequest, entry: int) -> HttpResponseBase:
    """Undoes everything that one request did; an import has its own page for that."""
    found = _entry(entry)
    run = ImportRun.objects.filter(pk=found.run or 0, status=ImportRun.Status.APPLIED).first()
    if run is not None:
        return HttpResponseRedirect(reverse("admin:catalog_importrun_rollback", args=[run.pk]))
    return _undo_page(request, Change(found, is_action=True))


def _entry(key: int) -> AuditEntry:
    return get_object_or_404(AuditEntry, pk=key, history__isnull=False)


def _undo_page(request: HttpRequest, change: Change) -> HttpResponseBase:
    deeds = set(change.entries.order_by().values_list("kind", "action").distinct())
    if not may_undo(request.user, deeds, lambda: _keys(change.entries)):
        raise PermissionDenied
    kinds = {kind for kind, _ in deeds}
    if request.method == "POST" and kinds & {*PRICES, Token._meta.label_lower}:
        asked = ask_to_confirm(request)
        if asked is not None:
            return asked
    title, back = change.title, _back(request, change)
    reason = f"Undo of the {title}"
    shown: dict[str, Any] = {}

    def perform() -> HttpResponseBase:
        result = undo(change, at=timezone.now(), actor=request.user, reason=reason_of(request) or reason)  # type: ignore[arg-type]
        shown["entries"], shown["more"] = result.entries[:SHOWN], max(len(result.entries) - SHOWN, 0)
        facts = [(entry.kind, entry.object_key, entry.action, values) for entry, values in result.entries]
        shown["digest"] = _digest(facts)
        messages.success(request, f"Undone: {title}.")
        return HttpResponseRedirect(back)

    def describe() -> Page:
        return Page(
            f"Undo the {title}?",
            AuditEntry._meta,
            button="Undo",
            is_always_shown=True,
            asks_reason=True,
            reason=reason,
            back=back,
            template="pricing/admin/undo.html",
            context={"table": shown["entries"], "more": shown["more"]},
            digest=shown["digest"],
        )

    try:
        return confirm(request, perform, describe)
    except InputError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(back)


def _digest(facts: Iterable[Any]) -> str:
    """Moments differ between the page and its confirmation: the names of the changed fields do not."""
    said = [(kind, key, action, [value.field for value in values]) for kind, key, action, values in facts]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _back(request: HttpRequest, change: Change) -> str:
    """The history of the object, if the operator may see it; else the audit page, or the start page."""
    row = TABLES[change.entry.kind]._default_manager.filter(pk=change.entry.object_key).first()
    if row is not None and not change.is_action and page_of(row):
        with suppress(NoReverseMatch):
            return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_history", args=[row.pk])
    if may_view(request.user, AuditEntry):
        return admin_list("catalog_auditentry", request_id=change.entry.request_id)
    return reverse("admin:index")


def may_undo(user: Any, deeds: Iterable[tuple[str, str]], keys: Callable[[], Mapping[str, Sequence[int]]]) -> bool:
    """Whether this operator may undo what was done (an action) to kinds of objects; `keys`: the objects by kind."""
    for kind, action in deeds:
        if kind not in TABLES or not user.has_perms(permissions_for(kind, INVERSES.get(action, "change"))):
            return False
    if not any(is_limited(user, TABLES[kind]) for kind, _ in deeds):
        return True
    return all(is_in_reach(user, TABLES[kind], of_kind) for kind, of_kind in keys().items())


def _keys(entries: QuerySet[AuditEntry]) -> dict[str, list[int]]:
    keys: dict[str, list[int]] = defaultdict(list)
    for kind, key in entries.order_by().values_list("kind", "object_key").distinct():
        keys[kind].append(int(key))
    return keys


def _key(entry: AuditEntry) -> dict[str, list[int]]:
    return {entry.kind: [int(entry.object_key)]}


def find_links(request: HttpRequest, entries: Sequence[AuditEntry]) -> dict[int, list[UndoLink]]:
    """The links of entries of the audit trail, in a fixed number of queries for operators without limits."""
    about = [entry for entry in entries if entry.history is not None]
    runs = ImportRun.objects.in_bulk({entry.run for entry in about if entry.run})
    runs = {key: run for key, run in runs.items() if run.status == ImportRun.Status.APPLIED}
    import_admin: Any = admin.site.get_model_admin(ImportRun)
    may_roll_back = {key: import_admin.has_rollback_permission(request, str(key)) for key in runs}
    written = AuditEntry.objects.filter(
        request_id__in={entry.request_id for entry in about if entry.request_id}, history__isnull=False
    ).order_by()
    own: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
    of_objects = written.filter(object_key__in={entry.object_key for entry in about})
    for *change, kind, key, action in of_objects.values_list("request_id", "actor", "kind", "object_key", "action"):
        own[(*change, kind, key)].add((kind, action))
    actions: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(dict)
    whole = written.exclude(run__in=runs).values_list("request_id", "actor", "kind", "action")
    for request_id, actor, kind, action, number in whole.annotate(number=Count("pk")):
        actions[request_id, actor][kind, action] = number
    links: dict[int, list[UndoLink]] = {}
    permitted: dict[tuple[str, str], bool] = {}
    for entry in about:
        links[entry.pk] = found = []
        deeds = own.get((entry.request_id, entry.actor, entry.kind, entry.object_key), {(entry.kind, entry.action)})
        if may_undo(request.user, deeds, partial(_key, entry)):
            found.append(UndoLink(reverse("undo_change", args=[entry.pk]), "Undo this change"))
        if entry.run in runs:
            if may_roll_back[entry.run]:
                address = reverse("admin:catalog_importrun_rollback", args=[entry.run])
                found.append(UndoLink(address, "Roll this import back"))
            continue
        action_key = (entry.request_id, entry.actor)
        number = sum(actions.get(action_key, {}).values())
        if number > 1 and entry.request_id:
            if action_key not in permitted:
                keys = partial(_keys, Change(entry, is_action=True).entries)
                permitted[action_key] = may_undo(request.user, actions[action_key], keys)
            if permitted[action_key]:
                address = reverse("undo_action", args=[entry.pk])
                found.append(UndoLink(address, f"Undo all {number:,} changes of this action"))
    return links
