"""Runs a change and compares the states before and after it: `observe` stores the change, `preview` rolls it back.

Both hold the revision, so that no other writer comes between the two states. A preview and the change itself are
compared by the same rules, so they cannot say different things.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import transaction

from catalog.db import changes, revision
from catalog.db.revision import Counters, version_of
from catalog.db.snapshot import no_snapshot
from pricing.impact.comparing import compare
from pricing.impact.impact import Impact
from pricing.impact.state import State
from pricing.published.boundaries import COUNTERS
from tokens.access.listed_models import open_offers
from tokens.events.changes import complete_change, without_events
from tokens.models import Token

T = TypeVar("T")


@contextmanager
def observe(*, at: dt.datetime) -> Iterator[Impact]:
    """The effect of the writes of the block, at this moment; it is filled when the block ends.

    The block runs in a transaction. To undo it for what the effect says, open a transaction around it.
    """
    impact = Impact(at)
    with transaction.atomic(), complete_change():
        revision.hold()
        if not has_readers():
            yield impact
            return
        before = State.read(at=at)
        yield impact
        counters = revision.read()
        if not _is_unchanged(before.counters, counters):
            changed = _models_changed(before.counters, counters)
            after = State.read(at=at, places=before.scopes.places, priced=changed)
            compare(before, after, impact, changed=changed)


def has_readers() -> bool:
    """Whether there is anybody whom a change could concern: a token, or a group that reaches a model."""
    return Token.objects.exists() or open_offers().filter(channel__groups__isnull=False).exists()


def preview(change: Callable[[], T], *, at: dt.datetime) -> tuple[T, Impact]:
    """What the change returns, and its effect at this moment; the change is rolled back.

    An exception of the change is raised. The change may not depend on what it does outside the database.
    """
    impact = Impact(at)
    # A preview writes, too, although a page shows it in answer to a GET.
    with no_snapshot(), transaction.atomic():
        revision.hold()
        counters, is_read = revision.read(), has_readers()
        after: State | None = None
        with transaction.atomic(), without_events():
            result = change()
            changed_counters = revision.read()
            if is_read and not _is_unchanged(counters, changed_counters):
                changed = _models_changed(counters, changed_counters)
                after = State.read(at=at, priced=changed)
            transaction.set_rollback(True)
        if after is not None:
            before = State.read(at=at, places=after.scopes.places, priced=changed)
            compare(before, after, impact, changed=changed)
    return result, impact


def _is_unchanged(before: Counters, after: Counters) -> bool:
    """Whether nothing has changed that decides what keys see or pay."""
    return (before.models, before.prices, before.permissions) == (after.models, after.prices, after.permissions)


def _models_changed(before: Counters, after: Counters) -> frozenset[int] | None:
    """The keys of the models whose prices may have changed; None: all."""
    return changes.models_changed(since=version_of(before), until=version_of(after), counters=COUNTERS)
