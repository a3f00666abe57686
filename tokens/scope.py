"""The permission of a key as a frozen value: what it may see, when and from where. Imports no models."""

import datetime as dt
import functools
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.core.exceptions import ValidationError

from catalog.exact import write_json
from tokens.networks import is_within

# What a pattern may name beside model ids: `vendor:openai`, `tag:Tools`. Names are compared without regard to case.
SELECTORS = ("vendor", "series", "tag", "endpoint", "modality")
# What people write for them, and what they take for one. Ids may have colons, so nothing else before one is refused.
NEAR_SELECTORS = frozenset({
    *SELECTORS, "vendors", "provider", "providers", "serie", "tags", "endpoints", "endpoint_type", "endpoint-type",
    "modalities", "group", "groups", "channel", "channels", "model", "models", "alias", "id",
})  # fmt: skip


class Described(Protocol):
    """What a scope needs to know of a model."""

    @property
    def name(self) -> str: ...

    def selectors(self) -> Mapping[str, Iterable[str]]:
        """Selector -> the model's names under it."""


@dataclass(frozen=True)
class Scope:
    """What a key permits: the models that its groups reach, narrowed by patterns, while it is good and where it is.

    `groups` are keys of TokenGroup, sorted. A pattern is a model id, or a selector and a name, in which `*` stands for
    any characters. Deny beats allow. No allow list (None) permits every model in reach; an empty one permits none. A
    model answers to its aliases too, so a pattern of ids that names one of them names the model.

    The key is good from `starts_at` until `expires_at` (None: always, for ever), from the `networks` (none: anywhere).
    One that is over its budget lists as before and may call nothing.
    """

    groups: tuple[int, ...] = ()
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    is_enabled: bool = True
    starts_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    networks: tuple[str, ...] = ()
    is_over_budget: bool = False

    def refusals(self, *, at: dt.datetime, address: str | None) -> Iterator[str]:
        """Every reason to refuse the key at a moment, as codes of errors.CODES, the one that callers are told first.

        Without an address (None) nobody asks for the networks; an empty one is that of a caller without any.
        """
        if not self.is_enabled:
            yield "key_disabled"
        if self.expires_at is not None and self.expires_at <= at:
            yield "key_expired"
        if self.starts_at is not None and self.starts_at > at:
            yield "key_not_yet_valid"
        if address is not None and self.networks and not is_within(address, self.networks):
            yield "ip_not_allowed"

    def permits(self, model: Described, aliases: Collection[str]) -> bool:
        """Whether the patterns let this model through; says nothing about groups."""
        if self.denying_pattern(model, aliases) is not None:
            return False
        return self.allow is None or self.allowing_pattern(model, aliases) is not None

    def denying_pattern(self, model: Described, aliases: Collection[str]) -> str | None:
        """The first deny pattern that names this model."""
        return first_match(self.deny, model, aliases)

    def allowing_pattern(self, model: Described, aliases: Collection[str]) -> str | None:
        """The first allow pattern that names this model."""
        return first_match(self.allow or (), model, aliases)

    @property
    def sees(self) -> str:
        """What the allow list comes to, in words: an empty one and none at all look alike, and are not."""
        if self.allow is None:
            return "all of its groups: there is no allow list"
        return "only what its allow list names" if self.allow else "nothing: the allow list is empty"

    @functools.cached_property
    def exact_names(self) -> frozenset[str] | None:
        """The only ids and aliases that can be permitted, where the allow list holds nothing but such; else None."""
        if self.allow is None or any("*" in pattern or _is_selector(pattern) for pattern in self.allow):
            return None
        return frozenset(self.allow)

    @functools.cached_property
    def asks_for_aliases(self) -> bool:
        """Whether a model's aliases can make a difference: not to selectors, nor to what names every id."""
        return any(pattern.strip("*") and not _is_selector(pattern) for pattern in (*(self.allow or ()), *self.deny))

    @functools.cached_property
    def fingerprint(self) -> str:
        """The same text for whoever sees the same, and for nobody else: names what was rendered for this scope.

        So it knows nothing of when, from where and whether the key is taken, by which no body differs.
        """
        return hashlib.sha256(write_json([self.groups, self.allow, self.deny])).hexdigest()[:32]


def first_match(patterns: tuple[str, ...], model: Described, aliases: Collection[str]) -> str | None:
    """The first of the patterns that names the model, by its id, an alias or a selector."""
    return next((pattern for pattern in patterns if _names(pattern, model, aliases)), None)


def validate_patterns(patterns: list[str]) -> None:
    """For model fields: what is meant as a selector and is none would match nothing, without a word."""
    for pattern in patterns:
        selector, colon, name = pattern.partition(":")
        if pattern != pattern.strip() or (selector in SELECTORS and name != name.strip()):
            raise ValidationError(f"{pattern!r} names nothing: no id and no name has a space at its edge.")
        if _is_selector(pattern) and not name:
            raise ValidationError(f"{pattern} names nothing: write e.g. {selector}:*.")
        if colon and selector not in SELECTORS and selector.strip().casefold() in NEAR_SELECTORS:
            known = ", ".join(f"{each}:" for each in SELECTORS)
            raise ValidationError(f"{pattern} names nothing: there are only {known}, in small letters, and model ids.")


def names_id(pattern: str, name: str) -> bool:
    """Whether a pattern of ids names this id or alias."""
    return _expression(pattern).fullmatch(name) is not None


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
    """Each part between stars is found at its first place and never sought again, so no pattern takes long."""
    first, *rest = map(re.escape, pattern.split("*"))
    if not rest:
        return re.compile(first)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}", re.DOTALL)
