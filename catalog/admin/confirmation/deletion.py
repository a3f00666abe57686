"""Deletions in the admin: their confirmation, with the rows and how many others would be deleted with them.

Django's own page reads every related row to name it. A group may have 100,000 tokens: here the database counts them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.utils import model_ngettext, quote, unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst

from catalog.admin.confirmation.changes import (
    ConfirmingAdmin,
    Page,
    confirm,
    confirms_itself,
    function_of,
    posted_fields,
)
from catalog.admin.links import linked_row
from catalog.db.bulk import BATCH, batches
from catalog.db.deletion import count_rows, relations_to, undeletable
from catalog.operators.permissions import may_view_all

# The rows that are named, and those of each kind that belongs to them; more are counted.
SHOWN = 20
RELATED_SHOWN = 3
# The button on the page of a deletion that does the first of these in its place: a bulk action, the label of the
# button, and the rows for which the action changes something.
INSTEAD = "_instead"
ALTERNATIVES: dict[str, tuple[str, dict[str, Any]]] = {
    "disable": ("Disable instead", {"enabled": True}),
    "back_to_draft": ("Return to draft instead", {"status": "published"}),
}

Rows = models.QuerySet[Any]


@dataclass
class Deletion:
    """The rows that would be deleted, those that prevent it, and the kinds of rows that this person may not delete."""

    request: HttpRequest
    # Name of a kind of rows in the plural -> how many would be deleted.
    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    # The same name -> the first rows.
    names: dict[str, list[Any]] = field(default_factory=dict)
    missing_permissions: set[str] = field(default_factory=set)
    # Names, or a sentence followed by a list of names.
    protected: list[Any] = field(default_factory=list)

    def add(self, rows: Rows, number: int, *, label: str = "") -> None:
        """Counts these rows, and those that the database would delete with them."""
        self.counts[label or str(rows.model._meta.verbose_name_plural)] += number
        self.add_obstacles(rows)
        relations = {
            relation: relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": keys_of(rows)})
            for relation in relations_to(rows.model)
            if relation.on_delete is not models.SET_NULL
        }
        for (relation, related), count in zip(relations.items(), count_all(relations.values()), strict=True):
            if not count:
                continue
            if relation.on_delete is models.CASCADE:
                kind = name_of_links(relation) or str(related.model._meta.verbose_name_plural)
                self.names.setdefault(kind, self.name(related, count, most=RELATED_SHOWN, source=relation.field))
                self.add(related, count, label=kind)
            else:
                self.protected += self.name(related, count)

    def add_obstacles(self, rows: Rows) -> None:
        """The rows that nobody may delete, or else the permission that this person lacks.

        Rows without pages of their own belong to others.
        """
        if not admin.site.is_registered(rows.model):
            return
        model_admin: Any = admin.site.get_model_admin(rows.model)
        refused = model_admin.undeletable(rows)
        if number := refused.count():
            what = f"{count_rows(rows.model, number)}. {model_admin.why_undeletable}"
            self.protected += [what, self.name(refused, number)]
        elif not model_admin.has_delete_permission(self.request):
            self.missing_permissions.add(str(rows.model._meta.verbose_name))

    def name(self, rows: Rows, number: int, *, most: int = SHOWN, source: Any = None) -> list[Any]:
        """The first of these rows; only their number if this person may not view them.

        `source`: the key of the row that they belong to; what only links two rows is named after the other one.
        """
        other = other_key(source) if source is not None and rows.model._meta.auto_created else None
        if not may_view_rows(self.request, other.related_model if other else rows.model):
            return [f"{number:,} {rows.model._meta.verbose_name_plural}"]
        if other is None:
            return name_rows(rows, number, most=most)
        links = rows.select_related(other.name).order_by("pk")[:most]
        names: list[Any] = [name_row(getattr(link, other.name)) for link in links]
        return [*names, f"and {number - most:,} more"] if number > most else names


class DeletingAdmin(ConfirmingAdmin):
    """The page that confirms the deletion of a row, and the action that deletes several."""

    @property
    def why_undeletable(self) -> str:
        """Why nobody may delete some rows, as a sentence."""
        return str(getattr(self.model, "why_undeletable", ""))

    def undeletable(self, rows: Rows) -> Rows:
        """Those of the rows that nobody may delete: `has_delete_permission` with a row says the same of one."""
        found = undeletable(rows, at=timezone.now())
        return rows.none() if found is None else found

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What a confirmation shows, with a number of queries that does not depend on the number of rows."""
        return find_deleted(objs, request)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        to_field = request.POST.get(TO_FIELD_VAR, request.GET.get(TO_FIELD_VAR))
        row = self.get_object(request, unquote(object_id), to_field)
        if row is None:
            return super().delete_view(request, object_id, extra_context)
        rows = self.model._default_manager.filter(pk=row.pk)
        if not self.has_delete_permission(request, row) and not (
            self.has_delete_permission(request) and self.undeletable(rows).exists()
        ):
            raise PermissionDenied

        def delete() -> HttpResponseBase:
            name, key = str(row), row.serializable_value(str(to_field or self.opts.pk.attname))
            self.log_deletions(request, rows)
            self.delete_model(request, row)
            return self.response_delete(request, name, key)

        page = Page(
            f"Delete {self.opts.verbose_name} {row}?",
            self.opts,
            button="Delete",
            back=reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(row.pk)]),
            fields={name: str(request.GET[name]) for name in (IS_POPUP_VAR, TO_FIELD_VAR) if name in request.GET},
        )
        is_requested = request.method == "POST"
        return confirm_deletion(self, request, rows, [row], delete=delete, page=page, is_requested=is_requested)


