"""What a change does, as data: for keys, groups, visitors and prices; its guards, its sentences and its JSON."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from catalog.exact import digits
from catalog.operators.permissions import limit_rows, may_see_prices, may_view
from catalog.prices import Sheet
from pricing.engine.formatting.lines import Change, changes, difference
from pricing.engine.thresholds import LARGEST_LOSS
from pricing.impact.sentences import NO_EFFECT, guard_sentence, sentences
from tokens.models import Token, TokenGroup

# The option that confirms a change which takes many models from a key.
ACCEPT_LOSS = "accept_loss"
# Rows of each kind, and names in a row, in JSON; the counts are always complete.
MOST_ROWS = 500
MOST_NAMES = 500


class Names:
    """A set of ids: of models, as bits, and others; their texts are read when they are shown."""

    def __init__(
        self, models: int = 0, others: frozenset[str] = frozenset(), read: Callable[[int], Iterable[str]] | None = None
    ) -> None:
        self._models, self._others, self._read = models, others, read
        self.count = models.bit_count() + len(others)

    @cached_property
    def sorted(self) -> tuple[str, ...]:
        read = self._read(self._models) if self._read and self._models else ()
        return tuple(sorted([*read, *self._others]))

    def __bool__(self) -> bool:
        return bool(self.count)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and (self._models, self._others) == (other._models, other._others)

    def __hash__(self) -> int:
        return hash((self._models, self._others))


NO_NAMES = Names()


class Payer(NamedTuple):
    """A key, or all visitors, who have no key id; without a name if the reader may not see it."""

    name: str
    key_id: str = ""


VISITORS = Payer("visitors without a key")


class Redirect(NamedTuple):
    """An id or alias that means a visible model before and another visible one afterwards."""

    name: str
    before: str
    after: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class ListLoss:
    """A list for some clients that loses models, which the list of all clients keeps."""

    clients: str
    lost: Names
    # How many rows it has.
    before: int
    after: int

    @property
    def is_guarded(self) -> bool:
        return not self.after or self.before - self.after > self.before * LARGEST_LOSS

    def as_json(self) -> dict[str, Any]:
        return {"clients": self.clients, "loses": list(self.lost.sorted[:MOST_NAMES])}


@dataclass(frozen=True)
class Access:
    """What somebody can use before and after a change. An alias goes and comes with its model without being named."""

    # How many models.
    before: int = 0
    after: int = 0
    # How many rows the list of models has.
    listed: int = 0
    listed_after: int = 0
    # Ids of models, and ids for which wildcard models stand.
    lost: Names = NO_NAMES
    gained: Names = NO_NAMES
    # Aliases that stop meaning a visible model, or begin to.
    lost_aliases: tuple[str, ...] = ()
    new_aliases: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    # Ids and aliases that leave the list, although they can be used.
    delisted: Names = NO_NAMES
    # The lists for some clients that lose more than that.
    lists: tuple[ListLoss, ...] = ()

    @property
    def loses(self) -> tuple[str, ...]:
        return self.lost.sorted

    @property
    def gains(self) -> tuple[str, ...]:
        return self.gained.sorted

    @property
    def unlisted(self) -> tuple[str, ...]:
        return self.delisted.sorted

    @property
    def is_empty(self) -> bool:
        return not (self.is_loss or self.gained or self.new_aliases or self.redirects)

    @property
    def is_loss(self) -> bool:
        return bool(self.lost or self.lost_aliases or self.delisted or self.lists)

    @property
    def is_emptied(self) -> bool:
        """Whether nothing can be used any more, although something could."""
        return bool(self.before) and not self.after

    @property
    def is_guarded(self) -> bool:
        """Whether more than 5 % of the models go, or all of them, from what can be used or from the list."""
        if not self.is_loss:
            return False
        if self.is_emptied or (self.listed and not self.listed_after):
            return True
        if any(loss.is_guarded for loss in self.lists):
            return True
        unlisted = self.listed - self.listed_after if self.delisted else 0
        return self.lost.count > self.before * LARGEST_LOSS or unlisted > self.listed * LARGEST_LOSS

    @property
    def figures(self) -> str:
        """How much goes, in a few words."""
        if self.lost:
            return f"{self.lost.count:,} of {self.before:,}"
        if self.delisted:
            return f"{self.listed - self.listed_after:,} of {self.listed:,} in its list"
        loss = next(loss for loss in self.lists if loss.is_guarded)
        return f"{loss.before - loss.after:,} of {loss.before:,} in its list for {loss.clients}"

    def as_json(self) -> dict[str, Any]:
        return {
            "models": {"before": self.before, "after": self.after},
            "loses": list(self.loses[:MOST_NAMES]),
            "gains": list(self.gains[:MOST_NAMES]),
            "loses_aliases": list(self.lost_aliases[:MOST_NAMES]),
            "gains_aliases": list(self.new_aliases[:MOST_NAMES]),
            "redirects": [redirect.as_json() for redirect in self.redirects[:MOST_NAMES]],
            "no_longer_lists": list(self.unlisted[:MOST_NAMES]),
            "lists": [loss.as_json() for loss in self.lists],
        }


@dataclass(frozen=True)
class KeyImpact:
    """One key that loses or gains something; `end` is why it can do nothing afterwards, e.g. disabled.

    `on`: the day from which on it loses models that retire then, if that is ahead; `total` is then its whole loss.
    """

    key_id: str
    name: str
    access: Access
    end: str = ""
    on: dt.date | None = None
    total: Access | None = None

    @property
    def loss(self) -> Access:
        """The loss that may have to be accepted."""
        return self.total or self.access

    @property
    def is_guarded(self) -> bool:
        return self.loss.is_guarded

    def as_json(self) -> dict[str, Any]:
        more = {"end": self.end} if self.end else {"on": self.on.isoformat()} if self.on else {}
        return {"key_id": self.key_id, "name": self.name, **more, **self.access.as_json()}


@dataclass(frozen=True)
class GroupImpact:
    """One group that reaches other models."""

    group: str
    access: Access
    is_deleted: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"group": self.group, **({"end": "deleted"} if self.is_deleted else {}), **self.access.as_json()}


@dataclass(frozen=True, eq=False)
class PriceImpact:
    """A price that differs for a group that can use the model before and after.

    Or one that differs for the payers, because this group pays for them in place of another one. `is_withheld`: its
    figures are not for the reader.
    """

    model: str
    group: str
    old: Sheet | None
    new: Sheet | None
    is_withheld: bool = False
    old_group: str = ""
    payers: tuple[Payer, ...] = ()

    @cached_property
    def changes(self) -> Sequence[Change]:
        return list(changes(self.old, self.new))

    @property
    def before(self) -> str | None:
        """What the changed lines say; None without a price."""
        return self._side(self.old, 0)

    @property
    def after(self) -> str | None:
        return self._side(self.new, 1)

    @cached_property
    def sentence(self) -> str:
        """How the price changes, without its model and group."""
        if self.is_withheld:
            return "changes"
        if self.old is not None and self.new is not None and not self.changes:
            return f"{self.before} → {self.after}"
        return difference(self.old, self.new)

    def as_json(self) -> dict[str, Any]:
        price = {"model": self.model, "group": self.group, "before": self.before, "after": self.after}
        if not self.payers:
            return price
        keys = [payer.key_id for payer in self.payers if payer.key_id]
        return {
            **price,
            "group_before": self.old_group,
            "keys": keys[:MOST_ROWS],
            "visitors": VISITORS in self.payers,
        }

    def named(self, *, keys: Collection[str], groups: Collection[str], is_withheld: bool) -> "PriceImpact":
        """It with the names of these keys and groups only."""
        payers = (payer if payer == VISITORS or payer.key_id in keys else Payer("") for payer in self.payers)
        return replace(
            self,
            group=self.group if self.group in groups else "",
            old_group=self.old_group if self.old_group in groups else "",
            payers=tuple(payers),
            is_withheld=is_withheld,
        )

    def _side(self, sheet: Sheet | None, side: int) -> str | None:
        if sheet is None or self.is_withheld:
            return None
        if not self.changes:
            # The price is the same in its currency.
            return _rate(sheet)
        texts = ((change.label, change.texts[side]) for change in self.changes)
        return "; ".join(f"{label} {text}" for label, text in texts if text) or None


def _rate(sheet: Sheet) -> str:
    per_usd = "unknown" if sheet.per_usd is None else f"{digits(sheet.per_usd)} {sheet.currency}"
    return f"{per_usd} per US dollar"


def _viewable(operator: Any, table: Any, column: str, values: set[str]) -> set[str]:
    """Those of the values whose rows the operator may view."""
    if not may_view(operator, table):
        return set()
    rows = table.objects.all()
    if (limited := limit_rows(operator, rows)) is rows:
        return values
    return values.intersection(limited.values_list(column, flat=True))


@dataclass
class Impact:
    """The effect of one change; empty until it is compared."""

    at: dt.datetime
    # Those that must be confirmed come first.
    keys: list[KeyImpact] = field(default_factory=list)
    groups: list[GroupImpact] = field(default_factory=list)
    # What is in the price list of visitors without a key.
    visitors: Access = field(default_factory=Access)
    prices: list[PriceImpact] = field(default_factory=list)
    # The groups whose prices visitors see.
    public_groups: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.keys or self.groups or self.prices) and self.visitors.is_empty

    @property
    def needs_confirmation(self) -> bool:
        """Whether a person should see it first: a loss, another price or model, or several models for an old key."""
        accesses = [*(key.access for key in self.keys), *(group.access for group in self.groups), self.visitors]
        is_loss = any(access.is_loss or access.redirects for access in accesses) or any(key.end for key in self.keys)
        return is_loss or bool(self.prices) or any(key.access.gained.count > 1 for key in self.keys)

    def guarded_keys(self, *, may_end: bool = False) -> list[KeyImpact]:
        """The keys that lose more than 5 % of their models, or all; `may_end`: without those that end themselves.

        A key that an operator disables, revokes or deletes loses everything on purpose.
        """
        return [key for key in self.keys if key.is_guarded and not (may_end and key.end)]

    def guards(self, *, may_end: bool = False) -> list[str]:
        """Sentences that ask for the confirmation ACCEPT_LOSS; see `guarded_keys`."""
        keys = self.guarded_keys(may_end=may_end)
        return [guard_sentence(keys)] if keys else []

    def lines(self) -> list[str]:
        """The effect in sentences; one that says so if there is none."""
        return sentences(self) or [NO_EFFECT]

    def seen_by(self, operator: Any) -> "Impact":
        """The impact without names of keys and groups, and without prices, that this operator may not see.

        The numbers are complete, and a name is empty: everybody sees how much a change does before it is stored.
        """
        if operator is None:
            return self
        paying = {payer.key_id for price in self.prices for payer in price.payers}
        keys = _viewable(operator, Token, "key_id", {key.key_id for key in self.keys} | paying)
        slugs = {group.group for group in self.groups}
        slugs |= {slug for price in self.prices for slug in (price.group, price.old_group)}
        groups = _viewable(operator, TokenGroup, "slug", slugs)
        hides_prices = not may_see_prices(operator)
        return replace(
            self,
            keys=[key if key.key_id in keys else replace(key, key_id="", name="") for key in self.keys],
            groups=[group if group.group in groups else replace(group, group="") for group in self.groups],
            prices=[price.named(keys=keys, groups=groups, is_withheld=hides_prices) for price in self.prices],
        )

    def outline(self) -> dict[str, Any]:
        """The short form, which is stored with import runs."""
        counts = {"keys": len(self.keys), "groups": len(self.groups), "prices": len(self.prices)}
        return {"counts": counts, "lines": self.lines()}

    def as_json(self) -> dict[str, Any]:
        """Counts, which are complete, and the first rows of each kind."""
        return {
            **self.outline(),
            "keys": [key.as_json() for key in self.keys[:MOST_ROWS]],
            "groups": [group.as_json() for group in self.groups[:MOST_ROWS]],
            "visitors": self.visitors.as_json(),
            "prices": [price.as_json() for price in self.prices[:MOST_ROWS]],
            "guards": self.guards(),
        }
