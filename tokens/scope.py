"""The permissions of a key as a frozen value: what it can see, when, and from where. Imports no models."""

import datetime as dt
import functools
import hashlib
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError

from catalog.exact import write_json
from tokens.budgets import Budget
from tokens.networks import is_within
from tokens.patterns.faults import fault_of
from tokens.patterns.kinds import (
    LITERAL,
    Described,
    Free,
    Names,
    OneName,
    PriceLimit,
    compares_prices,
    first_match,
    id_of,
    read_pattern,
)
from tokens.patterns.prices import Prices


@dataclass(frozen=True)
class Requested:
    """A wildcard model under the id of a request, as patterns see it."""

    name: str
    model: Described

    @property
    def pk(self) -> int:
        return self.model.pk

    @property
    def context_length(self) -> int | None:
        return self.model.context_length

    @property
    def max_output_tokens(self) -> int | None:
        return self.model.max_output_tokens

    def selectors(self) -> Mapping[str, Iterable[str]]:
        return self.model.selectors()


@dataclass(frozen=True)
class Scope:
    """The permissions of a key: the models that its groups reach, narrowed by patterns, and when and where it is valid.

    `groups` are primary keys of TokenGroup in the order of the reader: if several reach a model, the price is that of
    the first one. A pattern is a model id, a selector and a name, or a comparison, see tokens/patterns/kinds.py. Deny
    overrides allow. Without an allow list (None) every reachable model is permitted; with an empty one, none. A pattern
    of ids that matches an alias of a model matches the model. A comparison with an unknown figure permits no model: it
    does not match in the allow list, and it matches in the deny list.

    The key is valid from `starts_at` until `expires_at` (None: no limit), and from the `networks` (empty: everywhere).
    A key whose budget is used up can list models but may not call them; if that of a group is, it may not call what is
    charged in this group. `is_over_budget` is set by an operator, whatever was spent.
    """

    groups: tuple[int, ...] = ()
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    is_enabled: bool = True
    starts_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    networks: tuple[str, ...] = ()
    is_over_budget: bool = False
    budget: Budget | None = None
    # The primary key of a group -> its budget.
    group_budgets: tuple[tuple[int, Budget], ...] = ()
    # What patterns compare prices with, see tokens/access/prices.py; None if none does, or not yet read.
    prices: Prices | None = field(default=None, compare=False)

    def refusals(self, *, at: dt.datetime, address: str | None) -> Iterator[str]:
        """Every reason to refuse the key at a moment, as codes of api_error.CODES; callers get the first one.

        If the address is None, the networks are not checked; an empty text is the address of a caller without one.
        """
        if not self.is_enabled:
            yield "key_disabled"
        if self.expires_at is not None and self.expires_at <= at:
            yield "key_expired"
        if self.starts_at is not None and self.starts_at > at:
            yield "key_not_yet_valid"
        if address is not None and self.networks and not is_within(address, self.networks):
            yield "ip_not_allowed"

    def budgets(self, groups: Collection[int]) -> Iterator[tuple[int | None, Budget]]:
        """The budgets that apply to a call that is charged in one of these groups: its own (None), then the groups'."""
        if self.budget is not None:
            yield None, self.budget
        yield from ((group, budget) for group, budget in self.group_budgets if group in groups)

    def spent_budget(self, *, at: dt.datetime, groups: Collection[int]) -> tuple[int | None, Budget] | None:
        """The budget that refuses a call that is charged in one of these groups; of several, the last to reset."""
        spent = [(group, budget) for group, budget in self.budgets(groups) if budget.is_spent(at=at)]
        return max(spent, key=lambda pair: pair[1].spent_until or at, default=None)

    def permits(self, model: Described, aliases: Collection[str]) -> bool:
        """Whether the patterns permit this model; groups are not checked."""
        if self._denying.match(model, aliases, self.prices, if_unknown=True):
            return False
        return self.allow is None or self._allowing.match(model, aliases, self.prices)

    def permits_as(self, name: str, model: Described, aliases: Collection[str]) -> bool:
        """Whether the patterns permit a call of this name, for which the wildcard model stands.

        Deny patterns may match the name or the model. Allow patterns of ids must match the name: `id:x-*` allows only
        the model's own id.
        """
        if self.denying_pattern(model, [*aliases, name]) is not None:
            return False
        return self.allow is None or self.allowing_pattern(Requested(name, model), ()) is not None

    def denying_pattern(self, model: Described, aliases: Collection[str]) -> str | None:
        """The first deny pattern that matches this model, or might match it."""
        return first_match(self.deny, model, aliases, self.prices, if_unknown=True)

    def allowing_pattern(self, model: Described, aliases: Collection[str]) -> str | None:
        """The first allow pattern that matches this model."""
        return first_match(self.allow or (), model, aliases, self.prices)

    @property
    def sees(self) -> str:
        """Which models the allow list leaves visible, in words: an empty list and no list differ."""
        if self.allow is None:
            return "all models of its groups (no allow list is set)"
        return "only models that match its allow list" if self.allow else "no models (the allow list is empty)"

    @functools.cached_property
    def _allowing(self) -> "Patterns":
        return Patterns.of(self.allow or ())

    @functools.cached_property
    def _denying(self) -> "Patterns":
        return Patterns.of(self.deny)

    @functools.cached_property
    def exact_names(self) -> frozenset[str] | None:
        """The ids and aliases of the allow list, if it contains nothing else; else None."""
        ids = [id_of(pattern) for pattern in self.allow or ()]
        return None if self.allow is None or None in ids else frozenset(filter(None, ids))

    @functools.cached_property
    def asks_for_aliases(self) -> bool:
        """Whether a model's aliases can make a difference: not if no pattern is of ids, or all match every id."""
        return any(
            pattern.strip("*") and isinstance(read_pattern(pattern), Names | OneName)
            for pattern in (*(self.allow or ()), *self.deny)
        )

    @functools.cached_property
    def asks_for_prices(self) -> bool:
        """Whether a pattern depends on prices, so that what the key can see changes with them."""
        return compares_prices(self.allow or ()) or compares_prices(self.deny)

    @property
    def selection(self) -> Hashable:
        """Equal for scopes whose patterns select the same of the models that they reach."""
        return self.allow, self.deny, self.prices and (self.groups, self.prices.key)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A digest that is equal for scopes that see the same models and prices: rendered bodies are cached under it.

        Dates, networks and whether the key is enabled are not part of it: no body depends on these. Prices are not part
        of it either: if patterns compare them, `selection` differs.
        """
        return hashlib.sha256(write_json([self.groups, self.allow, self.deny])).hexdigest()[:32]


@dataclass(frozen=True)
class Patterns:
    """Patterns for the question whether any of them matches: thousands of ids are compared at once."""

    ids: frozenset[str]
    # Those that read prices come last.
    others: tuple[str, ...]

    @classmethod
    def of(cls, patterns: tuple[str, ...]) -> "Patterns":
        ids = frozenset(name for pattern in patterns if (name := id_of(pattern)) is not None)
        others = [pattern for pattern in patterns if id_of(pattern) is None]
        return cls(ids, tuple(sorted(others, key=lambda text: isinstance(read_pattern(text), Free | PriceLimit))))

    def match(
        self, model: Described, aliases: Collection[str], prices: Prices | None, *, if_unknown: bool = False
    ) -> bool:
        if self.ids and (model.name in self.ids or not self.ids.isdisjoint(aliases)):
            return True
        if not self.others:
            return False
        return first_match(self.others, model, aliases, prices, if_unknown=if_unknown) is not None


def validate_patterns(patterns: list[str]) -> None:
    """Validator of model fields: a misspelled pattern would match nothing, without an error."""
    for pattern in patterns:
        if fault := fault_of(pattern):
            raise ValidationError(fault)


def literal(name: str) -> str:
    """The pattern that matches the model of this id or alias and nothing else."""
    return name if id_of(name) == name and not fault_of(name) else f"{LITERAL}:{name}"
