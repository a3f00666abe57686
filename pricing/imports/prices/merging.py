"""One price from the statements of several sources: each line is that of the most trusted source that states it.

The lines of a less trusted source stay beside those of a more trusted one where both price the model in the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from catalog.imports.import_policy import ImportPolicy
from catalog.imports.provenance import run_writers
from catalog.prices import SIDES, USE_FACTORS, WITHOUT_AMOUNT, Line, Sheet
from catalog.source_trust import GATEWAY, PERSON, Writer, outranks
from pricing.engine.equality import same_price
from pricing.engine.headline import rule_table
from pricing.engine.line_keys import LineKey, base_line, is_base, line_key, precedence
from pricing.engine.quoting import USUAL_LIFETIME, chain
from pricing.imports.prices.stored import StoredSheet


class Authority:
    """What the source of an import may change in stored prices."""

    def __init__(self, policy: ImportPolicy) -> None:
        self.policy = policy
        self.writer = policy.source
        # A whole catalog is written as the operator's own: it replaces whole prices.
        self.is_operator = not policy.source.source

    @cached_property
    def _writers(self) -> Mapping[int, Writer]:
        """Run -> its source; runs that were rolled back are missing."""
        return run_writers()

    def is_by_person(self, stored: StoredSheet) -> bool:
        return stored.run is None or stored.run not in self._writers

    def writer_of(self, line: Line) -> Writer | None:
        """The source of a stored line; None if its import was rolled back."""
        return self._writers.get(line.run) if line.run else None

    def base_writer(self, stored: StoredSheet) -> Writer:
        """Who wrote what an ordinary request pays: the input price, if there is one."""
        if self.is_by_person(stored):
            return PERSON
        runs = stored.runs or {stored.run}
        line = base_line(stored.lines) if len(runs) > 1 else None
        writer = self.writer_of(line) if line else self._writers.get(next(iter(runs)) or 0)
        return writer or PERSON

    def is_own(self, stored: StoredSheet) -> bool:
        """Whether the sheet is the source's own price, perhaps with details of others."""
        return not self.is_operator and self.base_writer(stored).source == self.writer.source

    def may_replace(self, writer: Writer) -> bool:
        """Whether the source may replace a value of this writer."""
        return not self.why_withheld(writer)

    def keeps_factors_from(self, writer: Writer, *, is_offered: bool) -> bool:
        """Whether the factors of usage, stored or offered, stay if this writer states a price of such usage."""
        of_gateway = (each for each in self._writers.values() if each.source == GATEWAY)
        author = self.writer if is_offered else next(of_gateway, None)
        if author is None or author.source == writer.source:
            return False
        if writer == self.writer:
            return not self.may_replace(author)
        return self.may_replace(writer) if is_offered else outranks(author, writer)

    def why_withheld(self, writer: Writer) -> str:
        """Why a value of this writer stays, or ""."""
        return self.policy.why_unpinned_withheld(writer)


@dataclass(frozen=True)
class Withheld:
    """Lines that a source may not change, the lines that it offers instead, and the reason."""

    stored: Sheet
    offered: Sheet
    reason: str


@dataclass(frozen=True)
class Merged:
    """A price from several sources, and what the importing one may not change in it."""

    sheet: Sheet
    withheld: Withheld | None = None


def merge(stored: StoredSheet | None, offered: Sheet, authority: Authority) -> Merged:
    """What the importing source offers, with the lines of other sources in the stored sheet.

    A line of the result has the run that stated it; None is the importing run.
    """
    if stored is None or authority.is_operator or authority.is_by_person(stored):
        return Merged(offered)
    by_writer = _others_by_writer(stored, authority)
    factors = (offered if offered.states_use_factors else stored.sheet).facts.get(USE_FACTORS, {})
    beside_factors = partial(_beside_factors, factors, authority, is_offered=offered.states_use_factors)
    if not by_writer:
        if USE_FACTORS not in stored.sheet.facts or not are_alike(stored.sheet, offered):
            return Merged(offered)
        lines = tuple(beside_factors(authority.writer, offered.lines))
        return Merged(replace(offered, lines=lines, facts=_with_factors(offered.facts, factors, beside=lines)))
    base = authority.base_writer(stored)
    sets_base = authority.may_replace(base)
    if not are_alike(stored.sheet, offered):
        if sets_base:
            return Merged(offered)
        return Merged(stored.attributed, Withheld(stored.sheet, offered, authority.why_withheld(base)))
    offered = replace(offered, lines=tuple(beside_factors(authority.writer, offered.lines)))
    ranked = sorted(by_writer, key=lambda writer: (-writer.trust, authority.may_replace(writer)))
    place = next((place for place, writer in enumerate(ranked) if authority.may_replace(writer)), len(ranked))
    statements: list[tuple[Writer, Sequence[Line]]] = [
        (writer, beside_factors(writer, by_writer[writer])) for writer in ranked
    ]
    statements.insert(place, (authority.writer, offered.lines))
    lines = combine(statements)
    in_price = set(map(id, lines))
    lost = tuple(line for line in offered.lines if id(line) not in in_price)
    facts = (offered if sets_base else stored.sheet).facts
    merged = replace(offered, lines=lines, facts=_with_factors(facts, factors, beside=lines))
    if not lost:
        return Merged(merged)
    keys = set(map(line_key, lost))
    winning = replace(stored.sheet, lines=tuple(line for line in lines if line_key(line) in keys))
    losing = replace(offered, lines=lost)
    if same_price(winning, losing):
        return Merged(merged)
    return Merged(merged, Withheld(winning, losing, authority.why_withheld(ranked[place - 1])))


