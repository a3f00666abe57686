"""Operators who are responsible for some groups: which rows they see in lists, forms, searches and exports."""

from typing import Any

from django.db.models import QuerySet

from catalog.operators.permissions import may_view
from tokens.event_types.vocabulary import TYPES
from tokens.models import OperatorGroups, Token, TokenGroup

# Table -> the relation that leads to its token, or to its group.
OF_TOKENS = {"tokens.retiredkey": "token", "pricing.usageevent": "token", "pricing.usagereporter": "token"}
OF_GROUPS = {"tokens.modelrelease": "group", "pricing.grouprate": "group"}
# Table -> the column with the key id of a token.
OF_KEYS = {"pricing.usagecount": "reporter"}
# Table -> the column with the type of an event.
OF_EVENTS = {"tokens.event": "type", "tokens.delivery": "event__type"}
# Its rows are about all groups.
OF_ALL = {"catalog.auditentry", "tokens.webhook", "tokens.event", "tokens.delivery"}


def groups_of(operator: Any) -> frozenset[int] | None:
    """The keys of the groups that the operator is responsible for; None without a limit."""
    if operator is None or not operator.is_authenticated or operator.is_superuser:
        return None
    if not hasattr(operator, "_groups_of_operator"):
        limit = OperatorGroups.objects.filter(operator=operator).first()
        operator._groups_of_operator = limit and frozenset(limit.groups.values_list("pk", flat=True))  # noqa: SLF001
    return operator._groups_of_operator  # type: ignore[no-any-return]  # noqa: SLF001


def is_limited(operator: Any) -> bool:
    return groups_of(operator) is not None


def limit_to_groups(operator: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of the rows that belong to the operator's groups; all rows of tables that belong to no group."""
    label = rows.model._meta.label_lower
    if label not in TABLES:
        return rows
    groups = groups_of(operator)
    if groups is None:
        return rows
    if label in OF_ALL:
        return rows.none()
    if label == "tokens.tokengroup":
        return rows.filter(pk__in=groups)
    if label in OF_GROUPS:
        return rows.filter(**{f"{OF_GROUPS[label]}__in": groups})
    tokens = tokens_of(groups)
    if label == "tokens.token":
        return rows.filter(pk__in=tokens.values("pk"))
    if label in OF_KEYS:
        return rows.filter(**{f"{OF_KEYS[label]}__in": tokens.values("key_id")})
    return rows.filter(**{f"{OF_TOKENS[label]}__in": tokens.values("pk")})


def hide_events(operator: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of the events and deliveries that are about what the operator may see."""
    column = OF_EVENTS.get(rows.model._meta.label_lower)
    hidden = [each.name for each in TYPES.values() if not may_view(operator, *each.tables)] if column else []
    return rows.exclude(**{f"{column}__in": hidden}) if hidden else rows


TABLES = {"tokens.token", "tokens.tokengroup", *OF_TOKENS, *OF_GROUPS, *OF_KEYS, *OF_ALL}


def tokens_of(groups: frozenset[int]) -> QuerySet[Token]:
    """The tokens that are in these groups and in no other ones."""
    inside = Token.objects.filter(groups__in=groups, uses_auto_groups=False)
    tokens: QuerySet[Token] = inside.exclude(groups__in=TokenGroup.objects.exclude(pk__in=groups)).distinct()
    return tokens
