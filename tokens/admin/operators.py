"""The admin of operators and their roles."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from catalog.admin.base import (
    AccountForm,
    BooleanRadioFilter,
    GroupAdmin,
    StackedInline,
    UserAdmin,
    detail_action,
    display,
    figures_of,
)
from catalog.admin.links import listed
from catalog.db import revision
from tokens.models import OperatorGroups
from tokens.operators.protection import LAST, POWERS, exceeds, is_last_superuser, permissions_of, roles_within
from tokens.operators.reach import groups_of, is_limited
from tokens.operators.reauthentication import ConfirmedForm, reauthentication_required
from tokens.operators.roles import built_in

admin.site.unregister([User, Group])


def grantable(request: HttpRequest | None) -> QuerySet[Permission]:
    """The permissions that an operator may grant, in the order of a form."""
    return permissions_of(request and request.user).order_by("content_type__app_label", "codename")


class OperatorForm(AccountForm):
    """An account; the last superuser stays one."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not all(cleaned.get(power, True) for power in POWERS):
            # Locked until the view's transaction ends: of two superusers, one stays.
            revision.hold()
            if is_last_superuser(self.instance):
                raise forms.ValidationError(LAST.format(name=self.instance.get_username()), code="last_superuser")
        return cleaned


class GroupsInline(StackedInline):
    """The groups that an operator is limited to."""

    model = OperatorGroups
    autocomplete_fields = ["groups"]
    fields = ["groups"]
    max_num = 1

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("auth.view_user") or self.has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("auth.change_user") and (obj is None or not exceeds(obj, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody removes a limit that they have themselves."""
        return self.has_change_permission(request, obj) and not is_limited(request.user)


@admin.register(User)
class OperatorAdmin(ConfirmedForm, UserAdmin):
    """Operators are deactivated and not deleted: their changes keep their names."""

    form = OperatorForm
    inlines = [GroupsInline]
    list_display = ["username", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser"]
    list_filter = [
        ("is_active", BooleanRadioFilter),
        ("is_staff", BooleanRadioFilter),
        ("is_superuser", BooleanRadioFilter),
        "groups",
    ]
    actions = ["activate", "deactivate"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """The form of a new account leads to that of its permissions."""
        return super().has_add_permission(request, *args) and self.has_change_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or not exceeds(obj, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_inlines(request, obj) if obj else []

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the button for another password, where it would be refused."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != "password"]})
            for title, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, "is_superuser"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Nobody grants what they may not do."""
        if db_field.name == "groups":
            kwargs["queryset"] = roles_within(request.user).order_by("name")
            kwargs |= {"label": "Roles", "help_text": "The operator has the permissions of all chosen roles."}
        elif db_field.name == "user_permissions":
            kwargs["queryset"] = grantable(request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        # An operator is somebody who signs in to the admin.
        obj.is_staff = obj.is_staff or not change
        super().save_model(request, obj, form, change)
        groups = groups_of(request.user)
        if not change and groups is not None:
            OperatorGroups.objects.create(operator=obj).groups.set(groups)

    @reauthentication_required
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        return super().user_change_password(request, id, form_url)

    @admin.action(description="Activate selected operators", permissions=["change"])
    @reauthentication_required
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, True)

    @admin.action(description="Deactivate selected operators", permissions=["change"])
    @reauthentication_required
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, False)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[User], is_active: bool) -> None:
        changed = 0
        with transaction.atomic():
            revision.hold()
            for operator in queryset.exclude(is_active=is_active).order_by("pk"):
                if not self.has_change_permission(request, operator):
                    self.message_user(request, f"{operator} may do more than you: not changed.", messages.ERROR)
                elif not is_active and is_last_superuser(operator):
                    self.message_user(request, LAST.format(name=operator), messages.ERROR)
                else:
                    operator.is_active = is_active
                    operator.save(update_fields=["is_active"])
                    self.log_change(request, operator, [{"changed": {"fields": ["active"]}}])
                    changed += 1
        self.report(request, changed, "active" if is_active else "not active")


@admin.register(Group)
class RoleAdmin(ConfirmedForm, GroupAdmin):
    """Sets of permissions. The built-in ones come with the software: they are copied and not edited."""

    list_display = ["name", "kind", "description", "members"]
    actions_detail = ["copy"]
    fields = ["name", "description", "permissions"]
    readonly_fields = ["description"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("built_in").annotate(member_count=Count("user"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = self.fields if obj is not None and built_in(obj) else ["name", "permissions"]
        return [(None, {"fields": names})]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_edit(request, obj)

    def _may_edit(self, request: HttpRequest, obj: Any) -> bool:
        return obj is None or (built_in(obj) is None and roles_within(request.user).filter(pk=obj.pk).exists())

    def undeletable(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(built_in__isnull=False)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        """Nobody grants what they may not do."""
        if db_field.name == "permissions":
            kwargs["queryset"] = grantable(request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_copy_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_add_permission(request)

    @detail_action(description="Copy", url_path="copy", permissions=["copy"], icon="content_copy")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form of a new role with these permissions, as far as the operator has them."""
        role: Group | None = self.get_object(request, object_id)
        if role is None:
            raise Http404
        granted = role.permissions.filter(pk__in=permissions_of(request.user).values("pk"))
        keys = ",".join(map(str, granted.order_by("pk").values_list("pk", flat=True)))
        query = urlencode({"name": f"{role.name} (copy)", "permissions": keys})
        return HttpResponseRedirect(f"{reverse('admin:auth_group_add')}?{query}")

    @display(description="Kind", label={"built in": "info", "custom": "default"})
    def kind(self, role: Group) -> str:
        return "built in" if built_in(role) else "custom"

    @display(description="Members can")
    def description(self, role: Group) -> str:
        defined = built_in(role)
        return f"{defined.description[0].upper()}{defined.description[1:]}." if defined else ""

    @figures_of("auth.user")
    @display(description="Members", ordering="member_count")
    def members(self, role: Any) -> Any:
        return listed(role.member_count, "operator", "auth_user", groups__id__exact=role.pk)
