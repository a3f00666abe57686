"""Compares two states: what each key, group and visitor loses and gains, and which prices change.

A name is lost if it meant a visible model before and means none afterwards. So a model that is merged into another one,
and whose id becomes an alias of it, is not lost, and neither is one that is replaced by a new row with its id.
"""

import datetime as dt
import functools
import operator
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from django.conf import settings
from django.utils import translation

from catalog.prices import Sheet
from pricing.engine.equality import same_price
from pricing.impact.impact import (
    NO_NAMES,
    VISITORS,
    Access,
    GroupImpact,
    Impact,
    KeyImpact,
    ListLoss,
    Names,
    Payer,
    PriceImpact,
    Redirect,
)
from pricing.impact.state import NOTHING, Group, Sight, State, read_prices
from tokens.access.many_scopes import ManyScopes, Models

# The keys of groups, in the order of their token.
Groups = tuple[int, ...]


def compare(before: State, after: State, impact: Impact, *, changed: Collection[int] | None) -> None:
    """Fills in the impact; `changed`: the keys of the models whose prices may differ, None for all."""
    comparison = Comparison(before, after)
    # The same words in every language: plans are stored and compared.
    with translation.override(settings.LANGUAGE_CODE):
        keys = [*comparison.keys(), *comparison.later_keys()]
        impact.keys = sorted(keys, key=lambda key: (not key.is_guarded, key.on or dt.date.min, key.name, key.key_id))
        impact.groups = list(comparison.groups())
        # They read price lists, which have what other lists leave out.
        impact.visitors = replace(comparison.access(before.visitors, after.visitors), delisted=NO_NAMES, lists=())
        impact.prices = [*comparison.prices(changed), *comparison.paid_prices(changed)]
        impact.public_groups = frozenset(
            group.slug for key, group in after.groups.items() if key in after.public_groups
        )


