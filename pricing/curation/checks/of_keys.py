"""Problems of keys and their patterns."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models.functions import Coalesce

from catalog.models import AIModel, ModelAlias, Vendor
from catalog.models.aimodel import wildcards_of
from catalog.names.groups import looks_of_group_name
from pricing.curation.catalog_snapshot import CatalogSnapshot
from pricing.curation.checks.rules import Finding, Rules
from tokens.access.many_scopes import ManyScopes
from tokens.auth.alias_effects import alias_effects
from tokens.auth.authentication import scopes_of
from tokens.models import Pepper, Token, TokenGroup
from tokens.models.budgets import BudgetedQuerySet
from tokens.patterns.faults import SEPARATOR
from tokens.patterns.kinds import LITERAL, Selection, id_of, read_pattern
from tokens.patterns.typed import fold_pattern

UNUSED = dt.timedelta(days=90)

RULES = Rules()


@RULES.add(
    "lost-pepper",
    "Keys that are refused because of TOKEN_PEPPERS",
    "Restore the secret of the pepper. A secret that is lost cannot be replaced: issue new keys.",
    about=Token,
)
def lost_pepper(catalog: CatalogSnapshot) -> Iterator[Finding]:
    wrong = Pepper.objects.problems()
    for token in catalog.valid_tokens.filter(pepper__in=wrong).order_by("name", "pk").only("name", "key_id", "pepper"):
        is_missing = token.pepper not in settings.TOKEN_PEPPERS
        yield Finding(token, f"pepper {token.pepper} {'is missing' if is_missing else 'has another secret'}")


@RULES.add(
    "blind-token",
    "Valid keys that can see no models",
    "The page “Visible models” of the token shows the reason. Disable keys that are not needed.",
    about=Token,
)
def blind_token(catalog: CatalogSnapshot) -> Iterator[Finding]:
    many_scopes = ManyScopes(at=catalog.at)
    # The key is the fingerprint: keys with the same permissions see the same models.
    is_blind: dict[str, bool] = {}
    blind: set[int] = set()
    for token, scope in scopes_of(catalog.valid_tokens):
        if scope.fingerprint not in is_blind:
            is_blind[scope.fingerprint] = many_scopes.is_empty(scope)
        if is_blind[scope.fingerprint]:
            blind.add(token)
    if blind:
        names = catalog.valid_tokens.order_by("name", "pk").values_list("pk", "name", "key_id")
        for key, name, key_id in names.iterator():
            if key in blind:
                yield Finding(Token(pk=key, name=name, key_id=key_id), "its list of models is empty")


@RULES.add(
    "dead-pattern",
    "Patterns that match no models",
    "Correct the spelling, and separate patterns by commas. An allow list of unknown ids hides all models, and a deny "
    "list hides none.",
    about=Token,
)
def dead_pattern(catalog: CatalogSnapshot) -> Iterator[Finding]:
    known = {*AIModel.objects.values_list("name", flat=True), *ModelAlias.objects.values_list("name", flat=True)}
    vendors = {name for names in Vendor.objects.values_list("slug", "name") for name in names}

    @cache
    def is_dead(pattern: str) -> bool:
        name = id_of(pattern)
        selection = read_pattern(pattern)
        if isinstance(selection, Selection) and selection.selector == "vendor":
            return not any(map(selection.selects, vendors))
        if fold_pattern(pattern) != pattern or not SEPARATOR.isdisjoint(pattern):
            return pattern not in known and not pattern.startswith(f"{LITERAL}:")
        return name is not None and name not in known and known.isdisjoint(wildcards_of(name))

    restricted = catalog.valid_tokens.exclude(allow=None, deny=[]).order_by("name", "pk")
    columns = ("pk", "name", "key_id", "allow", "deny")
    for key, name, key_id, allow, deny in restricted.values_list(*columns).iterator():
        if dead := [id_of(pattern) or pattern for pattern in (*(allow or ()), *deny) if is_dead(pattern)]:
            problem = f"unknown: {', '.join(dead[:5])}" + (" …" if len(dead) > 5 else "")
            yield Finding(Token(pk=key, name=name, key_id=key_id), problem)


@RULES.add(
    "widening-alias",
    "Aliases that decide what keys can see",
    "Patterns of keys match aliases, too. If a key should not see the model, rename the alias, or deny the id of the "
    "model.",
    about=AIModel,
    states=(Token,),
)
def widening_alias(catalog: CatalogSnapshot) -> Iterator[Finding]:
    rows = {alias.name: alias for alias in ModelAlias.objects.select_related("model")}
    for effect in alias_effects({name: alias.model.name for name, alias in rows.items()}, at=catalog.at):
        for sentence in effect.sentences:
            yield Finding(rows[effect.alias].model, f"alias {effect.alias} {sentence}")


@RULES.add(
    "similar-groups",
    "Groups whose names look the same",
    "Change the name of one of them: its prices, rates and tokens follow.",
    about=TokenGroup,
)
def similar_groups(_: CatalogSnapshot) -> Iterator[Finding]:
    groups: defaultdict[str, list[TokenGroup]] = defaultdict(list)
    for group in TokenGroup.objects.order_by("slug").only("slug"):
        groups[looks_of_group_name(group.slug)].append(group)
    for first, *others in groups.values():
        for group in others:
            yield Finding(group, f"its name differs from {first} only by case, width or the colour of an emoji")


@RULES.add(
    "unused-token",
    f"Keys that have not been used for {UNUSED.days} days",
    "Ask their owners, and disable keys that are not needed.",
    about=Token,
)
def unused_token(catalog: CatalogSnapshot) -> Iterator[Finding]:
    used_at = Coalesce("last_used_at", "created_at")
    unused = catalog.valid_tokens.annotate(used_at=used_at).filter(used_at__lte=catalog.at - UNUSED)
    for token in unused.only("name", "key_id", "last_used_at").order_by("name", "pk").iterator():
        used = token.last_used_at
        yield Finding(token, f"last used {used:%Y-%m-%d}" if used else "never used")


@RULES.add(
    "uncounted-calls",
    "Keys with a budget and calls of unknown cost",
    "Add a price for the models that they call, or a currency rate of the budget's currency. Such calls are allowed, "
    "and are not part of what is spent.",
    about=Token,
)
def uncounted_calls(catalog: CatalogSnapshot) -> Iterator[Finding]:
    yield from _uncounted(catalog.valid_tokens, at=catalog.at)


@RULES.add(
    "uncounted-group-calls",
    "Groups with a budget and calls of unknown cost",
    "Add a price for the models that are called, or a currency rate of the budget's currency.",
    about=TokenGroup,
)
def uncounted_group_calls(catalog: CatalogSnapshot) -> Iterator[Finding]:
    yield from _uncounted(TokenGroup.objects.all(), at=catalog.at)


def _uncounted(rows: BudgetedQuerySet[Any], *, at: dt.datetime) -> Iterator[Finding]:
    for row in rows.with_unknown_costs(at=at).order_by("pk").iterator():
        yield Finding(row, f"calls of unknown cost in this period: {row.uncounted}")
