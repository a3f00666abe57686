"""What is charged for reported calls: the model that a name stands for, the group that pays, and the cost.

The rule is that of quotes: pricing/published/charges.py. A cost that is not known is None, never 0.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import unquote

from catalog.db.bulk import BATCH, batches
from catalog.exact import InexactError
from catalog.models import AIModel
from catalog.names.groups import normal_group_name
from catalog.prices import Sheet
from pricing.engine.quoting import Use, unit_of
from pricing.published.charges import UNPRICED, Call, Charges
from pricing.usage.names import Forwards, find_models
from pricing.usage.past_groups import PastGroups
from tokens.access.charging import Reaching, groups_by_model, in_order_of
from tokens.models import RetiredKey, Token, TokenGroup

# For an empty list of calls.
NO_CALLS = dt.datetime.max.replace(tzinfo=dt.UTC)


class Reported(NamedTuple):
    """A reported call: a key id, a name of a model, and the group, if the gateway states it.

    Reporters send the name and the group as they are, or percent-encoded, as they are in headers.
    """

    key_id: str
    name: str
    group: str
    at: dt.datetime
    usage: Mapping[str, Use]
    facts: Mapping[str, Any]


class Charge(NamedTuple):
    """What is charged for a call; `cost` is None if it is not known."""

    token: int | None
    model: int | None
    # The slug of the group that pays; empty if it is not known.
    group: str
    cost: Decimal | None
    currency: str
    # How many tokens of input and output were used.
    tokens: int


@dataclass(frozen=True)
class Parties:
    """The tokens, models and groups that calls name, and which groups reach which models."""

    tokens: Mapping[str, int]
    groups_of: PastGroups
    names: Mapping[str, int]
    forwards: Forwards
    models: Mapping[int, AIModel]
    groups: frozenset[str]
    reaching: Mapping[int, Mapping[int, Reaching]]

    @classmethod
    def read(cls, calls: Sequence[Reported]) -> "Parties":
        tokens = find_tokens({call.key_id for call in calls})
        names = find_models({name for call in calls for name in (call.name, unquote(call.name))})
        models, forwards = read_models({*names.values()}), Forwards({})
        if any(model.forwards_to_successor for model in models.values()):
            forwards = Forwards.read()
            models |= read_models({successor for _, successor in forwards.by_model.values()} - models.keys())
        return cls(
            tokens,
            PastGroups.read(set(tokens.values()), since=min((call.at for call in calls), default=NO_CALLS)),
            names,
            forwards,
            models,
            frozenset(TokenGroup.objects.values_list("slug", flat=True)),
            groups_by_model(models.keys()),
        )

    def model(self, call: Reported) -> AIModel | None:
        return self.models.get(self._key_of_model(call))

    def _key_of_model(self, call: Reported) -> int:
        key = self.names.get(call.name) or self.names.get(unquote(call.name), 0)
        return self.forwards.model_on(key, call.at.date())

    def group(self, call: Reported) -> str:
        """The group that pays: the one that the gateway states, else the first group of the key that has the model.

        The groups are those of the time of the call. Empty if there is none: nobody knows what the call costs.
        """
        if call.group:
            names = (normal_group_name(name) for name in (call.group, unquote(call.group)))
            return next((name for name in names if name in self.groups), "")
        groups = self.groups_of.at(self.tokens.get(call.key_id, 0), call.at)
        reaching = in_order_of(groups, self.reaching.get(self._key_of_model(call), {}), at=call.at)
        return next(iter(reaching.values()), "")


class Units:
    """The units of quantities that state none: as a quote chooses them, once for each sheet and meter."""

    def __init__(self) -> None:
        self._chosen: dict[tuple[int, str], str] = {}

    def count_tokens(self, sheet: Sheet, usage: Mapping[str, Use]) -> int:
        """The tokens of input and output."""
        tokens = (use.quantity for name, use in usage.items() if (use.unit or self._unit(sheet, name)) == "token")
        return int(sum(tokens))

    def _unit(self, sheet: Sheet, name: str) -> str:
        # The sheets live as long as this.
        key = id(sheet), name
        if key not in self._chosen:
            self._chosen[key] = unit_of(sheet.lines, name.partition("[")[0])[0]
        return self._chosen[key]


def charge(calls: Sequence[Reported]) -> list[Charge]:
    """What is charged for each of these calls, with a number of queries that does not depend on theirs."""
    parties = Parties.read(calls)
    named = [(call, parties.model(call), parties.group(call)) for call in calls]
    priced = [_call(model, group, at=call.at) for call, model, group in named]
    prices = Charges.read([call for call in priced if call])
    units = Units()
    return [
        Charge(
            parties.tokens.get(call.key_id),
            None if model is None else model.pk,
            group,
            *_cost(prices, known, call, units),
        )
        for (call, model, group), known in zip(named, priced, strict=True)
    ]


def read_models(keys: Collection[int]) -> dict[int, AIModel]:
    return AIModel.objects.select_related("vendor").in_bulk(keys)


def find_tokens(key_ids: Collection[str]) -> dict[str, int]:
    """Key id, current or retired -> the key of its token; key ids of no token are left out."""
    found: dict[str, int] = {}
    for batch in batches(sorted(key_ids), BATCH):
        found |= dict(Token.objects.filter(key_id__in=batch).values_list("key_id", "pk"))
        if missing := [key_id for key_id in batch if key_id not in found]:
            found |= dict(RetiredKey.objects.filter(key_id__in=missing).values_list("key_id", "token"))
    return found


def _call(model: AIModel | None, group: str, *, at: dt.datetime) -> Call | None:
    """The call to price; None if it has no price, such as that of a retired model."""
    if model is None or not group or model.lifecycle(on=at.date()) == AIModel.Lifecycle.RETIRED:
        return None
    return Call(model, group, at)


def _cost(prices: Charges, known: Call | None, call: Reported, units: Units) -> tuple[Decimal | None, str, int]:
    """The cost, its currency, and the number of tokens; None if the cost is not known."""
    if known is None:
        return None, "", units.count_tokens(UNPRICED, call.usage)
    try:
        sheet, quote = prices.quote(known, call.usage, call.facts)
    except InexactError:
        # A price with impossible numbers, which check_catalog reports.
        return None, "", units.count_tokens(UNPRICED, call.usage)
    currency = "" if quote.amount is None else sheet.currency
    return quote.amount, currency, units.count_tokens(sheet, call.usage)