class Comparison:
    """Two states whose models have the same bits."""

    def __init__(self, before: State, after: State) -> None:
        self.before, self.after = before, after
        old, new, places = before.scopes, after.scopes, {**before.scopes.places, **after.scopes.places}
        # Model key -> its id.
        self._ids = {key: name for name, key in before.scopes.ids.items()}
        self._new_ids = {key: name for name, key in after.scopes.ids.items()}
        # Ids and aliases that mean another model, or none, in the other state.
        self._meanings, self._new_meanings = meanings, new_meanings = _meanings(before), _meanings(after)
        names = meanings.keys() | new_meanings.keys()
        self._moved = sorted(name for name in names if meanings.get(name) != new_meanings.get(name))
        # The models whose ids are among them.
        keys = {scopes.ids[name] for scopes in (old, new) for name in self._moved if name in scopes.ids}
        self._moved_models: Models = sum(1 << places[key] for key in keys)
        self._accesses: dict[tuple[Sight, Sight], Access] = {}

    def keys(self) -> Iterator[KeyImpact]:
        """The keys of the state before that lose or gain something."""
        for token, key in self.before.keys.items():
            new = self.after.keys.get(token)
            access = self.access(self.before.sight_of(key), self.after.sight_of(new))
            end = "" if key.end else "deleted" if new is None else new.end
            if not access.is_empty or end:
                yield KeyImpact(key.key_id, key.name, access, end)

    def later_keys(self) -> Iterator[KeyImpact]:
        """The keys that lose models later, because the change retires these on a day that is still ahead."""
        earlier, places = self.before.scopes.retires_on, self.after.scopes.places
        retiring: defaultdict[dt.date, Models] = defaultdict(int)
        for model, day in self.after.scopes.retires_on.items():
            if model in self._ids and (model not in earlier or earlier[model] > day):
                retiring[day] |= 1 << places[model]
        if not retiring:
            return
        later = Comparison(self.after, self.after)
        for token, key in self.before.keys.items():
            before, sight = self.before.sight_of(key), self.after.sight_of(self.after.keys.get(token))
            everything, gone = sight.models, 0
            for day in sorted(retiring):
                gone |= retiring[day]
                left = Sight(self._without_retired(everything, gone), sight.names)
                access = later.access(sight, left)
                if access.is_loss:
                    yield KeyImpact(key.key_id, key.name, access, on=day, total=self.access(before, left))
                sight = left

    def _without_retired(self, models: Models, gone: Models) -> Models:
        """The visible models whose ids can be called when some have retired: also by a successor that stays."""
        scopes, left = self.after.scopes, models & ~gone
        for key in scopes.keys_of(models & gone):
            path = [key]
            while (successor := scopes.successors.get(path[-1])) is not None and successor not in path:
                path.append(successor)
                if _contains(scopes, left, successor):
                    left |= 1 << scopes.places[key]
                if not _contains(scopes, models & gone, successor):
                    break
        return left

    def groups(self) -> Iterator[GroupImpact]:
        """The groups of the state before that reach other models."""
        for pk, group in self.before.groups.items():
            new = self.after.groups.get(pk)
            access = self.access(Sight(group.models, frozenset()), Sight(new.models if new else 0, frozenset()))
            if not access.is_empty:
                yield GroupImpact(group.slug, access, is_deleted=new is None)

    def prices(self, changed: Collection[int] | None) -> Iterator[PriceImpact]:
        """The prices that differ, of models that a group reaches in both states, by the ids of the models."""
        pairs = [(group, self.after.groups[pk]) for pk, group in self.before.groups.items() if pk in self.after.groups]
        places = self.before.scopes.places
        for key in sorted(self._priced(pairs, changed), key=self._ids.__getitem__):
            for group, new in pairs:
                if (group.models & new.models) >> places[key] & 1:
                    price, new_price = group.price(self.before.prices.get(key)), new.price(self.after.prices.get(key))
                    if not _same_price(price, new_price):
                        yield PriceImpact(
                            self._ids[key], new.slug, price and price.folded(), new_price and new_price.folded()
                        )

    def _priced(self, pairs: Collection[tuple[Group, Group]], changed: Collection[int] | None) -> Collection[int]:
        """The keys of the models whose prices may differ for some group."""
        old, new = self.before.prices, self.after.prices
        keys = [key for key in (old.keys() | new.keys() if changed is None else changed) if key in self._ids]
        if any((group.slug, group.rate) != (after.slug, after.rate) for group, after in pairs):
            return keys
        return [key for key in keys if old.get(key) != new.get(key)]

    def paid_prices(self, changed: Collection[int] | None) -> Iterator[PriceImpact]:
        """The prices that differ for keys and visitors because another group pays, by the ids of the models."""
        for (pk, new_pk), payers in self._payers().items():
            group, new = self.before.groups[pk], self.after.groups[new_pk]
            concerned = functools.reduce(operator.or_, payers)
            keys = sorted(self.before.scopes.keys_of(concerned), key=self._ids.__getitem__)
            old_sheets, sheets = self._sheets(keys, changed)
            for key in keys:
                price, new_price = group.price(old_sheets.get(key)), new.price(sheets.get(key))
                if not _same_price(price, new_price):
                    place = self.before.scopes.places[key]
                    paying = [payer for models in payers if models >> place & 1 for payer in payers[models]]
                    yield PriceImpact(
                        self._ids[key],
                        new.slug,
                        price and price.folded(),
                        new_price and new_price.folded(),
                        old_group=group.slug,
                        payers=tuple(sorted(paying)),
                    )

    def _payers(self) -> Mapping[tuple[int, int], Mapping[Models, list[Payer]]]:
        """Group that pays before, and another one afterwards -> models -> those for whom that is so."""
        alike: defaultdict[tuple[Sight, Sight, Groups, Groups], list[Payer]] = defaultdict(list)
        for token, key in self.before.keys.items():
            new = self.after.keys.get(token)
            before, after = self.before.sight_of(key), self.after.sight_of(new)
            if new is not None and before != NOTHING and after != NOTHING:
                alike[before, after, key.groups, new.groups].append(Payer(key.name, key.key_id))
        sights = self.before.visitors, self.after.visitors
        alike[*sights, self.before.public_groups, self.after.public_groups].append(VISITORS)
        found: defaultdict[tuple[int, int], defaultdict[Models, list[Payer]]] = defaultdict(lambda: defaultdict(list))
        for (before, after, groups, new_groups), payers in alike.items():
            both = before.models & after.models
            paying, paying_later = _paying(self.before, groups, both), _paying(self.after, new_groups, both)
            for group, models in paying.items():
                for new_group, new_models in paying_later.items():
                    if group != new_group and models & new_models:
                        found[group, new_group][models & new_models] += payers
        return found

    def _sheets(
        self, models: Collection[int], changed: Collection[int] | None
    ) -> tuple[Mapping[int, Sheet], Mapping[int, Sheet]]:
        """The published prices of these models before and after."""
        old, new = self.before.prices, self.after.prices
        if changed is None:
            return old, new
        # The others have the same price in both states, so it does not matter which of them is stored now.
        missing = [key for key in models if key not in changed and key not in old]
        unchanged = read_prices(missing, at=self.before.scopes.at) if missing else {}
        same = {key: sheet for key, sheet in old.items() if key not in changed}
        return {**old, **unchanged}, {**same, **unchanged, **new}

    def access(self, before: Sight, after: Sight) -> Access:
        """What somebody who sees these models in the two states loses and gains."""
        if (before, after) not in self._accesses:
            self._accesses[before, after] = self._compare(before, after)
        return self._accesses[before, after]

    def _compare(self, before: Sight, after: Sight) -> Access:
        old, new = self.before.scopes, self.after.scopes
        had = {name for name in self._moved if _can_use(old, before, name)}
        has = {name for name in self._moved if _can_use(new, after, name)}
        lost = {name for name in had | before.names if not _can_use(new, after, name)}
        gained = {name for name in has | after.names if not _can_use(old, before, name)}
        # Ids that mean the same model in both states are lost and gained with it.
        models, new_models = before.models & ~after.models & ~self._moved_models, after.models & ~before.models
        aliases, new_aliases = _aliases_among(lost, old), _aliases_among(gained, new)
        return Access(
            before=_count(old, before),
            after=_count(new, after),
            listed=_count_listed(old, before),
            listed_after=_count_listed(new, after),
            lost=Names(models, frozenset(lost - aliases), self._read_ids),
            gained=Names(new_models & ~self._moved_models, frozenset(gained - new_aliases), self._read_new_ids),
            lost_aliases=_without_models(aliases, before.models & ~after.models, old),
            new_aliases=_without_models(new_aliases, after.models & ~before.models, new),
            redirects=tuple(self._redirects(sorted(had & has))),
            delisted=self._delisted(before, after),
            lists=tuple(self._list_losses(before, after)),
        )

    def _redirects(self, names: Collection[str]) -> Iterator[Redirect]:
        """Those of the names that mean another model afterwards."""
        for name in names:
            if name in self._meanings and name in self._new_meanings:
                model, new_model = self._ids[self._meanings[name]], self._new_ids[self._new_meanings[name]]
                # A new row may have the id of a deleted one.
                if model != new_model:
                    yield Redirect(name, model, new_model)

    def _list_losses(self, before: Sight, after: Sight) -> Iterator[ListLoss]:
        """The lists for some clients that lose models which stay in the list of all."""
        old, new = self.before.scopes, self.after.scopes
        both = before.models & after.models & ~self._moved_models
        listed, new_listed = (functools.reduce(operator.or_, _rows_of(scopes)) for scopes in (old, new))
        for clients, models in self.before.lists.items():
            left = self.after.lists.get(clients, 0)
            if lost := both & listed & new_listed & models & ~left:
                yield ListLoss(
                    clients,
                    Names(lost, read=self._read_ids),
                    _count_rows(old, before.models & models),
                    _count_rows(new, after.models & left),
                )

    def _delisted(self, before: Sight, after: Sight) -> Names:
        """The ids and aliases that are rows of the list before and not afterwards, although they can be used."""
        old, new = self.before.scopes, self.after.scopes
        both = before.models & after.models & ~self._moved_models
        names = [*self._moved, *(name for name in old.listed_aliases if name not in new.listed_aliases)]
        others = (
            name
            for name in dict.fromkeys(names)
            if _is_listed(old, before, name) and not _is_listed(new, after, name) and _can_use(new, after, name)
        )
        return Names(both & old.listed & ~new.listed, frozenset(others), self._read_ids)

    def _read_ids(self, models: Models) -> Iterable[str]:
        return (self._ids[key] for key in self.before.scopes.keys_of(models))

    def _read_new_ids(self, models: Models) -> Iterable[str]:
        return (self._new_ids[key] for key in self.after.scopes.keys_of(models))


