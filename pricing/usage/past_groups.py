"""The groups that tokens were in at a past moment, from their history.

Everything else is a decision of today, as in quotes: which models the groups reach, and which groups are automatic.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter, ne

from tokens.auth.authentication import scopes_of
from tokens.models import Token, TokenGroup


@dataclass(frozen=True)
class Membership:
    """The groups of a token from a moment on, in its order."""

    since: dt.datetime
    groups: tuple[int, ...]


@dataclass(frozen=True)
class PastGroups:
    """The groups of some tokens, since a moment."""

    # Token key -> its groups now.
    _now: Mapping[int, tuple[int, ...]]
    # Token key -> its groups over time, for tokens that have changed since then.
    _past: Mapping[int, list[Membership]]

    @classmethod
    def read(cls, tokens: Collection[int], *, since: dt.datetime) -> "PastGroups":
        now = {token: scope.groups for token, scope in scopes_of(Token.objects.filter(pk__in=tokens))}
        changed = Token.history.filter(id__in=tokens, history_date__gt=since).values_list("id", flat=True).order_by()
        return cls(now, _read_past(set(changed)))

    def at(self, token: int, moment: dt.datetime) -> tuple[int, ...]:
        """The keys of the token's groups at that moment.

        They are those of today if the history does not say it: the token has not changed since, or is newer.
        """
        timeline = self._past.get(token, [])
        place = bisect_right(timeline, moment, key=attrgetter("since"))
        is_unchanged = place == len(timeline)
        groups = () if is_unchanged or not place else timeline[place - 1].groups
        return groups or self._now.get(token, ())


def _read_past(tokens: Collection[int]) -> dict[int, list[Membership]]:
    """Token key -> its groups over time, the oldest first."""
    if not tokens:
        return {}
    columns = ("history_id", "id", "history_date", "uses_auto_groups", "first_group")
    records = Token.history.filter(id__in=tokens).exclude(history_type="-").order_by("history_date", "history_id")
    related = Token.history.model.groups.model.objects.filter(history__id__in=tokens)
    own: defaultdict[int, list[int]] = defaultdict(list)
    for record, group in related.values_list("history", "tokengroup"):
        own[record].append(group)
    groups = {group.pk: group for group in TokenGroup.objects.all()}
    automatic = sorted(
        (group for group in groups.values() if group.auto_position is not None),
        key=lambda group: (group.auto_position, group.slug),
    )
    past: defaultdict[int, list[Membership]] = defaultdict(list)
    for record, token, since, uses_auto_groups, first in records.values_list(*columns):
        members = sorted((groups[key] for key in own[record] if key in groups), key=lambda g: TokenGroup.place(g.slug))
        keys = dict.fromkeys(group.pk for group in (*members, *(automatic if uses_auto_groups else ())))
        past[token].append(Membership(since, tuple(sorted(keys, key=partial(ne, first)))))
    return past
