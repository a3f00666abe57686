"""What all keys, groups and visitors can see and what groups pay, at one moment and in one state of the database.

Everything is read at once, because the state before a change no longer exists after it. Tokens with the same
permissions share what they see, so that thousands of tokens with few permissions cost little.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from catalog.db import revision
from catalog.db.revision import Counters
from catalog.models import AIModel
from catalog.prices import Sheet
from catalog.sources import codex_profiles
from pricing.published.audience import apply_group_rate
from pricing.published.group_rates import ratios_in_force
from pricing.published.prices import published_sheets
from tokens.access.many_scopes import ManyScopes, Models
from tokens.access.visibility import public_scope, shown_columns
from tokens.auth.authentication import scopes_of
from tokens.dialects import DIALECTS
from tokens.models import Token, TokenGroup

# Why a key can do nothing, in words: it is <word>.
ENDS = {"key_disabled": "disabled", "key_expired": "expired"}
# A longer list of keys is filtered in memory.
MAX_KEYS = 500


class Sight(NamedTuple):
    """What some permissions make visible."""

    models: Models
    # The ids of its allow list for which wildcard models stand, and of retired models that forward to visible ones.
    names: frozenset[str]


NOTHING = Sight(0, frozenset())


class Key(NamedTuple):
    """One token, and the fingerprint of its permissions."""

    key_id: str
    name: str
    fingerprint: str
    # In its order: the first one that reaches a model pays for it.
    groups: tuple[int, ...]
    # Why it can do nothing, a value of ENDS; empty for a key that is valid, now or later.
    end: str


class Group(NamedTuple):
    """One group, what it reaches, and its rate."""

    slug: str
    models: Models
    rate: Decimal

    def price(self, sheet: Sheet | None) -> Sheet | None:
        """What it pays at this published price."""
        return None if sheet is None else apply_group_rate(sheet.seen_by({self.slug}), self.slug, self.rate)


@dataclass(frozen=True)
class State:
    """One state of the catalog at one moment; `models` have the bits of `scopes`."""

    counters: Counters
    scopes: ManyScopes
    keys: Mapping[int, Key]
    # Fingerprint of permissions -> what they make visible.
    sights: Mapping[str, Sight]
    groups: Mapping[int, Group]
    # What visitors without a key see in price lists, and what they can see at all.
    visitors: Sight
    public_groups: tuple[int, ...]
    # Whose clients have a list with fewer models -> the models that it can have.
    lists: Mapping[str, Models]
    # Key of a model -> its published price before the rates of groups, with the lines of all groups.
    prices: Mapping[int, Sheet]

    @classmethod
    def read(
        cls, *, at: dt.datetime, places: Mapping[int, int] | None = None, priced: Collection[int] | None = None
    ) -> "State":
        """The state now, with the prices of the models with the keys `priced`, or of all.

        `places` are the bits of models in another state with which this one is compared.
        """
        scopes = ManyScopes(at=at, places=places)
        keys, sights = _read_keys(scopes, at=at)
        rates = ratios_in_force(at=at)
        groups = {
            key: Group(slug, scopes.reached(key), rates.get(key, Decimal(1)))
            for key, slug in TokenGroup.objects.order_by("slug").values_list("pk", "slug")
        }
        public = public_scope()
        return cls(
            counters=revision.read(),
            scopes=scopes,
            keys=keys,
            sights=sights,
            groups=groups,
            visitors=Sight(scopes.visible(public) & scopes.in_price_list, frozenset()),
            public_groups=public.groups,
            lists=_read_lists(scopes),
            prices=read_prices(priced, at=at),
        )

    def sight_of(self, key: Key | None) -> Sight:
        """What a key sees; nothing if it does not exist or is not valid."""
        return NOTHING if key is None or key.end else self.sights[key.fingerprint]


def _read_keys(scopes: ManyScopes, *, at: dt.datetime) -> tuple[dict[int, Key], dict[str, Sight]]:
    names = {key: (key_id, name) for key, key_id, name in Token.objects.values_list("pk", "key_id", "name")}
    keys: dict[int, Key] = {}
    sights: dict[str, Sight] = {}
    for token, scope in scopes_of(Token.objects.all()):
        end = next((ENDS[code] for code in scope.refusals(at=at, address=None) if code in ENDS), "")
        keys[token] = Key(*names.get(token, ("", "")), scope.fingerprint, scope.groups, end)
        if not end and scope.fingerprint not in sights:
            sights[scope.fingerprint] = Sight(scopes.visible(scope), frozenset(scopes.other_names(scope)))
    return keys, sights


def _read_lists(scopes: ManyScopes) -> Mapping[str, Models]:
    rows = AIModel.objects.published().only("supported_endpoint_types", "public_endpoint_types")
    lists = dict[str, Models]()
    if settings.NARROW_DIALECTS:
        lists = {dialect.name: scopes.collect(row.pk for row in rows if dialect.lists(row)) for dialect in DIALECTS}
    with_profile = rows.filter(codex_profile__isnull=False)
    callable_ones = (row.pk for row in with_profile if codex_profiles.ENDPOINT_TYPE in row.callable_endpoint_types)
    return lists | {"Codex": scopes.collect(callable_ones)}


def read_prices(models: Collection[int] | None, *, at: dt.datetime) -> Mapping[int, Sheet]:
    rows = AIModel.objects.published()
    if models is not None and len(models) <= MAX_KEYS:
        rows = rows.filter(pk__in=models)
    return published_sheets(shown_columns(rows), at=at, groups=None)