def _same_price(old: Sheet | None, new: Sheet | None) -> bool:
    """Whether every request costs the same, also in US dollars."""
    return same_price(old, new) and (old.per_usd if old else None) == (new.per_usd if new else None)


def _meanings(state: State) -> dict[str, int]:
    """Id or alias -> the key of the model that it means; for one that forwards its calls, the model they go to."""
    scopes = state.scopes
    if not scopes.forwards:
        return {**scopes.aliases, **scopes.ids}
    return {name: scopes.forwards.get(key, key) for name, key in {**scopes.aliases, **scopes.ids}.items()}


def _can_use(scopes: ManyScopes, sight: Sight, name: str) -> bool:
    """Whether somebody who sees these models can use this id or alias."""
    key = scopes.ids.get(name, scopes.aliases.get(name))
    return name in sight.names or _contains(scopes, sight.models, key)


def _is_listed(scopes: ManyScopes, sight: Sight, name: str) -> bool:
    """Whether this id or alias is a row of the list."""
    if name in scopes.ids:
        return _contains(scopes, sight.models & scopes.listed, scopes.ids[name])
    return name in scopes.listed_aliases and _contains(scopes, sight.models, scopes.aliases[name])


def _contains(scopes: ManyScopes, models: Models, key: int | None) -> bool:
    return key is not None and bool(models >> scopes.places[key] & 1)


