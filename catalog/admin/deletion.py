"""What the admin's confirmation of a deletion shows: the rows, and how many others would be deleted with them.

Django's own page reads every related row to name it. A group may have 100,000 tokens: here the database counts them.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import model_ngettext
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.text import capfirst

from catalog.admin.links import linked_row
from catalog.db.bulk import BATCH, batches
from catalog.db.deletion import relations_to
from catalog.db.revision import hold

# The rows that are named; more are counted.
SHOWN = 20

Rows = models.QuerySet[Any]


@dataclass
class Deletion:
    """The rows that would be deleted, those that prevent it, and the kinds of rows that this person may not delete."""

    request: HttpRequest
    # Name of a kind of rows in the plural -> how many would be deleted.
    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    missing_permissions: set[str] = field(default_factory=set)
    protected: list[str] = field(default_factory=list)

    def add(self, rows: Rows, number: int, label: str = "") -> None:
        """Counts these rows, and those that the database would delete with them."""
        self.counts[label or str(rows.model._meta.verbose_name_plural)] += number
        if not may_delete(self.request, rows):
            self.missing_permissions.add(str(rows.model._meta.verbose_name))
        relations = {
            relation: relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": keys_of(rows)})
            for relation in relations_to(rows.model)
            if relation.on_delete is not models.SET_NULL
        }
        for (relation, related), count in zip(relations.items(), count_all(relations.values()), strict=True):
            if not count:
                continue
            if relation.on_delete is models.CASCADE:
                self.add(related, count, label=name_of_links(relation))
            else:
                self.protected += name_rows(related, count)


def find_deleted(objs: Rows | Sequence[models.Model], request: HttpRequest) -> tuple[Any, Any, Any, Any]:
    """What Django's get_deleted_objects returns: lines, counts, missing permissions, protected rows."""
    if isinstance(objs, models.QuerySet):
        # Without the columns and relations that only the list shows.
        rows = cast("Rows", objs.model._default_manager.filter(pk__in=keys_of(objs)))
        number = rows.count()
        lines: list[Any] = name_rows(rows, number)
    else:
        rows = type(objs[0])._default_manager.filter(pk__in=[row.pk for row in objs])
        number, lines = len(objs), list(map(name_row, objs))
    deletion = Deletion(request)
    deletion.add(rows, number)
    counts = {name: f"{count:,}" for name, count in deletion.counts.items()}
    return lines, counts, deletion.missing_permissions, deletion.protected


@admin.action(description="Delete selected %(verbose_name_plural)s", permissions=["delete"])
def delete_selected(model_admin: Any, request: HttpRequest, queryset: Rows) -> HttpResponse | None:
    """Django's action, with a confirmation that does not repeat the keys of all rows: forms have a limit of fields."""
    number, is_confirmed = queryset.count(), bool(request.POST.get("post"))
    if is_confirmed and request.POST.get("number", str(number)) != str(number):
        message = "The selected rows have changed since the confirmation was shown. Nothing was deleted."
        model_admin.message_user(request, message, messages.ERROR)
        return None
    lines, counts, missing_permissions, protected = model_admin.get_deleted_objects(queryset, request)
    if is_confirmed and not protected:
        if missing_permissions:
            raise PermissionDenied
        with transaction.atomic():
            hold()
            keys = list(keys_of(queryset).values_list("pk", flat=True))
            for batch in batches(keys, BATCH):
                model_admin.log_deletions(request, queryset.model._default_manager.filter(pk__in=batch))
            model_admin.delete_queryset(request, queryset)
        message = f"{number:,} {model_ngettext(model_admin.opts, number)} deleted."
        model_admin.message_user(request, message, messages.SUCCESS)
        return None
    name = model_ngettext(model_admin.opts, number)
    is_all = request.POST.get("select_across") == "1"
    context = admin.site.each_context(request) | {
        "title": f"Cannot delete {name}" if missing_permissions or protected else f"Delete {number:,} {name}",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "name": name,
        "number": number,
        "shown": f"{number:,}",
        "lines": lines,
        "model_count": counts.items(),
        "missing_permissions": missing_permissions,
        "protected": protected,
        "is_all": is_all,
        "keys": keys_of(queryset).values_list("pk", flat=True)[: 1 if is_all else None],
        "checkbox": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "catalog/admin/delete_selected.html", context)


class CountOf(models.Subquery):
    """The number of rows of a queryset, as a part of another query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()


def count_all(querysets: Collection[Rows]) -> list[int]:
    """The number of rows of each queryset, in one query."""
    if not querysets:
        return []
    first, *others = querysets
    if not others:
        return [first.count()]
    counts = [CountOf(rows.order_by().values("pk")) for rows in querysets]
    return list(ContentType.objects.values_list(*counts)[0])


def keys_of(rows: Rows) -> Any:
    """The keys of the rows, as a part of another query."""
    return rows.order_by().values("pk")


def may_delete(request: HttpRequest, rows: Rows) -> bool:
    """Whether this person may delete all of these rows; rows without pages of their own belong to others."""
    if not admin.site.is_registered(rows.model):
        return True
    model_admin: Any = admin.site.get_model_admin(rows.model)
    return model_admin.has_delete_permission(request) and not model_admin.undeletable(rows).exists()


def name_of_links(relation: Any) -> str:
    """What rows that only connect two others are called; empty for other rows."""
    if not relation.related_model._meta.auto_created:
        return ""
    others = (
        key.related_model._meta.verbose_name_plural
        for key in relation.related_model._meta.get_fields()
        if key.many_to_one and key.name != relation.field.name
    )
    return f"links to {next(others, 'other rows')}"


def name_rows(rows: Rows, number: int) -> list[str]:
    """The first of these rows with links to their pages, and how many more there are."""
    required = [key.name for key in rows.model._meta.concrete_fields if key.is_relation and not key.null]
    names = list(map(name_row, rows.select_related(*required).order_by("pk")[:SHOWN]))
    return [*names, f"and {number - SHOWN:,} more {rows.model._meta.verbose_name_plural}"] if number > SHOWN else names


def name_row(row: models.Model) -> str:
    return format_html("{}: {}", capfirst(str(row._meta.verbose_name)), linked_row(row))
