"""The retirements of all models for operators: the keys that may call them, their usage, and what changes for keys."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Sum

from catalog.error_messages import count
from catalog.models import AIModel
from pricing.engine.formatting.lines import Change, changes
from pricing.impact.state import ENDS
from pricing.models import UsageCount
from pricing.published.history import price_of
from pricing.retirements.finding import Comparison, Prices, Retirement, by_date, due
from tokens.access.many_scopes import ManyScopes
from tokens.auth.authentication import scopes_of
from tokens.models import Token, TokenGroup
from tokens.scope import Scope

# The days before today whose usage is counted.
USAGE_DAYS = 30


@dataclass(frozen=True)
class Holder:
    """A valid key that may call a model, or could before it was retired."""

    token: int
    key_id: str
    name: str
    may_call_successor: bool


@dataclass(frozen=True)
class Usage:
    """What was reported about a model in the last USAGE_DAYS days."""

    requests: int
    tokens: int


@dataclass(frozen=True)
class PaidPrices:
    """What some of the keys pay for a model and for its successor."""

    prices: Comparison
    # The group that pays for the successor; empty if none of theirs reaches it.
    successor_group: str
    keys: int

    @property
    def changes(self) -> Sequence[Change]:
        """The price lines that differ; empty if one of the prices is not known."""
        known = self.prices.before is not None and self.prices.after is not None
        return list(changes(self.prices.before, self.prices.after)) if known else []


@dataclass(frozen=True)
class Entry:
    """A model that retires."""

    model: AIModel
    holders: Sequence[Holder]
    # None: nothing was reported.
    usage: Usage | None
    prices: Sequence[PaidPrices]

    @property
    def successor(self) -> AIModel | None:
        return self.model.successor

    @property
    def without_successor(self) -> list[Holder]:
        """The keys that cannot call the successor."""
        return [holder for holder in self.holders if not holder.may_call_successor]

    @property
    def for_calendar(self) -> Retirement:
        return Retirement(self.model, self.model.successor)


def read_report(
    *,
    at: dt.datetime,
    within: dt.timedelta,
    tokens: QuerySet[Token] | None = None,
    usage: QuerySet[UsageCount] | None = None,
    models: Collection[int] = (),
) -> list[Entry]:
    """All retirements of published models by date; `tokens` and `usage` are the rows to consider, or all.

    With `models` (keys), those models in place of those that are due.
    """
    rows = AIModel.objects.select_related("vendor", "successor__vendor")
    rows = rows.filter(pk__in=models) if models else rows.published().filter(due(on=at.date(), within=within))
    found = sorted(rows, key=by_date)
    if not found:
        return []
    tokens = Token.objects.all() if tokens is None else tokens
    many = ManyScopes(at=at)
    holders = {model.pk: list[Holder]() for model in found}
    payers = {model.pk: Counter[tuple[int | None, int | None]]() for model in found}
    for token, scope in _valid_keys(tokens, at=at):
        seen = many.callable(scope)
        for model in found:
            if not many.contains(seen, model.pk):
                continue
            successor = model.successor_id
            may_call = successor is not None and many.contains(many.visible(scope), successor)
            holders[model.pk].append(Holder(token.pk, token.key_id, token.name, may_call))
            after = None if successor is None else many.payer(scope, successor)
            payers[model.pk][many.payer(scope, model.pk), after] += 1
    used = _read_usage(UsageCount.objects.all() if usage is None else usage, holders, on=at.date())
    slugs = dict(TokenGroup.objects.values_list("pk", "slug"))
    prices = Prices.read([*found, *(model.successor for model in found if model.successor)], at=at)
    return [
        Entry(
            model,
            sorted(holders[model.pk], key=lambda holder: (holder.name, holder.key_id)),
            used.get(model.pk),
            list(_paid_prices(model, payers[model.pk], prices, slugs)),
        )
        for model in found
    ]


def _valid_keys(tokens: QuerySet[Token], *, at: dt.datetime) -> Iterator[tuple[Token, Scope]]:
    """The tokens whose keys are not disabled or expired, with their permissions."""
    by_key = tokens.only("pk", "key_id", "name").in_bulk()
    for key, scope in scopes_of(tokens):
        if key in by_key and not any(code in ENDS for code in scope.refusals(at=at, address=None)):
            yield by_key[key], scope


def _read_usage(rows: QuerySet[UsageCount], models: Collection[int], *, on: dt.date) -> Mapping[int, Usage]:
    """Model key -> its reported usage; models without a report are left out."""
    since = on - dt.timedelta(days=USAGE_DAYS)
    by_model = rows.filter(model__in=models, day__gte=since).order_by().values_list("model")
    sums = by_model.annotate(requests_sum=Sum("requests"), tokens_sum=Sum("tokens"))
    return {model: Usage(requests, tokens) for model, requests, tokens in sums if model is not None}


def _paid_prices(
    model: AIModel,
    payers: Mapping[tuple[int | None, int | None], int],
    prices: Prices,
    slugs: Mapping[int, str],
) -> Iterator[PaidPrices]:
    def group(key: int | None) -> tuple[int, str] | None:
        return None if key is None else (key, slugs[key])

    for (before, after), keys in sorted(payers.items(), key=lambda pair: (-pair[1], str(pair[0]))):
        compared = prices.compare(model, model.successor, group(before), group(after))
        yield PaidPrices(compared, slugs[after] if after is not None else "", keys)


def as_json(entries: Sequence[Entry], *, on: dt.date) -> list[dict[str, Any]]:
    """The report as `retirements --format json` writes it."""
    return [
        {
            "model_name": entry.model.name,
            "lifecycle": entry.model.lifecycle(on=on),
            "deprecated_on": entry.model.deprecated_on and entry.model.deprecated_on.isoformat(),
            "retires_on": entry.model.retires_on and entry.model.retires_on.isoformat(),
            "successor": entry.successor and entry.successor.name,
            "forwards_to_successor": entry.for_calendar.forwards,
            "keys": [
                {"key_id": each.key_id, "name": each.name, "may_call_successor": each.may_call_successor}
                for each in entry.holders
            ],
            "usage": entry.usage
            and {"days": USAGE_DAYS, "requests": entry.usage.requests, "tokens": entry.usage.tokens},
            "prices": [
                {
                    "keys": paid.keys,
                    "group": paid.prices.group,
                    "successor_group": paid.successor_group or None,
                    "before": price_of(paid.prices.before),
                    "after": price_of(paid.prices.after) if entry.successor else None,
                    "changes": [
                        {"line": change.label, "before": change.texts[0], "after": change.texts[1]}
                        for change in paid.changes
                    ],
                }
                for paid in entry.prices
            ],
        }
        for entry in entries
    ]


def as_text(entries: Sequence[Entry], *, on: dt.date) -> Iterator[str]:
    """The report in lines for a terminal."""
    if not entries:
        yield "No model retires or is deprecated within this time."
    for entry in entries:
        yield f"{entry.model.name}: {dates_of(entry.model, on=on)}"
        yield f"  Successor: {successor_in_words(entry)}"
        yield f"  Keys: {', '.join(f'{each.name} ({each.key_id})' for each in entry.holders) or 'none may call it'}"
        if entry.successor and (without := entry.without_successor):
            yield f"  Cannot call the successor: {', '.join(f'{each.name} ({each.key_id})' for each in without)}"
        yield f"  Usage: {usage_in_words(entry.usage)}"
        for paid in entry.prices if entry.successor else ():
            yield f"  Price, group {paid.prices.group}: {difference_in_words(paid)}"


def dates_of(model: AIModel, *, on: dt.date) -> str:
    """`deprecated since 2026-10-01, retires on 2026-12-01, in 2 days`."""
    parts = []
    if model.deprecated_on:
        parts.append(f"deprecated {'since' if model.deprecated_on <= on else 'from'} {model.deprecated_on}")
    if model.retires_on is None:
        parts.append("no retirement date is set")
    elif model.retires_on <= on:
        parts.append(f"retired since {model.retires_on}")
    else:
        parts.append(f"retires on {model.retires_on}, in {count((model.retires_on - on).days, 'day')}")
    return ", ".join(parts)


def successor_in_words(entry: Entry) -> str:
    if entry.successor is None:
        return "none"
    return f"{entry.successor.name}{'; calls are forwarded to it' if entry.for_calendar.forwards else ''}"


def usage_in_words(usage: Usage | None) -> str:
    if usage is None:
        return "not reported"
    return f"{usage.requests:,} requests, {usage.tokens:,} tokens in {USAGE_DAYS} days"


def difference_in_words(paid: PaidPrices) -> str:
    """What differs, line by line; unknown if one of the prices is not known."""
    if paid.prices.before is None or paid.prices.after is None:
        return "unknown"
    return "; ".join(change.sentence for change in paid.changes) or "same price"
