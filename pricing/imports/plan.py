"""An import plan as data: its options, all changes, and the guards that stop it."""

import datetime as dt
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from catalog.exact import digits, write_json
from catalog.imports.context import Findings
from catalog.imports.facts import FactsPlan
from catalog.imports.resolving import Match
from catalog.imports.run_reports import ABOUT_PEOPLE, without_keys
from catalog.models import AIModel, Channel, Offer, Vendor
from catalog.models.facts import unreadable_facts
from catalog.operators.permissions import may_view_all
from pricing.engine.sanity_checks import fact_warnings, output_limit_warnings, price_warnings
from pricing.impact.impact import ACCEPT_LOSS, Impact
from pricing.imports.guards import ACCEPT_JUMPS, ALLOW_REMOVALS, Guard, jump_guard
from pricing.imports.options import Options
from pricing.imports.prices.plan import PricePlan
from pricing.imports.structure.plan import BY_NAME, StructurePlan, TablePlan
from tokens.models import TokenGroup

# The table of the structure that sets prices, too.
RATES = "rates"


@dataclass
class ImportPlan:
    """Everything that an import will do, as plain data."""

    options: Options
    facts: FactsPlan
    prices: PricePlan
    structure: StructurePlan
    findings: Findings
    # The group that will reach the channel, if it does not yet.
    joins_group: str = ""
    # Models that the source listed at its last import and no longer lists.
    missing: list[str] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    # What the source says of pinned fields; see catalog/imports/import_policy.py.
    upstream_values: dict[int, Any] = field(default_factory=dict)
    # Where the document came from.
    origin: str = ""
    # All ids of the document.
    listed: list[str] = field(default_factory=list)
    # Alias -> the model that its row was assigned to.
    aliases: dict[str, str] = field(default_factory=dict)
    # Unknown id -> the model that it may mean.
    unmatched: dict[str, Match] = field(default_factory=dict)
    # Model -> its price now, and a new one that is not imported, because it may be the placeholder for a missing price.
    placeholders: dict[str, tuple[str, str]] = field(default_factory=dict)
    # What it does to keys, groups, visitors and prices; None if it was not compared.
    impact: Impact | None = None
    # Unknown id -> how its price differs from that of the model that it may mean, if both have one.
    suggested_prices: dict[str, str] = field(default_factory=dict)

    @property
    def jumps(self) -> dict[str, dict[str, str]]:
        """Model -> label of each figure that moves too far to go unnoticed -> how far."""
        return self.prices.jumps | self.structure.jumps

    @property
    def open_jumps(self) -> dict[str, dict[str, str]]:
        """The jumps that the options do not accept."""
        return {name: figures for name, figures in self.jumps.items() if not self.options.accepts_jump(name)}

    @cached_property
    def suspicious(self) -> dict[str, list[str]]:
        """Model -> what is unusual about its new values; the models with unusual prices come first."""
        plans = (self.prices, *self.structure.prices.values())
        warnings: dict[str, list[str]] = {}
        for plan in plans:
            for name, sentences in plan.suspicious.items():
                warnings.setdefault(name, []).extend(sentences)
        for name in self.touched:
            odd = [
                warning
                for plan in plans
                for sheet in plan.sheets_of(name)
                for warning in price_warnings(sheet, is_new=name in plan.new)
            ]
            odd += [warning for plan in plans for warning in plan.far.get(name, ())]
            if odd:
                warnings.setdefault(name, []).extend(dict.fromkeys(odd))
        for name in self.touched:
            limits = self.facts.new.get(name) or self.facts.changed_limits(name)
            odd = [*fact_warnings(limits), *output_limit_warnings(self.facts.limits.get(name, {}), limits)]
            odd += unreadable_facts(self.facts.new_values(name))
            if odd:
                warnings.setdefault(name, []).extend(odd)
        return warnings

    @property
    def unlisted_models(self) -> list[str]:
        """The models that it removes or makes drafts, because the file no longer contains them."""
        drafts = self.structure.tables.get("models", TablePlan()).changed if self.options.prune else {}
        listed = set(self.listed)
        return [*self.structure.removed_models, *(name for (name,) in drafts if name not in listed)]

    @property
    def is_empty(self) -> bool:
        return self.facts.is_empty and self.prices.is_empty and self.structure.is_empty and not self.joins_group

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the plan: shows whether it is still the plan that somebody reviewed.

        Keys are issued all day, so its impact is not part of it; the guard about it is checked when it is applied.
        """
        plan = replace(self, impact=None, guards=[guard for guard in self.guards if guard.option != ACCEPT_LOSS])
        return hashlib.sha256(write_json(plan.report())).hexdigest()[:32]

    def narrowed(self, names: Collection[str], *, beside: bool = False) -> "ImportPlan":
        """What the plan does to these models, and with `beside` also what belongs to no model."""
        chosen = set(names)
        facts = self.facts.narrowed(chosen)
        plan = replace(
            self,
            options=replace(self.options, only=()),
            facts=facts,
            impact=None,
            prices=self.prices.narrowed(chosen),
            structure=self.structure.narrowed(chosen, used_types=facts.endpoint_types, beside=beside),
        )
        plan.guards = [jump_guard(plan.open_jumps)] if plan.open_jumps else []
        if any(guard.option == ALLOW_REMOVALS for guard in self.guards):
            # Nobody confirmed the loss: it is not recorded, and this document is not the previous version of the next.
            plan.missing, plan.listed = [], []
        return plan

    def without_open_jumps(self) -> "ImportPlan":
        """The plan without the models whose jumps are not accepted; their guard remains, as a record of them."""
        held_back = self.open_jumps
        plan = self.narrowed([name for name in self.touched if name not in held_back], beside=True)
        return replace(plan, options=self.options, guards=self.guards)

    @property
    def actions(self) -> Iterator[tuple[str, Any]]:
        """Each kind of change (`add` or `change`) and its table, besides prices and rates."""
        facts = self.facts
        parts: list[tuple[Any, str, Any]] = [
            (facts.new, "add", AIModel),
            (facts.changed, "change", AIModel),
            (facts.vendors, "add", Vendor),
            (facts.new_channel, "add", Channel),
            (facts.offers, "add", Offer),
            (self.joins_group or self.structure.joins or self.structure.leaves, "change", TokenGroup),
        ]
        for name, rows in self.structure.tables.items():
            if name != RATES:
                table = BY_NAME[name].model
                parts += [(rows.new, "add", table), (rows.changed, "change", table), (rows.removed, "delete", table)]
        yield from dict.fromkeys((action, table) for part, action, table in parts if part)

    def groups(self, *, with_rates: bool) -> set[str]:
        """The names of the groups that it changes: themselves, what they reach, their releases and their rates."""
        tables = self.structure.tables
        names = ("groups", "releases", *([RATES] if with_rates else ()))
        rows = [tables[name] for name in names if name in tables]
        pairs = [*self.structure.joins, *self.structure.leaves]
        keys = [*pairs, *(key for plan in rows for key in (*plan.changes, *plan.removed))]
        return {key[0] for key in keys} | {self.joins_group} - {""}

    @property
    def priced(self) -> set[str]:
        """The models whose prices it changes, or may change."""
        others = (name for prices in self.structure.prices.values() for name in prices.touched)
        return {*self.prices.touched, *self.placeholders, *others}

    @property
    def sets_prices(self) -> bool:
        """Whether it changes prices of models or rates of groups."""
        rates = self.structure.tables.get(RATES)
        return bool(self.priced or (rates and rates.changes))

    @property
    def removes_prices(self) -> bool:
        """Whether models or groups are removed, and with them their prices and rates."""
        tables = self.structure.tables
        return any(name in tables and tables[name].removed for name in ("models", "groups"))

    def without_prices(self) -> "ImportPlan":
        """What it does besides prices and rates, without the figures of the document."""
        structure = self.structure
        return replace(
            self,
            prices=replace(self.prices.narrowed(()), far={}, withheld={}),
            structure=replace(
                structure,
                structure=replace(structure.structure, rates={}, prices={}),
                tables={name: rows for name, rows in structure.tables.items() if name != RATES},
                prices={},
            ),
            guards=[guard for guard in self.guards if guard.option != ACCEPT_JUMPS],
            placeholders={},
            suggested_prices={},
            impact=self.impact and replace(self.impact, prices=[]),
        )

    @property
    def loss(self) -> Guard | None:
        """The guard about keys that lose many models."""
        return next((guard for guard in self.guards if guard.option == ACCEPT_LOSS), None)

    def seen_by(self, operator: Any) -> "ImportPlan":
        """The plan with the tables that this operator may see, and an impact that states only what they may see."""
        if not may_view_all(operator, "tokens.token", "tokens.tokengroup"):
            counted = {without_keys(text): models for text, models in self.findings.by_sentence.items()}
            findings = replace(self.findings, by_sentence=counted)
            self = replace(self, structure=self.structure.without(ABOUT_PEOPLE), findings=findings)
        if self.impact is None:
            return self
        impact = self.impact.seen_by(operator)
        loss = "".join(impact.guards())
        guards = [replace(guard, sentence=loss) if guard.option == ACCEPT_LOSS else guard for guard in self.guards]
        return replace(self, impact=impact, guards=guards)

    def add_impact(self, impact: Impact) -> None:
        """Stores what it does to keys, and the guard about it that the options do not confirm."""
        self.impact = impact
        if not self.options.accept_loss:
            self.guards = [*self.guards, *(Guard(ACCEPT_LOSS, sentence) for sentence in impact.guards())]

    @cached_property
    def touched(self) -> list[str]:
        """The models that the plan changes, in their order."""
        parts = (
            self.facts.new, self.facts.changed, self.prices.touched, self.facts.offers, self.structure.touched,
        )  # fmt: skip
        return list(dict.fromkeys(name for part in parts for name in part))

    def report(self) -> dict[str, Any]:
        """The plan as JSON: counts first, then every change."""
        facts, prices, structure = self.facts, self.prices, self.structure
        return {
            **self.options.as_json(),
            "counts": self._counts(),
            "guards": [str(guard) for guard in self.guards],
            "impact": None if self.impact is None else self.impact.as_json(),
            "findings": [{"finding": text, "models": models} for text, models in self.findings.by_sentence.items()],
            "unmapped": dict(self.findings.unmapped.most_common()),
            "new": list(facts.new),
            "changed": {
                name: {key: [_as_json(value) for value in values] for key, values in changes.items()}
                for name, changes in facts.changed.items()
            },
            "suspicious": self.suspicious,
            "jumps": self.jumps,
            "placeholders": self.placeholders,
            "unmatched": {
                name: match.as_json()
                | ({"prices": self.suggested_prices[name]} if name in self.suggested_prices else {})
                for name, match in self.unmatched.items()
            },
            "aliases": self.aliases,
            "kept": {
                name: {
                    key: [_as_json(change.stored), _as_json(change.offered), change.reason]
                    for key, change in fields.items()
                }
                for name, fields in facts.withheld.items()
            },
            "missing": self.missing,
            "without_vendor": facts.without_vendor,
            "vendors": list(facts.vendors),
            "endpoint_types": structure.new_names("endpoint_types"),
            "offers": {
                "channel": facts.channel,
                "new": facts.new_channel,
                "group": self.joins_group,
                "models": facts.offers,
            },
            "prices": prices.report(),
            "rates": {
                group: [_as_json(ratio) for ratio in ratios]
                for group, ratios in structure.values("rates", "ratio").items()
            },
            "popular": structure.values("popular", "position"),
            "structure": structure.report(),
        }

    def _counts(self) -> dict[str, int]:
        facts, prices = self.facts, self.prices
        return {
            "new": len(facts.new),
            "changed": len(facts.changed),
            "unchanged": facts.unchanged,
            "kept": sum(map(len, facts.withheld.values())) + len(prices.withheld),
            "missing": len(self.missing),
            **({"removed": len(self.structure.removed_models)} if self.structure.removed_models else {}),
            "suspicious": len(self.suspicious),
            "unmatched": len(self.unmatched),
            "offers": len(facts.offers),
            **prices.counts(),
            "without_vendor": len(facts.without_vendor),
            "findings": len(self.findings.by_sentence),
            "unmapped": len(self.findings.unmapped),
        }


def _as_json(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return digits(value) if isinstance(value, Decimal) else value
