"""How many models a scope sees, and what in it has no effect: shown when a token is issued or changed.

A misspelled pattern is not an error, because the model may follow later. So nobody would notice it without this.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from tokens.access.many_scopes import ManyScopes, Matches
from tokens.auth.authentication import row_of, scope_of, scopes_of
from tokens.models import Token, TokenGroup
from tokens.networks import is_without_callers
from tokens.patterns.kinds import LITERAL, SELECTORS, Names, OneName, read_pattern
from tokens.scope import Scope

# Longer lists of problems end with their number.
MOST_SHOWN = 10


@dataclass(frozen=True)
class Sight:
    """The number of models that a key sees, that of all published models, and what is likely a mistake in its terms."""

    visible: int
    published: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """`sees 12 of 112 models; `zeta-1-pri` matches nothing`, with all problems."""
        shown = [*self.problems[:MOST_SHOWN]]
        if len(self.problems) > MOST_SHOWN:
            shown.append(f"and {len(self.problems) - MOST_SHOWN} more problems")
        return "; ".join([f"sees {self.visible} of {self.published} models", *shown])

    def as_json(self) -> dict[str, object]:
        return {"visible": self.visible, "published": self.published, "problems": list(self.problems)}


def sight_of_token(token: Token, *, at: dt.datetime) -> Sight:
    """What the key of a stored token sees."""
    return sight_of(scope_of(row_of(token)), at=at)


def sights_of(tokens: QuerySet[Token], *, at: dt.datetime) -> Iterator[tuple[int, Sight]]:
    """The primary key of each stored token, and what its key sees; keys with the same terms share it."""
    many, known = ManyScopes(at=at), dict[tuple[object, ...], Sight]()
    for key, scope in scopes_of(tokens):
        terms = (scope.groups, scope.allow, scope.deny, scope.networks, scope.expires_at)
        if terms not in known:
            known[terms] = sight_of(scope, at=at, many=many)
        yield key, known[terms]


def sight_of(scope: Scope, *, at: dt.datetime, many: ManyScopes | None = None) -> Sight:
    """What a key with this scope sees at a moment; `many` is shared by calls for several scopes."""
    many = many or ManyScopes(at=at)
    matches = many.matches(scope)
    problems = (
        *_problems_of_key(scope, at=at),
        *_problems_of_groups(scope, many),
        *_problems_of_patterns(matches, many),
    )
    return Sight(matches.visible.bit_count(), many.offered.bit_count(), tuple(dict.fromkeys(problems)))


def _problems_of_key(scope: Scope, *, at: dt.datetime) -> Iterator[str]:
    if scope.expires_at is not None and scope.expires_at <= at:
        yield f"it expired at {scope.expires_at:%Y-%m-%d %H:%M} UTC, so it is refused"
    if without := [text for text in scope.networks if is_without_callers(text)]:
        outcome = ", so it is always refused" if len(without) == len(scope.networks) else ""
        yield f"no caller has an address in {', '.join(without)}{outcome}"


def _problems_of_groups(scope: Scope, many: ManyScopes) -> Iterator[str]:
    if not scope.groups:
        yield "it is in no group, so it reaches no model"
        return
    if not (empty := [group for group in scope.groups if not many.reached(group)]):
        return
    groups = TokenGroup.objects.filter(pk__in=empty).prefetch_related("channels")
    for group in sorted(groups, key=lambda group: empty.index(group.pk)):
        channels = list(group.channels.all())
        what = "model" if any(channel.enabled for channel in channels) else "enabled channel" if channels else "channel"
        yield f"group {group.slug} reaches no {what}"


def _problems_of_patterns(matches: Matches, many: ManyScopes) -> Iterator[str]:
    reached, permitted = matches.reached, matches.permitted
    if matches.allow is not None and not matches.allow:
        yield "its allow list is empty, so it sees no model"
    for text, matched in (matches.allow or {}).items():
        models = matched or many.wildcards_for(text)
        if not models:
            yield _matches_nothing(text)
        elif reached and not models & reached:
            yield f"`{text}` matches no model that its groups reach"
        elif models & reached and not models & permitted:
            yield f"`{text}` matches only models that are denied"
    denies_all = [text for text, models in matches.deny.items() if reached and not reached & ~models]
    for text, models in matches.deny.items():
        if not models and not many.wildcards_for(text):
            yield _matches_nothing(text)
    if denies_all:
        yield from (f"`{text}` denies every model that its groups reach" for text in denies_all)
    elif reached and not permitted:
        yield "its deny patterns together deny every model that its groups reach"


def _matches_nothing(text: str) -> str:
    word, colon, _ = text.partition(":")
    if colon and word not in (*SELECTORS, LITERAL) and isinstance(read_pattern(text), Names | OneName):
        selectors = ", ".join(f"{name}:" for name in SELECTORS)
        return f"`{text}` matches nothing: no model has this id, and {word}: is none of {selectors}"
    return f"`{text}` matches nothing"
