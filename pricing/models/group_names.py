"""Gives prices, sources and reported calls the new name of a group: they state groups by name, not by key."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import pre_save

from catalog.db import revision
from catalog.db.bulk import BulkWriter, update_with_history
from catalog.db.changes import models_of
from catalog.models import Source
from catalog.names.groups import normal_group_name
from pricing.models.sheets import PriceLine
from pricing.models.usage import UsageEvent
from tokens.models import TokenGroup


def rename_group(before: str, after: str) -> None:
    """Replaces the name of a group in the conditions of all prices, past ones too, and in the settings of sources.

    Also in reported calls whose cost is not known yet: when it is, the group has spent it.
    """
    with transaction.atomic():
        revision.hold()
        changed = []
        for line in PriceLine.objects.filter(conditions__icontains='"group"').iterator(chunk_size=2000):
            conditions = [_renamed(condition, before, after) for condition in line.conditions]
            if conditions != line.conditions:
                line.conditions = conditions
                changed.append(line)
        if changed:
            revision.bump_for(PriceLine, partial(models_of, changed))
            # Not through save(): it refuses to change past prices, and this changes none.
            BulkWriter(PriceLine, [PriceLine._meta.get_field("conditions")]).update(changed)
        UsageEvent.objects.filter(cost=None, group=before).update(group=after)
        update_with_history(Source.objects.filter(group=before), group=after, reason=f"Group {before} is now {after}")


def _renamed(condition: Any, before: str, after: str) -> Any:
    if not isinstance(condition, Mapping) or condition.get("dim") != "group":
        return condition
    value = condition.get("value")
    names = [after if _is_name(name, before) else name for name in (value if isinstance(value, list) else [value])]
    return {**condition, "value": names if isinstance(value, list) else names[0]}


def _is_name(value: Any, name: str) -> bool:
    return isinstance(value, str) and normal_group_name(value) == name


def _rename(instance: TokenGroup, raw: bool = False, **_: Any) -> None:
    stored = None if raw else TokenGroup.objects.filter(pk=instance.pk).values_list("slug", flat=True).first()
    name = normal_group_name(instance.slug)
    if stored is not None and stored != name:
        rename_group(stored, name)


# Groups are below prices, so they cannot call this themselves.
pre_save.connect(_rename, sender=TokenGroup, dispatch_uid="prices-rename-group")
