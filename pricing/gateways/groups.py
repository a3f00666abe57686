"""A gateway's rules about groups: which exist, who may use them, and which ones a token reaches. No database."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.sources.rows import is_number
from pricing.gateways.group_chains import chain_of, listed_group
from pricing.gateways.reading.gateway import Gateway, GatewayGroup, GatewayToken, GatewayUser
from pricing.gateways.reading.schemas import DONE_HUB

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
    special: Mapping[str, Collection[str]]
    has_auto: bool = True
    # The one group of users who may not choose; see Dialect.
    only: str = ""
    # The rows of a table of groups; None if the program has its groups in options.
    listed: Mapping[str, GatewayGroup] | None = None
    # The groups whose rate is not a valid number.
    unread_rates: tuple[str, ...] = ()
    # Whether a token that names a group outside its user's choice is refused, and not only its creation.
    checks_choice: bool = True

    def usable_by(self, user: GatewayUser) -> frozenset[str]:
        """The groups that a user may choose: the common ones, those that rules add or remove, and always the own one.

        Rules are `+:group`, `-:group`, or a group to add.
        """
        usable = set(self.usable or ())
        for entry in self.special.get(user.group, ()) if user.group else ():
            if entry.startswith("-:"):
                usable.discard(entry.removeprefix("-:"))
            else:
                usable.add(entry.removeprefix("+:"))
        return frozenset(usable | {user.group} if user.group else usable)

    def label_of(self, name: str) -> str:
        """The name that users see."""
        row = (self.listed or {}).get(name)
        return (row.label if row else (self.usable or {}).get(name)) or name

    def description_of(self, name: str) -> str:
        row = (self.listed or {}).get(name)
        return row.description if row else ""

    def position_of(self, name: str) -> int | None:
        """The group's position in the automatic order, from 1; None if it is not in it."""
        return self.automatic.index(name) + 1 if name in self.automatic else None

    def is_automatic(self, token: GatewayToken) -> bool:
        """Whether the token names no single group but the automatic order."""
        return self.has_auto and token.group == AUTO

    def of_token(self, token: GatewayToken, user: GatewayUser) -> tuple[str, ...] | None:
        """The groups that a token reaches; None if the gateway refuses the group that it names."""
        if self.only and user.group in ("", self.only):
            return (self.only,)
        if self.listed is not None:
            return chain_of(token, user, self.listed, checks_choice=self.checks_choice)
        if not token.group:
            return (user.group,) if user.group else ()
        usable = self.usable_by(user)
        if self.is_automatic(token):
            return tuple(name for name in self.automatic if name in usable) if AUTO in usable else None
        return (token.group,) if token.group in usable and token.group in self.rates else None

    def listed_for(self, token: GatewayToken, user: GatewayUser, reached: Collection[str]) -> Collection[str]:
        """The groups whose models a token lists, of one that reaches these groups."""
        if self.listed is None:
            return reached
        return (listed_group(token, user, checks_choice=self.checks_choice),)


def groups_of(gateway: Gateway) -> Groups:
    """All groups that the database names anywhere, or those of its table of groups."""
    if gateway.groups is not None:
        return _listed_groups(gateway, gateway.groups)
    options, dialect = gateway.options, gateway.dialect
    rates = options.get("GroupRatio", dialect.rates)
    usable = options.get("UserUsableGroups", dialect.usable_groups)
    automatic = options.get("AutoGroups", list(dialect.auto_groups))
    special = options.get("group_ratio_setting.group_special_usable_group") if dialect.has_group_rules else None
    sound = {name: Decimal(rate) for name, rate in _items(rates) if is_number(rate) and rate >= 0}
    users = (gateway.users or {}).values()
    named = [
        *sound,
        *(name for name, _ in _items(usable)),
        *(name for channel in gateway.channels for name in channel.groups),
        *(user.group or dialect.only_group for user in users),
    ]
    return Groups(
        names=tuple(dict.fromkeys(name for name in named if name and not (dialect.has_auto and name == AUTO))),
        rates=sound,
        usable=None if dialect.usable_groups is None else {name: str(label) for name, label in _items(usable)},
        automatic=tuple(_texts(automatic)),
        special={name: _trimmed_rules(rules) for name, rules in _items(special)},
        has_auto=dialect.has_auto,
        only=dialect.only_group,
        unread_rates=tuple(name for name, _ in _items(rates) if name not in sound),
    )


def _listed_groups(gateway: Gateway, groups: Iterable[GatewayGroup]) -> Groups:
    return Groups(
        names=tuple(group.name for group in groups),
        rates={group.name: group.rate for group in groups},
        usable={group.name: group.label for group in groups if group.is_public and group.enabled},
        automatic=(),
        special={},
        has_auto=False,
        listed={group.name: group for group in groups},
        checks_choice=gateway.dialect is DONE_HUB,
    )


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    """The entries of an option, by names without spaces around them, as columns are read; one without them wins."""
    entries = value if isinstance(value, Mapping) else {}
    return {name.strip(): entries.get(name.strip(), entry) for name, entry in entries.items()}.items()


def _texts(value: Any) -> Iterable[str]:
    return (name.strip() for name in value if isinstance(name, str)) if isinstance(value, list) else ()


def _trimmed_rules(rules: Any) -> list[str]:
    """Rules of a users' group, such as `-:group`, with names without spaces around them."""
    return [re.sub(r"^([+-]:)?\s*|\s+$", r"\1", rule) for rule in rules] if isinstance(rules, Mapping) else []
