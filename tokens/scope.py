"""The rules of a permission as a frozen value: what a caller may see, without a database. Imports no models."""

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from django.core.exceptions import ValidationError

from catalog.exact import write_json

# What a pattern may name beside model ids: `vendor:openai`, `tag:Tools`. Names are compared without regard to case.
SELECTORS = ("vendor", "series", "tag", "endpoint", "modality")


class Described(Protocol):
    """What a scope needs to know of a model."""

    @property
    def name(self) -> str: ...

    def selectors(self) -> Mapping[str, Iterable[str]]:
        """Selector -> the model's names under it."""


@dataclass(frozen=True)
class Scope:
    """What a caller may see: the models that its groups reach, narrowed by patterns.

    `groups` are keys of TokenGroup, sorted. A pattern is a model id, or a selector and a name, in which `*` stands for
    any characters. Deny beats allow. No allow list (None) permits every model in reach; an empty one permits none.
    """

    groups: tuple[int, ...] = ()
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()

    def permits(self, model: Described) -> bool:
        """Whether the patterns let this model through; says nothing about groups."""
        if self.denying_pattern(model) is not None:
            return False
        return self.allow is None or self.allowing_pattern(model) is not None

    def denying_pattern(self, model: Described) -> str | None:
        """The first deny pattern that names this model."""
        return first_match(self.deny, model)

    def allowing_pattern(self, model: Described) -> str | None:
        """The first allow pattern that names this model."""
        return first_match(self.allow or (), model)

    @functools.cached_property
    def exact_names(self) -> frozenset[str] | None:
        """The only ids that can be permitted, where the allow list holds nothing but ids; else None."""
        if self.allow is None or any(
            "*" in pattern or pattern.partition(":")[0] in SELECTORS for pattern in self.allow
        ):
            return None
        return frozenset(self.allow)

    @functools.cached_property
    def fingerprint(self) -> str:
        """The same text for the same rules, and for no others: names what was rendered for this scope."""
        return hashlib.sha256(write_json([self.groups, self.allow, self.deny])).hexdigest()[:32]


def first_match(patterns: tuple[str, ...], model: Described) -> str | None:
    """The first of the patterns that names the model."""
    return next((pattern for pattern in patterns if _names(pattern, model)), None)


def validate_patterns(patterns: list[str]) -> None:
    """For model fields: a selector that does not exist would match nothing, without a word."""
    for pattern in patterns:
        selector, colon, name = pattern.partition(":")
        if colon and selector in SELECTORS and not name:
            raise ValidationError(f"{pattern} names nothing: write e.g. {selector}:*.")


def _names(pattern: str, model: Described) -> bool:
    selector, colon, name = pattern.partition(":")
    if colon and selector in SELECTORS:
        expression = _expression(name.casefold())
        return any(expression.fullmatch(candidate.casefold()) for candidate in model.selectors()[selector])
    return _expression(pattern).fullmatch(model.name) is not None


@functools.lru_cache(maxsize=16_384)
def _expression(pattern: str) -> re.Pattern[str]:
    """Each part between stars is found at its first place and never sought again, so no pattern takes long."""
    first, *rest = map(re.escape, pattern.split("*"))
    if not rest:
        return re.compile(first)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}", re.DOTALL)
