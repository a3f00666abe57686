"""A gateway's rules about groups: which exist, who may use them, and which ones a token reaches. No database."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.text import slugify

from catalog.sources.rows import is_number
from pricing.gateways.reading.gateway import Gateway, GatewayToken, GatewayUser

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,64}")
AUTO = "auto"


@dataclass(frozen=True)
class Groups:
    """The groups of a gateway."""

    names: tuple[str, ...]
    rates: Mapping[str, Decimal]
    # Group -> label, for groups that every user may choose; None if the gateway has no choice of groups.
    usable: Mapping[str, str] | None
    automatic: tuple[str, ...]
    # Users' group -> groups added to or removed from their choice.
    special: Mapping[str, Any]

    def usable_by(self, user: GatewayUser) -> frozenset[str]:
        """The groups that a user may choose: the common ones, the user's own, and those that rules add or remove."""
        usable = {*(self.usable or ()), user.group}
        special = self.special.get(user.group)
        for entry in special if isinstance(special, dict) else ():
            sign, colon, name = entry.partition(":")
            if not colon or sign == "+":
                usable.add(name if colon else entry)
            elif sign == "-":
                usable.discard(name)
        return frozenset(usable)

    def position_of(self, name: str) -> int | None:
        """The group's position in the automatic order, from 1; None if it is not in it."""
        return self.automatic.index(name) + 1 if name in self.automatic else None

    def of_token(self, token: GatewayToken, user: GatewayUser) -> tuple[str, ...] | None:
        """The groups that a token reaches; None if the gateway refuses the group that it names."""
        if not token.group:
            return (user.group,)
        usable = self.usable_by(user)
        if token.group == AUTO:
            return tuple(name for name in self.automatic if name in usable)
        return (token.group,) if token.group in usable and token.group in self.rates else None


def groups_of(gateway: Gateway) -> Groups:
    """All groups that the database names anywhere."""
    options, dialect = gateway.options, gateway.dialect
    rates = options.get("GroupRatio", dialect.rates)
    usable = options.get("UserUsableGroups", dialect.usable_groups)
    automatic = options.get("AutoGroups", list(dialect.auto_groups))
    special = options.get("group_ratio_setting.group_special_usable_group", {})
    sound = {name: Decimal(rate) for name, rate in _items(rates) if is_number(rate) and rate >= 0}
    named = [
        *sound,
        *(name for name, _ in _items(usable)),
        *(name for channel in gateway.channels for name in channel.groups),
        *(user.group for user in (gateway.users or {}).values()),
    ]
    return Groups(
        names=tuple(dict.fromkeys(name for name in named if name and name != AUTO)),
        rates=sound,
        usable=None if dialect.usable_groups is None else {name: str(label) for name, label in _items(usable)},
        automatic=tuple(_texts(automatic)),
        special=special if isinstance(special, dict) else {},
    )


def slug_of(name: str) -> str:
    """The group's slug: its own name if that is valid, otherwise a stable one derived from it."""
    if SLUG.fullmatch(name):
        return name
    return f"{slugify(name)[:50] or 'group'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, Mapping) else ()


def _texts(value: Any) -> Iterable[str]:
    return (name for name in value if isinstance(name, str)) if isinstance(value, list) else ()
