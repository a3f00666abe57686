"""What differs between a catalog file and the database, in both directions, as data.

There is one comparison, that of imports: a file is equal if importing it, and removing what it does not contain, would
change nothing.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.error_messages import printable
from catalog.exact import write_json
from catalog.models import FieldPin
from catalog.models.pin import price_field
from catalog.sources import SOURCES
from catalog.sources.yaml_catalog import ROLES, SECTIONS
from pricing.engine.formatting.lines import described
from pricing.imports.options import Options
from pricing.imports.pipeline import make_plan_alone
from pricing.imports.plan import ImportPlan
from pricing.imports.prices.plan import PricePlan
from pricing.imports.structure.plan import BY_NAME, Key
from pricing.imports.structure.pruning import DELETE
from tokens.events.changes import plain_value
from tokens.models import TokenGroup

FILE, DATABASE, BOTH = "file", "database", "both"
# What a difference is called in a text.
WORDS = {FILE: "only in the file", DATABASE: "only in the database", BOTH: "different"}
# Tables of an import that are fields of another section of the file.
PARTS = {"rates": ("groups", "rate")}
ORDER = [*[*SECTIONS][:4], "offers", *[*SECTIONS][4:]]


@dataclass
class Difference:
    """One entry of a section that differs; `fields`: name -> value in the database and in the file."""

    section: str
    key: str
    where: str = BOTH
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    # Field -> why an import leaves it as it is.
    stays: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "section": self.section,
            "key": self.key,
            "in": self.where,
            "fields": {name: {"database": old, "file": new} for name, (old, new) in sorted(self.fields.items())},
            **({"stays": self.stays} if self.stays else {}),
        }

    def lines(self) -> Iterator[str]:
        noun = "offer" if self.section == "offers" else SECTIONS[self.section].noun
        yield f"{noun} {self.key}: {WORDS[self.where]}"
        for name, (old, new) in sorted(self.fields.items()):
            if self.where == BOTH:
                note = f" ({self.stays[name]})" if name in self.stays else ""
                yield f"  {name}: {_text(old)} → {_text(new)}{note}"


@dataclass
class Differences:
    """All differences, in the order of the sections and then of the names."""

    rows: list[Difference]
    # What the file has and what cannot be stored, in sentences.
    left_out: list[str]
    # What the database has and what an import would not remove, in sentences.
    stays: list[str]

    @property
    def is_empty(self) -> bool:
        return not (self.rows or self.left_out)

    def as_json(self) -> dict[str, Any]:
        return {
            "equal": self.is_empty,
            "counts": {where: sum(row.where == where for row in self.rows) for where in WORDS},
            "differences": [row.as_json() for row in self.rows],
            "left_out": self.left_out,
            "stays": self.stays,
        }

    def __str__(self) -> str:
        if self.is_empty:
            return "The file and the database are equal."
        counts = self.as_json()["counts"]
        head = ", ".join(f"{counts[where]} {words}" for where, words in WORDS.items())
        rows = [line for row in self.rows for line in row.lines()]
        left_out = [f"in the file, but cannot be stored: {sentence}" for sentence in self.left_out]
        return printable(
            "\n".join([f"{head[0].upper()}{head[1:]}. Values: database → file.", *rows, *left_out, *self.stays])
        )


def find_differences(content: bytes, *, at: dt.datetime) -> Differences:
    """The differences of a catalog as YAML; InputError if it is invalid."""
    options = Options(source=SOURCES["yaml"], overrule=True, prune=DELETE, ignores_pins=True)
    plan = make_plan_alone(content, options, at=at)
    rows: dict[tuple[str, str], Difference] = {}

    def row_of(section: str, key: str) -> Difference:
        return rows.setdefault((section, key), Difference(section, key))

    _add_facts(plan, row_of)
    _add_tables(plan, row_of)
    _add_reach(plan, row_of)
    for role, prices in plan.structure.prices.items():
        _add_prices(role, prices, row_of)
    for name in plan.unlisted_models:
        row_of("models", name).where = DATABASE
        row_of("models", name).fields = {}
    _add_pins(rows)
    ordered = sorted(rows.values(), key=lambda row: (ORDER.index(row.section), row.key))
    stays = [sentence for sentence in plan.findings.by_sentence if " stays, although the file " in sentence]
    return Differences(ordered, sorted(plan.findings.left_out), sorted(stays))


def _add_facts(plan: ImportPlan, row_of: Any) -> None:
    for name, values in plan.facts.new.items():
        row = row_of("models", name)
        row.where = FILE
        stated = {**values, **plan.structure.structure.models.get(name, {})}
        row.fields = {column: (None, plain_value(value)) for column, value in stated.items() if value is not None}
    for name, changes in plan.facts.changed.items():
        row_of("models", name).fields |= {column: _pair(values) for column, values in changes.items()}


def _add_tables(plan: ImportPlan, row_of: Any) -> None:
    document = plan.structure.structure
    for name, table in plan.structure.tables.items():
        section, part = PARTS.get(name, (name, ""))
        for key, fields in table.new.items():
            row = row_of(section, " ".join(_written(name, key)))
            row.where = row.where if part else FILE
            row.fields |= {part or column: (None, plain_value(value)) for column, value in fields.items()}
        for key, changes in table.changed.items():
            row = row_of(section, " ".join(_written(name, key)))
            row.fields |= {part or column: _pair(values) for column, values in changes.items()}
            if name == "tokens" and "name" not in document.tokens.get(key[0], {"name": ""}):
                row.where = DATABASE
        for key in table.removed:
            row_of(section, " ".join(_written(name, key))).where = DATABASE


def _written(table: str, key: Key) -> Key:
    """The key as the section of the file names its entries."""
    section = SECTIONS.get(table)
    if section is None or len(key) == 1:
        return key
    by_column = dict(zip(BY_NAME[table].key, key, strict=True))
    return tuple(by_column[column] for column in section.key)


def _add_reach(plan: ImportPlan, row_of: Any) -> None:
    joins, leaves = plan.structure.joins, plan.structure.leaves
    through = TokenGroup.channels.through.objects
    for group in dict.fromkeys(group for group, _ in (*joins, *leaves)):
        before = set(through.filter(tokengroup__slug=group).values_list("channel__slug", flat=True))
        left = {channel for name, channel in leaves if name == group}
        after = before - left | {channel for name, channel in joins if name == group}
        row_of("groups", group).fields["channels"] = (sorted(before), sorted(after))


def _add_prices(role: str, prices: PricePlan, row_of: Any) -> None:
    for name, sheet in prices.new.items():
        row_of("models", name).fields[f"prices.{role}"] = (None, described(sheet))
    for name, change in prices.changed.items():
        before = None if change.before is None else described(change.before)
        row_of("models", name).fields[f"prices.{role}"] = (before, described(change.prices))
    for name, endings in prices.endings.items():
        stored = next(ending.sheet.sheet for ending in endings if not ending.is_covered)
        row_of("models", name).fields[f"prices.{role}"] = (described(stored), None)


def _add_pins(rows: Mapping[tuple[str, str], Difference]) -> None:
    names = {price_field(role): f"prices.{role}" for role in ROLES}
    for model, column, reason in FieldPin.objects.values_list("model__name", "field", "reason"):
        column, row = names.get(column, column), rows.get(("models", model))
        if row is not None and column in row.fields:
            row.stays[column] = f"stays in an import, because it is pinned: {reason}"


def _pair(values: tuple[Any, Any]) -> tuple[Any, Any]:
    return plain_value(values[0]), plain_value(values[1])


def _text(value: Any) -> str:
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    if isinstance(value, dict) and all(isinstance(part, str) for part in value.values()):
        return "; ".join(f"{name} {part}" for name, part in value.items())
    return str(value) if isinstance(value, str | int) else write_json(value).decode()
