"""The permissions of a key as a frozen value: what it can see, when, and from where. Imports no models."""

import datetime as dt
import functools
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.core.exceptions import ValidationError

from catalog.exact import write_json
from tokens.budgets import Budget
from tokens.networks import is_within

# A pattern is a model id or one of these with a name: `vendor:openai`, `tag:Tools`. Names ignore upper and lower case.
SELECTORS = ("vendor", "series", "tag", "endpoint", "modality")
# Before an id that contains `*` or looks like a selector: `id:vendor:x` is the model vendor:x and nothing else.
LITERAL = "id"
# Words that are likely meant as a selector. Ids may contain colons, so other words before a colon are accepted.
NEAR_SELECTORS = frozenset({
    *SELECTORS, LITERAL, "ids", "vendors", "provider", "providers", "serie", "tags", "endpoints", "endpoint_type",
    "endpoint-type", "modalities", "group", "groups", "channel", "channels", "model", "models", "alias",
})  # fmt: skip


class Described(Protocol):
    """What a scope needs to know about a model."""

    @property
    def name(self) -> str: ...

    def selectors(self) -> Mapping[str, Iterable[str]]:
        """Selector -> the model's names under it."""


@dataclass(frozen=True)
class Requested:
    """A wildcard model under the id of a request, as patterns see it."""

    name: str
    model: Described

    def selectors(self) -> Mapping[str, Iterable[str]]:
        return self.model.selectors()


@dataclass(frozen=True)
class Scope:
    """The permissions of a key: the models that its groups reach, narrowed by patterns, and when and where it is valid.

    `groups` are primary keys of TokenGroup in the order of the reader: if several reach a model, the price is that of
    the first one. A pattern is a model id, or a selector and a name; `*` matches any characters, except after `id:`.
    Deny overrides allow. Without an allow list (None) every reachable model is permitted; with an empty one, none. A
    pattern of ids that matches an alias of a model matches the model.

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
        if self._denying.match(model, aliases):
            return False
        return self.allow is None or self._allowing.match(model, aliases)

    def permits_as(self, name: str, model: Described, aliases: Collection[str]) -> bool:
        """Whether the patterns permit a call of this name, for which the wildcard model stands.

        Deny patterns may match the name or the model. Allow patterns of ids must match the name: `id:x-*` allows only
        the model's own id.
        """
        if self.denying_pattern(model, [*aliases, name]) is not None:
            return False
        return self.allow is None or self.allowing_pattern(Requested(name, model), ()) is not None

    def denying_pattern(self, model: Described, aliases: Collection[str]) -> str | None:
        """The first deny pattern that matches this model."""
        return first_match(self.deny, model, aliases)

    def allowing_pattern(self, model: Described, aliases: Collection[str]) -> str | None:
        """The first allow pattern that matches this model."""
        return first_match(self.allow or (), model, aliases)

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
        """Whether a model's aliases can make a difference: not if all patterns are selectors or match every id."""
        return any(pattern.strip("*") and not _is_selector(pattern) for pattern in (*(self.allow or ()), *self.deny))

    @functools.cached_property
    def fingerprint(self) -> str:
        """A digest that is equal for scopes that see the same models and prices: rendered bodies are cached under it.

        Dates, networks and whether the key is enabled are not part of it: no body depends on these.
        """
        return hashlib.sha256(write_json([self.groups, self.allow, self.deny])).hexdigest()[:32]


@dataclass(frozen=True)
class Patterns:
    """Patterns for the question whether any of them matches: thousands of ids are compared at once."""

    ids: frozenset[str]
    others: tuple[str, ...]

    @classmethod
    def of(cls, patterns: tuple[str, ...]) -> "Patterns":
        ids = frozenset(name for pattern in patterns if (name := id_of(pattern)) is not None)
        return cls(ids, tuple(pattern for pattern in patterns if id_of(pattern) is None))

    def match(self, model: Described, aliases: Collection[str]) -> bool:
        if self.ids and (model.name in self.ids or not self.ids.isdisjoint(aliases)):
            return True
        return bool(self.others) and first_match(self.others, model, aliases) is not None


def first_match(patterns: tuple[str, ...], model: Described, aliases: Collection[str]) -> str | None:
    """The first of the patterns that matches the model, by its id, an alias or a selector."""
    return next((pattern for pattern in patterns if _names(pattern, model, aliases)), None)


def validate_patterns(patterns: list[str]) -> None:
    """Validator of model fields: a misspelled selector would match nothing, without an error."""
    for pattern in patterns:
        selector, colon, name = pattern.partition(":")
        has_prefix = bool(colon) and selector in (*SELECTORS, LITERAL)
        if pattern != pattern.strip() or (has_prefix and name != name.strip()):
            raise ValidationError(
                f"{pattern!r} matches nothing, because it starts or ends with a space. Remove the space."
            )
        if has_prefix and not name:
            example = "" if selector == LITERAL else f", or {selector}:* for all"
            raise ValidationError(f"{pattern} matches nothing. Write a name after the colon{example}.")
        if colon and not has_prefix and selector.strip().casefold() in NEAR_SELECTORS:
            selectors = ", ".join(f"{name}:" for name in (*SELECTORS, LITERAL))
            raise ValidationError(f"{pattern} matches nothing. Use a model id, or one of {selectors} in lower case.")


@functools.lru_cache(maxsize=16_384)
def id_of(pattern: str) -> str | None:
    """The one id or alias that a pattern names; None for a pattern that can match several models."""
    selector, colon, name = pattern.partition(":")
    if colon and selector == LITERAL:
        return name
    return None if "*" in pattern or _is_selector(pattern) else pattern


def literal(name: str) -> str:
    """The pattern that matches the model of this id or alias and nothing else."""
    try:
        validate_patterns([name])
    except ValidationError:
        return f"{LITERAL}:{name}"
    return name if id_of(name) == name else f"{LITERAL}:{name}"


def names_id(pattern: str, name: str) -> bool:
    """Whether a pattern of ids matches this id or alias."""
    named = id_of(pattern)
    return _expression(pattern).fullmatch(name) is not None if named is None else named == name


def _is_selector(pattern: str) -> bool:
    selector, colon, _ = pattern.partition(":")
    return bool(colon) and selector in SELECTORS


def _names(pattern: str, model: Described, aliases: Collection[str]) -> bool:
    if _is_selector(pattern):
        selector, _, name = pattern.partition(":")
        expression = _expression(name.casefold())
        return any(expression.fullmatch(candidate.casefold()) for candidate in model.selectors()[selector])
    return names_id(pattern, model.name) or any(names_id(pattern, alias) for alias in aliases)


@functools.lru_cache(maxsize=16_384)
def _expression(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression without backtracking, so that no pattern takes long."""
    first, *rest = map(re.escape, pattern.split("*"))
    if not rest:
        return re.compile(first)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}", re.DOTALL)
