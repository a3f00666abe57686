"""Who may change which operator: nobody changes an operator who may do more, and the last superuser stays one."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet

from catalog.error_messages import InputError
from tokens.operators.reach import groups_of

LAST = (
    "{name} is the last active superuser: somebody must be able to manage operators. Make another operator a superuser "
    "first."
)
# An operator with all of these can manage all others.
POWERS = ("is_superuser", "is_active", "is_staff")


def permissions_of(operator: Any) -> QuerySet[Permission]:
    """What an operator may do, or could do if the account were active; everything for None."""
    if operator is None or operator.is_superuser:
        return Permission.objects.all()
    return Permission.objects.filter(Q(user=operator) | Q(group__user=operator)).distinct()


def roles_within(operator: Any) -> QuerySet[Group]:
    """The roles without a permission that this operator lacks: those that the operator may assign and edit."""
    if operator is None or operator.is_superuser:
        return Group.objects.all()
    missing = Permission.objects.exclude(pk__in=permissions_of(operator).values("pk"))
    return Group.objects.exclude(permissions__in=missing.values("pk"))


def exceeds(other: User, operator: Any) -> bool:
    """Whether the other account may do more than this operator, who must not take it over."""
    if operator.is_superuser:
        return False
    if other.is_superuser or permissions_of(other).exclude(pk__in=permissions_of(operator).values("pk")).exists():
        return True
    reach, other_reach = groups_of(operator), groups_of(other)
    return reach is not None and (other_reach is None or not other_reach <= reach)


def is_last_superuser(operator: User) -> bool:
    """Whether nobody else could manage operators. Read from the database: the instance may be changed already."""
    superusers = User.objects.filter(**dict.fromkeys(POWERS, True))
    return superusers.filter(pk=operator.pk).exists() and not superusers.exclude(pk=operator.pk).exists()


def refuse_loss_of_last_superuser(instance: User, update_fields: Any = None, raw: bool = False, **_: Any) -> None:
    """Before an account is saved: InputError if no active superuser would be left."""
    is_about_powers = update_fields is None or not set(POWERS).isdisjoint(update_fields)
    if raw or instance.pk is None or not is_about_powers or all(getattr(instance, power) for power in POWERS):
        return
    refuse_deletion_of_last_superuser(instance)


def refuse_deletion_of_last_superuser(instance: User, **_: Any) -> None:
    """Before an account is deleted: InputError if no active superuser would be left."""
    if is_last_superuser(instance):
        raise InputError(LAST.format(name=instance.get_username()))