def confirm_deletion(
    model_admin: Any,
    request: HttpRequest,
    rows: Rows,
    objs: Rows | Sequence[models.Model],
    *,
    delete: Callable[[], HttpResponseBase],
    page: Page,
    is_requested: bool,
) -> HttpResponseBase:
    """Deletes the rows, or shows what would be deleted, or what prevents it; or does what was chosen in its place."""
    alternative, label = alternative_to_deletion(model_admin, request, rows)
    if alternative and INSTEAD in request.POST:
        response: HttpResponseBase = alternative(model_admin, request, rows)
        return response
    names, counts, missing_permissions, protected = model_admin.get_deleted_objects(objs, request)
    if protected or missing_permissions:
        if is_requested and not protected:
            raise PermissionDenied
        context = admin.site.each_context(request) | {
            "title": f"{page.title.removesuffix('?').replace('Delete', 'Cannot delete', 1)}",
            "opts": page.opts,
            "posted": posted_fields(request, page),
            "missing_permissions": sorted(missing_permissions),
            "protected": protected,
            "alternative": label,
            "back": page.back,
        }
        is_refused = model_admin.undeletable(rows).exists()
        status = HTTPStatus.FORBIDDEN if is_refused else HTTPStatus.OK
        return TemplateResponse(request, "catalog/admin/undeletable.html", context, status=status)
    page = replace(
        page, is_always_shown=True, asks_reason=True, counts=[*counts.items()], names=names, alternative=label
    )
    return confirm(request, delete, lambda: page, is_requested=is_requested)


def alternative_to_deletion(model_admin: Any, request: HttpRequest, rows: Rows) -> tuple[Any, str]:
    """The bulk action that this person may choose in place of deleting the rows, and its label; None without one."""
    actions = model_admin.get_actions(request)
    for name, (label, filters) in ALTERNATIVES.items():
        if name in actions and rows.filter(**filters).exists():
            return function_of(actions[name]), label
    return None, ""


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
    for kind, names in deletion.names.items():
        lines += [f"{capfirst(kind)}: {counts[kind]}", names]
    return lines, counts, deletion.missing_permissions, deletion.protected


@confirms_itself
@admin.action(description="Delete selected %(verbose_name_plural)s", permissions=["delete"])
def delete_selected(model_admin: Any, request: HttpRequest, queryset: Rows) -> HttpResponseBase | None:
    """Django's action, with this confirmation."""
    number, is_requested = queryset.count(), bool(request.POST.get("post"))
    if is_requested and request.POST.get("number", str(number)) != str(number):
        message = "The selected rows have changed since the confirmation was shown. Nothing was deleted."
        model_admin.message_user(request, message, messages.ERROR)
        return None
    name, back = model_ngettext(model_admin.opts, number), model_admin.list_page(request)

    def delete() -> HttpResponseBase:
        keys = list(keys_of(queryset).values_list("pk", flat=True))
        for batch in batches(keys, BATCH):
            model_admin.log_deletions(request, queryset.model._default_manager.filter(pk__in=batch))
        model_admin.delete_queryset(request, queryset)
        model_admin.message_user(request, f"{number:,} {name} deleted.", messages.SUCCESS)
        return HttpResponseRedirect(back)

    page = Page(
        f"Delete {number:,} {name}?",
        model_admin.opts,
        button="Delete",
        back=back,
        fields={"post": "yes", "number": str(number)},
    )
    return confirm_deletion(
        model_admin, request, queryset, queryset, delete=delete, page=page, is_requested=is_requested
    )


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


def may_view_rows(request: HttpRequest, model: type[models.Model]) -> bool:
    """Whether this person may see all rows of the table; those without pages of their own are parts of others."""
    return not admin.site.is_registered(model) or may_view_all(request.user, model._meta.label_lower)


def other_key(key: Any) -> Any:
    """The other one of the two keys of a table that only connects rows."""
    return next(other for other in key.model._meta.concrete_fields if other.is_relation and other.name != key.name)


def name_of_links(relation: Any) -> str:
    """What rows that only connect two others are called; empty for other rows."""
    if not relation.related_model._meta.auto_created:
        return ""
    return f"links to {other_key(relation.field).related_model._meta.verbose_name_plural}"


def name_rows(rows: Rows, number: int, *, most: int = SHOWN) -> list[Any]:
    """The first of these rows with links to their pages, and how many more there are."""
    required = [key.name for key in rows.model._meta.concrete_fields if key.is_relation and not key.null]
    names: list[Any] = list(map(name_row, rows.select_related(*required).order_by("pk")[:most]))
    return [*names, f"and {number - most:,} more {rows.model._meta.verbose_name_plural}"] if number > most else names


def name_row(row: models.Model) -> str:
    return format_html("{}: {}", capfirst(str(row._meta.verbose_name)), linked_row(row))
