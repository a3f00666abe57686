"""Records in the audit trail what happens to operators: sign-ins, failures, lock-outs, second factors, permissions.

Receivers of signals, because Django, django-axes and django-allauth do these things.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.utils import timezone

from catalog.audit.changes import plain_text
from catalog.db.audit import record
from catalog.models import AuditEntry
from catalog.request_id import current_address
from tokens.models import OperatorGroups, TokenGroup

# Their values are shown in an entry; that of a password never is.
COLUMNS = ("username", "email", "is_active", "is_staff", "is_superuser")
KIND = "auth.user"
# People type passwords into the field for the name, so names that nobody has are not recorded.
UNKNOWN = "a name that no operator has"
FAILED, LOCKED_OUT = "failed to sign in", "locked out"
# What an operator or a role is related to.
LABELS: dict[Any, str] = {Group: "roles", Permission: "permissions", TokenGroup: "limit to groups"}
STORED, RELATED = "_audited", "_audited_relations"


def connect() -> None:
    for signal, receiver in (
        (user_logged_in, signed_in),
        (user_logged_out, signed_out),
        (user_login_failed, failed),
        (user_locked_out, locked_out),
        (authenticator_added, factor_added),
        (authenticator_removed, factor_removed),
        (authenticator_reset, factor_replaced),
    ):
        signal.connect(receiver, dispatch_uid=f"audit-{receiver.__name__}")
    for sender in (User, Group):
        pre_save.connect(remember, sender=sender, dispatch_uid=f"audit-remember-{sender.__name__}")
        post_save.connect(saved, sender=sender, dispatch_uid=f"audit-saved-{sender.__name__}")
        post_delete.connect(deleted, sender=sender, dispatch_uid=f"audit-deleted-{sender.__name__}")
    post_delete.connect(limit_removed, sender=OperatorGroups, dispatch_uid="audit-limit-removed")
    limits: Any = OperatorGroups.groups
    for through in (User.groups.through, User.user_permissions.through, Group.permissions.through, limits.through):
        m2m_changed.connect(related, sender=through, dispatch_uid=f"audit-related-{through.__name__}")


def signed_in(user: Any, **_: Any) -> None:
    record("signed in", about=user, actor=user)


def signed_out(user: Any, **_: Any) -> None:
    if user is not None:
        record("signed out", about=user, actor=user)


def failed(credentials: Any, **_: Any) -> None:
    name = str(credentials.get("username") or credentials.get("login") or credentials.get("email") or "")
    user = User.objects.filter(username=name).first()
    known = user.username if user else UNKNOWN
    # django-axes has recorded a lock-out before this receiver is called.
    if not _is_recorded(LOCKED_OUT if user else FAILED, known, current_address()):
        record(FAILED, about=user, kind=KIND, name=known, actor="not signed in")


def locked_out(username: str | None, ip_address: str, **_: Any) -> None:
    user = User.objects.filter(username=username or "").first()
    name = user.username if user else UNKNOWN
    # django-axes counts IPv6 addresses by their networks.
    address = current_address() or ip_address or ""
    if not _is_recorded(LOCKED_OUT, name, address):
        record(LOCKED_OUT, about=user, kind=KIND, name=name, actor="not signed in", address=address)


def _is_recorded(action: str, name: str, address: str) -> bool:
    """Whether this was recorded not long ago: nobody fills the trail with attempts from one address."""
    since = timezone.now() - dt.timedelta(hours=settings.AXES_COOLOFF_TIME)
    return AuditEntry.objects.filter(at__gt=since, action=action, name=name, address=address or "").exists()


def factor_added(user: Any, authenticator: Any, **_: Any) -> None:
    record("second factor added", about=user, detail=_factor(authenticator))


def factor_removed(user: Any, authenticator: Any, **_: Any) -> None:
    record("second factor removed", about=user, detail=_factor(authenticator))


def factor_replaced(user: Any, authenticator: Any, **_: Any) -> None:
    record("second factor replaced", about=user, detail=_factor(authenticator))


def _factor(authenticator: Any) -> str:
    return str(authenticator.get_type_display())


def remember(instance: Any, raw: bool = False, **_: Any) -> None:
    """Keeps the stored columns of a row until it is saved."""
    if not raw and instance.pk is not None:
        setattr(instance, STORED, type(instance).objects.filter(pk=instance.pk).values().first())


def saved(instance: Any, created: bool, raw: bool = False, update_fields: Any = None, **_: Any) -> None:
    if raw:
        return
    if created:
        record("created", about=instance)
        return
    stored = getattr(instance, STORED, None) or {}
    names = ("name",) if isinstance(instance, Group) else COLUMNS
    changed = [
        name
        for name in (*names, "password")
        if name in stored
        and stored[name] != getattr(instance, name)
        and (update_fields is None or name in update_fields)
    ]
    values = {
        name: (plain_text(stored[name]), plain_text(getattr(instance, name))) for name in changed if name != "password"
    }
    if changed:
        record("changed", about=instance, changes=values, detail="new password" if "password" in changed else "")


def deleted(instance: Any, **_: Any) -> None:
    record("deleted", about=instance)


def limit_removed(instance: OperatorGroups, **_: Any) -> None:
    """The operator sees all groups again; relations that are deleted with a row send no signal."""
    record("changed", about=instance.operator, detail="limit to groups removed")


def related(instance: Any, action: str, reverse: bool, model: Any, sender: Any, **_: Any) -> None:
    """Roles of operators, and permissions of operators and roles: names before and after."""
    if action.startswith("pre_"):
        setattr(instance, RELATED, _related_names(instance, sender))
        return
    before, after = getattr(instance, RELATED, ""), _related_names(instance, sender)
    if before != after:
        about = instance.operator if isinstance(instance, OperatorGroups) else instance
        record("changed", about=about, changes={"operators" if reverse else LABELS[model]: (before, after)})


def _related_names(instance: Model, through: Any) -> str:
    """The names of what a row is related to by this table, in order."""
    own = type(instance)
    row = next(field for field in through._meta.fields if field.related_model is own)
    other = next(field for field in through._meta.fields if field.related_model not in (own, None))
    keys = through.objects.filter(**{row.name: instance.pk}).values(other.attname)
    names: Iterable[Any] = other.related_model.objects.filter(pk__in=keys)
    if other.related_model is Permission:
        names = Permission.objects.filter(pk__in=keys).values_list("content_type__app_label", "codename")
        names = (".".join(pair) for pair in names)
    return ", ".join(sorted(str(name) for name in names))
