"""What a gateway's own rules give each of its keys, computed from its database alone. Imports no models.

This is the statement that a migration is compared with, so it shares no rule with the import but that of groups.
"""

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pricing.gateways.groups import Groups, groups_of
from pricing.gateways.prices.price import Price
from pricing.gateways.prices.pricer import price_of
from pricing.gateways.reading.gateway import ENABLED, Gateway, GatewayToken, GatewayUser

# A refusal that says nothing about other addresses.
OTHER_ADDRESS = "it may be used only from its networks"
NOBODY = GatewayUser("", "", enabled=False)


@dataclass(frozen=True)
class Answer:
    """What a key gets: the models that it lists, and those that it may call. A refused key has neither."""

    refusal: str = ""
    listed: frozenset[str] = frozenset()
    callable: frozenset[str] = frozenset()


class GatewayRules:
    """The rules of the program that wrote the database, at one moment. Addresses are not checked.

    `prices`: those of models that are known already.
    """

    def __init__(self, gateway: Gateway, *, at: dt.datetime, prices: Mapping[str, Price] | None = None) -> None:
        self.gateway = gateway
        self.dialect = gateway.dialect
        self.at = at.timestamp()
        self.groups: Groups = groups_of(gateway)
        self.offered = _offered(gateway)
        self.names = frozenset(name for names in self.offered.values() for name in names)
        known = prices or {}
        self._has_price = functools.cache(lambda name: bool((known.get(name) or price_of(name, gateway)).row))
        unpriced = (name for name in self.names if self.dialect.refuses_unpriced and not self._has_price(name))
        self.unpriced = frozenset(unpriced)
        self._listed, self._callable = functools.cache(self._list), functools.cache(self._call)
        self._bare_names = {name: bare for channel in gateway.channels for name, bare in channel.bare_names.items()}

    def answer(self, token: GatewayToken) -> Answer:
        user = self.user_of(token)
        refusal = self._refusal(token, user)
        if refusal:
            return Answer(refusal)
        groups = self.groups.of_token(token, user)
        if groups is None and self.dialect.lists_closed_groups:
            return Answer(listed=self._listed(Permission.of(token, user), (token.group,)))
        if groups is None and self.groups.listed is not None:
            return Answer("its group or the group of its user is missing, disabled or closed to the user")
        if groups is None:
            return Answer("its user may not use its group")
        is_refused_calls = user.is_over_budget or user.is_unverified
        return Answer(
            listed=self._listed(Permission.of(token, user), tuple(self.groups.listed_for(token, user, groups))),
            callable=frozenset() if is_refused_calls else self._callable(Permission.of(token, user), groups),
        )

    def refuses_only_calls(self, token: GatewayToken) -> bool:
        """Whether the groups of a key or its user refuse its calls, but perhaps not its list, as in one-hub."""
        return self.groups.listed is not None and self.groups.of_token(token, self.user_of(token)) is None

    def user_of(self, token: GatewayToken) -> GatewayUser:
        if self.gateway.users is None:
            return GatewayUser("", "default", enabled=True)
        return self.gateway.users.get(token.user, NOBODY)

    def _refusal(self, token: GatewayToken, user: GatewayUser) -> str:
        reasons = {
            "it is without quota": token.is_over_budget,
            "it is disabled or expired": token.status != ENABLED,
            "it has expired": token.expires != -1 and token.expires < self.at,
            "none of its addresses is valid": token.is_locked,
            "its user is disabled or deleted": not user.enabled,
        }
        return next((reason for reason, applies in reasons.items() if applies), "")

    def _list(self, permission: "Permission", groups: tuple[str, ...]) -> frozenset[str]:
        offered = self._offered_to(groups)
        if permission.limits is None or not self.dialect.lists_limits:
            listed = offered
        elif self.groups.listed is not None:
            # An empty list of limits permits no call, but does not shorten the list.
            listed = offered & permission.limits if permission.limits else offered
        else:
            # The list of limits is not compared with what the groups reach.
            limits = permission.limits
            listed = limits | {name for name, bare in self._bare_names.items() if bare in limits and name in offered}
        if not permission.accepts_unpriced and self.dialect.hides_unpriced:
            listed = frozenset(filter(self._has_price, listed))
        return frozenset(name for name in listed if not permission.blocks(self.dialect.matched_name(name)))

    def _call(self, permission: "Permission", groups: tuple[str, ...]) -> frozenset[str]:
        offered = self._offered_to(groups)
        return frozenset(
            name
            for name in (offered if permission.accepts_unpriced else offered - self.unpriced)
            if permission.allows(self.dialect.matched_name(name))
        )

    def _offered_to(self, groups: tuple[str, ...]) -> frozenset[str]:
        return frozenset().union(*(self.offered.get(group, frozenset()) for group in groups))


@dataclass(frozen=True)
class Permission:
    """The part of a token and its user that decides between models; many keys have the same."""

    limits: frozenset[str] | None
    blocked: frozenset[str]
    accepts_unpriced: bool

    @classmethod
    def of(cls, token: GatewayToken, user: GatewayUser) -> "Permission":
        limits = None if token.limits is None else frozenset(token.limits) - token.trimmed
        return cls(limits, frozenset(token.blocked), user.accepts_unpriced)

    def allows(self, matched_name: str) -> bool:
        return (self.limits is None or matched_name in self.limits) and not self.blocks(matched_name)

    def blocks(self, matched_name: str) -> bool:
        return matched_name in self.blocked


def _offered(gateway: Gateway) -> Mapping[str, frozenset[str]]:
    """Group -> the models that enabled channels offer to it."""
    offered: defaultdict[str, set[str]] = defaultdict(set)
    for channel in gateway.channels:
        for group in channel.groups if channel.enabled else ():
            offered[group].update(name for name in channel.models if name not in channel.disabled_models)
    return {group: frozenset(names) for group, names in offered.items()}