def _aliases_among(names: Collection[str], scopes: ManyScopes) -> set[str]:
    return {name for name in names if name not in scopes.ids and name in scopes.aliases}


def _without_models(aliases: Collection[str], models: Models, scopes: ManyScopes) -> tuple[str, ...]:
    """The aliases whose models are not among these: an alias goes and comes with its model."""
    return tuple(sorted(name for name in aliases if not _contains(scopes, models, scopes.aliases[name])))


def _count(scopes: ManyScopes, sight: Sight) -> int:
    return sight.models.bit_count() + sum(name not in scopes.aliases for name in sight.names)


def _count_listed(scopes: ManyScopes, sight: Sight) -> int:
    """How many rows the list has."""
    return _count_rows(scopes, sight.models)


def _count_rows(scopes: ManyScopes, models: Models) -> int:
    """How many rows these models have in a list."""
    return sum((models & listed).bit_count() for listed in _rows_of(scopes))


def _rows_of(scopes: ManyScopes) -> tuple[Models, ...]:
    """The models that are listed, those with a first listed alias, and so on."""
    return (scopes.listed, *scopes.listed_by_aliases)


def _paying(state: State, groups: Groups, models: Models) -> Mapping[int, Models]:
    """Group -> those of these models for which it pays: the first one that reaches a model."""
    paying = {}
    for pk in groups:
        if (group := state.groups.get(pk)) is not None and (own := group.models & models):
            paying[pk], models = own, models & ~own
    return paying
