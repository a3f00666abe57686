"""What a change does to keys and prices, for the admin and the commands of catalog and tokens.

Keys and prices are above catalog, so `pricing` registers its functions when Django starts; see pricing/impact/.
"""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Effect(Protocol):
    """The effect of one change, see pricing/impact/impact.py."""

    @property
    def is_empty(self) -> bool: ...
    @property
    def needs_confirmation(self) -> bool:
        """Whether a person should see it before it is stored."""

    def guards(self, *, may_end: bool = False) -> list[str]:
        """Sentences about losses that must be accepted; `may_end`: not those of keys that the change itself ends."""

    def lines(self) -> list[str]:
        """The effect in sentences."""

    def seen_by(self, operator: Any) -> "Effect":
        """The effect without what this operator may not see; its numbers are the same."""

    def as_json(self) -> dict[str, Any]: ...


class Preview(Protocol):
    """Runs a change, rolls it back, and returns what it returned and its effect."""

    def __call__(self, change: Callable[[], T], *, at: dt.datetime) -> tuple[T, Effect]: ...


class Observe(Protocol):
    """The effect of the writes of a block, which are stored; it is filled when the block ends."""

    def __call__(self, *, at: dt.datetime) -> AbstractContextManager[Effect]: ...


@dataclass
class Registered:
    """What `pricing` has registered."""

    preview: Preview | None = None
    observe: Observe | None = None


REGISTERED = Registered()


def register(*, preview: Preview, observe: Observe) -> None:
    REGISTERED.preview, REGISTERED.observe = preview, observe


def preview(change: Callable[[], T], *, at: dt.datetime) -> tuple[T, Effect]:
    """What the change returns, and its effect at this moment; the change is rolled back."""
    if REGISTERED.preview is None:
        raise RuntimeError("No app has registered the impact of changes.")
    return REGISTERED.preview(change, at=at)


def observe(*, at: dt.datetime) -> AbstractContextManager[Effect]:
    """The effect of the writes of the block, which runs in a transaction and is stored."""
    if REGISTERED.observe is None:
        raise RuntimeError("No app has registered the impact of changes.")
    return REGISTERED.observe(at=at)
