"""An import plan as data: what was asked for, all that would change, and what looks like a broken source."""

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from catalog.error_messages import InputError
from catalog.exact import digits, write_json
from catalog.imports.context import Findings
from catalog.imports.facts import FactsPlan
from catalog.imports.import_policy import ImportPolicy
from catalog.imports.resolving import Match
from catalog.models import Source
from catalog.source_trust import CURATED, TRUST
from catalog.sources import SOURCES, SourceReader
from pricing.engine.formatting.lines import described
from pricing.engine.sanity_checks import doubts
from pricing.imports.prices import PricePlan
from pricing.imports.structure import StructurePlan


@dataclass(frozen=True)
class Options:
    """How an import is asked for."""

    source: SourceReader
    role: str = ""
    channel: str = ""
    group: str = ""
    only: tuple[str, ...] = ()
    # Of a source that lists many providers, those whose offers are taken; none: each model's own vendor.
    providers: tuple[str, ...] = ()
    publish: bool = False
    allow_removals: bool = False
    accept_jumps: bool = False
    # Change what people and more trusted sources have said, too; pins stay.
    overrule: bool = False
    # The row of Source that it belongs to, where several are read alike.
    name: str = ""

    @property
    def slug(self) -> str:
        return self.name or self.source.slug

    @property
    def prices_as(self) -> str:
        return self.role or self.source.kind

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source.slug,
            "as": self.prices_as,
            "channel": self.channel,
            "group": self.group,
            "only": list(self.only),
            "providers": list(self.providers),
            "publish": self.publish,
            "allow_removals": self.allow_removals,
            "accept_jumps": self.accept_jumps,
            "overrule": self.overrule,
        }

    @classmethod
    def from_json(cls, asked: Mapping[str, Any], *, name: str) -> "Options":
        """As a run has kept them; `name` is its source's."""
        reader = SOURCES.get(asked.get("source", ""))
        if reader is None:
            raise InputError(f"Documents of the kind {asked.get('source')!r} are not read here any more.")
        return cls(
            source=reader,
            role=asked.get("as", ""),
            channel=asked.get("channel", ""),
            group=asked.get("group", ""),
            only=tuple(asked.get("only", ())),
            providers=tuple(asked.get("providers", ())),
            publish=asked.get("publish", False),
            overrule=asked.get("overrule", False),
            name="" if name == reader.slug else name,
        )

    @classmethod
    def of_source(cls, source: Source) -> "Options":
        """As a source that is fetched regularly wants its documents imported."""
        asked = {
            "source": source.reader or source.slug,
            "as": source.prices_as,
            "channel": source.channel,
            "group": source.group,
            "only": source.only,
            "providers": source.providers,
            "publish": source.publish,
        }
        return cls.from_json(asked, name=source.slug)

    def policy(self) -> ImportPolicy:
        """What its source may change here."""
        source = Source.objects.filter(slug=self.slug).first() or self._new_source()
        return ImportPolicy.of(source.as_writer(self.providers), overrule=self.overrule)

    def stored_source(self) -> Source:
        """The source's row, made if it is missing."""
        new = self._new_source()
        told = {name: getattr(new, name) for name in ("name", "kind", "url", "reader", "trust")}
        return Source.objects.get_or_create(slug=self.slug, defaults=told)[0]

    def _new_source(self) -> Source:
        reader = self.source
        return Source(
            slug=self.slug,
            name=reader.name if self.slug == reader.slug else self.slug,
            kind=reader.kind,
            url=reader.url,
            reader="" if self.slug == reader.slug else reader.slug,
            trust=TRUST.get(reader.slug, CURATED),
        )


@dataclass(frozen=True)
class Guard:
    """What looks like a broken source, and the option that says it is meant."""

    option: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.sentence} If that is meant, repeat with --{self.option.replace('_', '-')}."