def _beside_factors(
    factors: Mapping[str, Any], authority: Authority, writer: Writer, lines: Sequence[Line], *, is_offered: bool
) -> Sequence[Line]:
    """The lines of a source beside the factors of usage that a gateway's database states, or now offers.

    A factor says what the gateway charges for a kind of usage, and it would multiply the price of another source.
    """
    if factors and authority.keeps_factors_from(writer, is_offered=is_offered):
        return [line for line in lines if _kind_of_usage(line) not in factors]
    return lines


def _with_factors(facts: Mapping[str, Any], factors: Mapping[str, Any], *, beside: Sequence[Line]) -> Mapping[str, Any]:
    """The facts of the source that sets the base price, with the factors of usage that has no price in these lines."""
    priced = {_kind_of_usage(line) for line in beside} & set(factors)
    # Beside a factor for all lifetimes, that of one lifetime is a factor of the same price.
    left = {name: factor for name, factor in factors.items() if priced.isdisjoint({name, name.partition("[")[0]})}
    rest = {name: fact for name, fact in facts.items() if name != USE_FACTORS}
    return {**rest, USE_FACTORS: left} if left else rest


def _kind_of_usage(line: Line) -> str:
    """The kind of usage that the line prices for all groups, as factors name it; empty for others."""
    conditions = {condition["dim"]: condition["value"] for condition in line.conditions}
    if line.kind != "absolute" or "group" in conditions:
        return ""
    lifetime = conditions.get("cache_ttl", USUAL_LIFETIME)
    return line.meter if lifetime == USUAL_LIFETIME else f"{line.meter}[{lifetime}]"


def _others_by_writer(stored: StoredSheet, authority: Authority) -> dict[Writer, list[Line]]:
    """The lines of the other sources that are prices; without those of imports that were rolled back."""
    by_writer: dict[Writer, list[Line]] = {}
    if stored.runs == {stored.run} and authority.is_own(stored):
        return by_writer
    for line in stored.lines:
        writer = authority.writer_of(line)
        if writer is not None and writer.source != authority.writer.source and line.is_money:
            by_writer.setdefault(writer, []).append(line)
    return by_writer


def combine(statements: Sequence[tuple[Writer, Sequence[Line]]]) -> tuple[Line, ...]:
    """The lines of several sources, the one that wins first, in the order in which they apply."""
    placed: list[tuple[tuple[object, ...], int, str, Line]] = []
    taken: set[LineKey] = set()
    for writer, lines in statements:
        new = [line for line in lines if line_key(line) not in taken and not _contradicts(line, taken)]
        place: tuple[object, ...] = ()
        for line in new:
            # Lines of one source keep their order.
            place = max(place, precedence(line))
            placed.append((place, -writer.trust, writer.source, line))
        taken.update(map(line_key, new))
    placed.sort(key=lambda entry: entry[:3])
    return tuple(line for *_, line in placed)


def _contradicts(line: Line, taken: set[LineKey]) -> bool:
    """Whether a factor of one source would multiply a price that another source states for the same case."""
    kind, meter, _, cases = line_key(line)
    for other_kind, other_meter, _, other_cases in taken:
        if (kind, other_kind) == ("multiplier", "absolute"):
            factor, priced, is_covered = meter, other_meter, cases <= other_cases
        elif (kind, other_kind) == ("absolute", "multiplier"):
            factor, priced, is_covered = other_meter, meter, other_cases <= cases
        else:
            continue
        if is_covered and factor in ("", *chain(priced)):
            return True
    return False


def are_alike(first: Sheet, second: Sheet) -> bool:
    """Whether both sheets price the model in the same way, so that a price can have lines of both.

    They do not if their currencies differ, if one of them is a table of rules, an expression, decided per request or
    multiplied by a factor, or if they have no base price in common: a price per call is not a detail of a price per
    token.
    """
    if first.currency != second.currency or _is_whole(first) or _is_whole(second):
        return False
    if (first.facts.get("tier_mode") == "graduated") != (second.facts.get("tier_mode") == "graduated"):
        return False
    bases = [{(line.meter, line.unit) for line in sheet.lines if is_base(line)} for sheet in (first, second)]
    # Two sources that price a side in tokens price the model in the same way.
    in_tokens = all(any(meter in SIDES and unit == "token" for meter, unit in base) for base in bases)
    return in_tokens or not bases[0].isdisjoint(bases[1])


def _is_whole(sheet: Sheet) -> bool:
    """Whether its lines have a meaning only together."""
    if "billing_expr" in sheet.facts or rule_table(sheet) is not None:
        return True
    return any(
        line.kind in WITHOUT_AMOUNT or (line.kind == "multiplier" and not line.conditions) for line in sheet.lines
    )
