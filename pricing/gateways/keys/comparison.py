"""What each key of a gateway could do there, beside what it can do here, and why they differ.

The rules of visibility are those of tokens/access: here, a key is looked up as a request does it, and lists the models
that the resolver gives it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from catalog.db.bulk import batches
from catalog.models import AIModel, ModelAlias
from catalog.progress import track
from pricing.gateways.keys.gateway_rules import OTHER_ADDRESS, Answer, GatewayRules
from pricing.gateways.reading.gateway import GatewayToken
from tokens import keys
from tokens.access.prices import with_prices
from tokens.access.visibility import Listing, aliases_for, permitted
from tokens.auth.authentication import Candidate, find_tokens, scope_of
from tokens.scope import Scope

# Keys per query: SQLite accepts 32,766 values in a statement, and a key has a digest for each pepper.
BATCH = 2000
NOT_IMPORTED = "it was not imported"
NOT_IN_DATABASE = "the database of the gateway does not offer it: it is older than the running gateway"
NO_MODEL = "no model here has this id: the findings say why it was not imported"


@dataclass(frozen=True)
class Difference:
    """One thing that a key can do only there or only here. An expected one is a known property of the gateway."""

    what: str
    why: str
    is_expected: bool
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeyComparison:
    """One key of the gateway: what it gets there and here."""

    token: int
    name: str
    there: Answer
    here: Answer
    differences: tuple[Difference, ...]

    def report(self) -> dict[str, Any]:
        """The comparison as JSON; never a key."""
        return {
            "token": self.token,
            "name": self.name,
            "there": _counts(self.there),
            "here": _counts(self.here),
            "differences": [
                {"what": row.what, "why": row.why, "expected": row.is_expected, "models": list(row.models)}
                for row in self.differences
            ],
        }


@dataclass(frozen=True)
class Comparison:
    """All keys of a gateway."""

    keys: tuple[KeyComparison, ...] = field(repr=False)

    @property
    def different(self) -> tuple[KeyComparison, ...]:
        return tuple(key for key in self.keys if key.differences)

    @property
    def unexpected(self) -> tuple[KeyComparison, ...]:
        return tuple(key for key in self.keys if not all(row.is_expected for row in key.differences))

    def counts(self) -> dict[str, int]:
        return {
            "compared": len(self.keys),
            "equal": len(self.keys) - len(self.different),
            "different_as_expected": len(self.different) - len(self.unexpected),
            "different": len(self.unexpected),
        }

    def report(self) -> dict[str, Any]:
        """The comparison as JSON, with every key."""
        return {"counts": self.counts(), "keys": [key.report() for key in self.keys]}


def compare_keys(
    rules: GatewayRules,
    *,
    at: dt.datetime,
    answer: Callable[[GatewayToken], Answer] | None = None,
) -> Comparison:
    """Compares the keys of a gateway, as its database or as `answer` states what they get there."""
    answers_here = answers(rules.gateway.tokens, at=at)
    compared = []
    for token in track(rules.gateway.tokens, "Comparing what keys can do"):
        there = (answer or rules.answer)(token)
        here = answers_here.get(token.id, Answer(NOT_IMPORTED))
        compared.append((token, there, here))
    names = sorted(frozenset().union(*{part for _, there, _ in compared for part in (there.listed, there.callable)}))
    aliases = _aliases(names)
    ids_here = _ids_here(names).union(aliases.values())
    return Comparison(
        tuple(
            KeyComparison(
                token.id, token.name, there, here, tuple(_differences(token, there, here, rules, aliases, ids_here))
            )
            for token, there, here in compared
        )
    )


def answers(tokens: Iterable[GatewayToken], *, at: dt.datetime) -> Mapping[int, Answer]:
    """Token of the gateway -> what its key gets here; unknown keys are left out."""
    resolver = _Resolver(at)
    found: dict[int, Answer] = {}
    for batch in batches(list(tokens), BATCH):
        candidates: dict[str, Candidate] = {}
        numbers: dict[str, int] = {}
        for token in batch:
            digests = keys.digests(f"sk-{token.key}", settings.TOKEN_PEPPERS)
            candidates |= dict.fromkeys(digests, Candidate(digests[0], is_ours=False))
            numbers |= dict.fromkeys(digests, token.id)
        for row in find_tokens(candidates):
            found[numbers[row["found_by"]]] = resolver.answer(scope_of(row))
    return found


class _Resolver:
    """The resolver of all lists, asked for many keys: keys of one group share its query, and all share the models.

    A key of several groups reaches what each of them reaches, and gateways have thousands of pairs of groups.
    """

    def __init__(self, at: dt.datetime) -> None:
        self.at = at
        self.aliases = aliases_for(Scope(deny=("any id",)))
        self.models: dict[int, AIModel] = {}
        self.models_of_group: dict[int, list[int]] = {}
        self.listings: dict[str, frozenset[str]] = {}

    def answer(self, scope: Scope) -> Answer:
        refusal = next(scope.refusals(at=self.at, address=None), "")
        if refusal:
            return Answer(refusal)
        if scope.fingerprint not in self.listings:
            self.listings[scope.fingerprint] = self._list(scope)
        listed = self.listings[scope.fingerprint]
        return Answer(listed=listed, callable=frozenset() if scope.is_over_budget else listed)

    def _list(self, scope: Scope) -> frozenset[str]:
        keys_in_reach = frozenset(key for group in scope.groups for key in self._in_reach(group))
        models, names = [self.models[key] for key in keys_in_reach], scope.exact_names
        if names is not None:
            # Comparing each model with each pattern takes long for keys with many limits.
            models = [
                model for model in models if model.name in names or not names.isdisjoint(self.aliases.get(model.pk, ()))
            ]
        priced = with_prices(scope, at=self.at)
        return frozenset(model.name for model in permitted(models, priced, self.aliases))

    def _in_reach(self, group: int) -> list[int]:
        """The keys of the models that this group reaches."""
        if group not in self.models_of_group:
            models = Listing(Scope(groups=(group,)), self.at).models()
            self.models_of_group[group] = [self.models.setdefault(model.pk, model).pk for model in models]
        return self.models_of_group[group]


def _aliases(names: Iterable[str]) -> Mapping[str, str]:
    """Alias here -> its model."""
    aliases: dict[str, str] = {}
    for batch in batches(list(names), BATCH):
        aliases |= dict(ModelAlias.objects.filter(name__in=batch).values_list("name", "model__name"))
    return aliases


def _ids_here(names: Iterable[str]) -> frozenset[str]:
    """Those of the names that are ids of models here."""
    parts = (
        AIModel.objects.filter(name__in=batch).values_list("name", flat=True) for batch in batches(list(names), BATCH)
    )
    return frozenset(name for part in parts for name in part)


def _differences(
    token: GatewayToken,
    there: Answer,
    here: Answer,
    rules: GatewayRules,
    aliases: Mapping[str, str],
    ids_here: frozenset[str],
) -> Iterator[Difference]:
    if there.refusal and here.refusal:
        return
    if there.refusal == OTHER_ADDRESS:
        yield Difference("the gateway refuses it from the address of this machine", there.refusal, is_expected=True)
        return
    if there.refusal:
        is_harmless = not here.callable
        what = "the gateway refuses it; here it lists models and may call none" if here.listed else (
            "the gateway refuses it; here it lists nothing"
        )  # fmt: skip
        yield Difference(
            what if is_harmless else "the gateway refuses it; here it works", there.refusal, is_expected=is_harmless
        )
        return
    if here.refusal:
        yield Difference("it is refused here", here.refusal, is_expected=not there.callable and not there.listed)
        return
    if aliases:
        there = replace(
            there,
            listed=frozenset(aliases.get(name, name) for name in there.listed),
            callable=frozenset(aliases.get(name, name) for name in there.callable),
        )
    more, fewer = here.listed - there.listed, there.listed - here.listed
    parts: tuple[tuple[str, frozenset[str], Callable[[str], tuple[str, bool]]], ...] = (
        ("listed only here", more, lambda name: _why_here(name, token, rules, there)),
        (
            "callable only here",
            here.callable - there.callable - more,
            lambda name: _why_here(name, token, rules, there),
        ),
        ("listed only there", fewer, lambda name: _why_there(name, there, rules, ids_here)),
        (
            "callable only there",
            there.callable - here.callable - fewer,
            lambda name: _why_there(name, there, rules, ids_here),
        ),
    )
    for what, names, reason in parts:
        by_reason: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
        for name in sorted(names):
            by_reason[reason(name)].append(name)
        for (why, is_expected), models in by_reason.items():
            yield Difference(what, why, is_expected, tuple(models))


def _why_here(name: str, token: GatewayToken, rules: GatewayRules, there: Answer) -> tuple[str, bool]:
    """Why a key may list or call a model only here, and whether that is expected."""
    if name in there.callable:
        return "the gateway serves its calls although it does not list it, such as the models of a backup group", True
    if name in rules.unpriced:
        return "the gateway has no price for it, so it refuses its calls", True
    if name in token.trimmed:
        return "its name in the limits has spaces around it, which the gateway does not remove", True
    if name not in rules.names:
        return "no channel of the gateway offers it: the key's group reaches other channels here", False
    return "unknown: explain_token says which rule allows it", False


def _why_there(name: str, there: Answer, rules: GatewayRules, ids_here: frozenset[str]) -> tuple[str, bool]:
    """Why a key may list or call a model only in the gateway, and whether that is expected."""
    if name not in there.callable:
        return "the gateway refuses its calls although it lists it", True
    if name not in rules.names:
        return NOT_IN_DATABASE, False
    if name not in ids_here:
        return NO_MODEL, False
    return "unknown: explain_token says which rule refuses it", False


def _counts(answer: Answer) -> dict[str, Any]:
    return {"refusal": answer.refusal, "listed": len(answer.listed), "callable": len(answer.callable)}