@dataclass
class ImportPlan:
    """All that an import will do, as plain data."""

    options: Options
    facts: FactsPlan
    prices: PricePlan
    findings: Findings
    # The group that shall reach the channel, where it does not yet.
    joins_group: str = ""
    rates: dict[str, tuple[Decimal | None, Decimal]] = field(default_factory=dict)
    popular: dict[str, tuple[int | None, int]] = field(default_factory=dict)
    # Models that the source had when it was last imported and has no more.
    missing: list[str] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    # What the source says of pinned fields; see catalog/imports/import_policy.py.
    upstream_values: dict[int, Any] = field(default_factory=dict)
    # Where the document came from; the ids that it has itself.
    origin: str = ""
    listed: list[str] = field(default_factory=list)
    # Ids that are aliases, and the models whose rows theirs are.
    aliases: dict[str, str] = field(default_factory=dict)
    # New ids and what they may mean here.
    unmatched: dict[str, Match] = field(default_factory=dict)
    # Vendors, groups, channels and the like, where the document describes them.
    structure: StructurePlan | None = None

    @property
    def jumps(self) -> dict[str, tuple[str, ...]]:
        """Model -> the figures that move too far to pass unseen."""
        return self.prices.jumps | (self.structure.jumps if self.structure else {})

    @cached_property
    def suspicious(self) -> dict[str, list[str]]:
        """Model -> what is odd about what it gets."""
        prices = self.prices
        found = {name: [f"{part} moves far" for part in parts] for name, parts in self.jumps.items()}
        for name in self.touched:
            price = prices.new.get(name) or (prices.changed[name].prices if name in prices.changed else None)
            changes = {key: new for key, (_, new) in self.facts.changed.get(name, {}).items()}
            facts = self.facts.new.get(name) or ({**self.facts.limits[name], **changes} if changes else {})
            if odd := doubts(price, facts, is_new=name in prices.new):
                found.setdefault(name, []).extend(odd)
        return found

    @property
    def is_empty(self) -> bool:
        if self.structure is not None and not self.structure.is_empty:
            return False
        return self.facts.is_empty and self.prices.is_empty and not (self.joins_group or self.rates or self.popular)

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same plan: tells whether it is still what somebody looked at."""
        return hashlib.sha256(write_json(self.report())).hexdigest()[:32]

    @property
    def has_beside(self) -> bool:
        """Whether it does anything that is to no model in particular."""
        return bool(self.rates or self.popular or (self.structure and self.structure.has_beside))

    def narrowed(self, names: Collection[str], *, beside: bool = False) -> "ImportPlan":
        """What it does to these models alone, and what it does to no model in particular only if that is asked for."""
        chosen = set(names)
        facts, prices = self.facts, self.prices
        new, changed = _only(facts.new, chosen), _only(facts.changed, chosen)
        vendors = {fields.get("vendor") for fields in new.values()}
        vendors |= {changes["vendor"][1] for changes in changed.values() if "vendor" in changes}
        named = {name for fields in new.values() for name in _types(fields)}
        named |= {name for changes in changed.values() for name in _types({k: v[1] for k, v in changes.items()})}
        plan = ImportPlan(
            replace(self.options, only=()),
            replace(
                facts,
                new=new,
                changed=changed,
                vendors=_only(facts.vendors, vendors),
                endpoint_types=_only(facts.endpoint_types, named),
                offers=[name for name in facts.offers if name in chosen],
            ),
            replace(
                prices,
                new=_only(prices.new, chosen),
                changed=_only(prices.changed, chosen),
                announced=_only(prices.announced, chosen),
                past=_only(prices.past, chosen),
            ),
            self.findings,
            joins_group=self.joins_group,
            rates=self.rates if beside else {},
            popular=self.popular if beside else {},
            structure=self.structure and self.structure.narrowed(chosen, beside=beside),
            missing=self.missing,
            upstream_values=self.upstream_values,
            origin=self.origin,
            listed=self.listed,
            aliases=self.aliases,
            unmatched=self.unmatched,
        )
        plan.guards = [guard for guard in self.guards if guard.option == "accept_jumps" and plan.jumps]
        return plan

    @cached_property
    def touched(self) -> list[str]:
        """The models that it changes something of, in their order."""
        prices = self.prices
        priced = (prices.new, prices.changed, prices.announced, prices.past)
        parts = (self.facts.new, self.facts.changed, *priced, self.facts.offers)
        more = self.structure.touched if self.structure else []
        return list(dict.fromkeys([*(name for part in parts for name in part), *more]))

    def report(self) -> dict[str, Any]:
        """The plan as JSON: counts first, then every change."""
        facts, prices = self.facts, self.prices
        return {
            **self.options.as_json(),
            "counts": self._counts(),
            "guards": [str(guard) for guard in self.guards],
            "findings": [{"finding": text, "models": models} for text, models in self.findings.by_sentence.items()],
            "unmapped": dict(self.findings.unmapped.most_common()),
            "new": list(facts.new),
            "changed": {
                name: {key: [_worded(value) for value in values] for key, values in changes.items()}
                for name, changes in facts.changed.items()
            },
            "suspicious": self.suspicious,
            "unmatched": {name: match.as_json() for name, match in self.unmatched.items()},
            "aliases": self.aliases,
            "kept": {
                name: {key: [_worded(each.stored), _worded(each.offered), each.reason] for key, each in fields.items()}
                for name, fields in facts.withheld.items()
            },
            "missing": self.missing,
            "without_vendor": facts.without_vendor,
            "vendors": list(facts.vendors),
            "endpoint_types": list(facts.endpoint_types),
            "offers": {"channel": facts.channel, "new": facts.new_channel, "group": self.joins_group}
            | {"models": facts.offers},
            "prices": {
                "new": list(prices.new),
                "changed": {name: change.moves for name, change in prices.changed.items()},
                "announced": {
                    name: {_worded(change.prices.starts_at): change.moves for change in changes}
                    for name, changes in prices.announced.items()
                },
                "past": {
                    name: [
                        {"from": _worded(each.starts_at), "until": _worded(each.ends_at), "figures": described(each)}
                        for each in every
                    ]
                    for name, every in prices.past.items()
                },
                "kept": {name: [each.stored, each.offered, each.reason] for name, each in prices.withheld.items()},
                "without": prices.without,
            },
            "rates": {group: [_worded(old), _worded(new)] for group, (old, new) in self.rates.items()},
            "popular": {name: list(positions) for name, positions in self.popular.items()},
            "structure": self.structure.report() if self.structure else {},
        }

    def _counts(self) -> dict[str, int]:
        facts, prices = self.facts, self.prices
        return {
            "new": len(facts.new),
            "changed": len(facts.changed),
            "unchanged": facts.unchanged,
            "kept": sum(map(len, facts.withheld.values())) + len(prices.withheld),
            "missing": len(self.missing),
            "suspicious": len(self.suspicious),
            "unmatched": len(self.unmatched),
            "offers": len(facts.offers),
            "new_prices": len(prices.new),
            "changed_prices": len(prices.changed),
            "announced_prices": sum(map(len, prices.announced.values())),
            "past_prices": sum(map(len, prices.past.values())),
            "unchanged_prices": prices.unchanged,
            "without_price": len(prices.without),
            "without_vendor": len(facts.without_vendor),
            "findings": len(self.findings.by_sentence),
            "unmapped": len(self.findings.unmapped),
        }


def _worded(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return digits(value) if isinstance(value, Decimal) else value


def _only(part: Mapping[str, Any], names: Collection[Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name in names}


def _types(fields: Mapping[str, Any]) -> list[str]:
    return [*(fields.get("supported_endpoint_types") or ()), *(fields.get("public_endpoint_types") or ())]
