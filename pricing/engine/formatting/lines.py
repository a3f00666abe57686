"""Whole price lines in words, and what differs between two sheets."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from catalog.exact import write_json
from catalog.prices import Line, Sheet
from catalog.vocabulary import METERS
from pricing.engine.equality import is_graduated, same_amount, same_price
from pricing.engine.formatting import amounts
from pricing.engine.formatting.conditions import conditions
from pricing.engine.formatting.labels import (
    field_unit,
    join_clauses,
    meter,
    period,
    state,
    units,
    with_detail,
    with_lifetime,
)
from pricing.engine.headline import headline, reads_as_free

PLACES: Mapping[str, int] = {name: place for place, name in enumerate(METERS)}
KINDS: Mapping[str, str] = {
    "multiplier": gettext_noop("factor"),
    "allowance": gettext_noop("free units"),
    "minimum": gettext_noop("minimum"),
}
SUMMARY_PRICES = 3
# Units of things that are done so many times.
COUNTED_TIMES = frozenset({"query", "request", "session"})


def priced_thing(line: Line) -> str:
    """What a line prices; how long a cache is stored is a part of that: Cache write 1h."""
    lifetimes = [condition["value"] for condition in line.conditions if is_lifetime(condition)]
    return with_lifetime(meter(line.meter), lifetimes[0]) if lifetimes else meter(line.meter)


def when(line: Line) -> str:
    """The conditions of a line, without those that `priced_thing` names."""
    return conditions([condition for condition in line.conditions if not is_lifetime(condition)])


def is_lifetime(condition: Any) -> bool:
    is_condition = isinstance(condition, Mapping) and {"dim", "op"} <= condition.keys()
    return is_condition and (condition["dim"], condition["op"]) == ("cache_ttl", "eq")


def label(line: Line) -> str:
    """What a line prices and when: Input, prompt above 200,000 tokens."""
    return join_clauses([priced_thing(line), _kind(line), when(line)])


def _kind(line: Line) -> str:
    if line.is_group_rate:
        return _("rate in place of the group's own")
    return _(KINDS[line.kind]) if line.kind in KINDS else ""


def usual_place(line: Line) -> int:
    """Orders lines as people look for them: input and output first."""
    if not line.meter:
        return len(PLACES) + 1 if line.kind == "multiplier" else -1
    return PLACES.get(line.meter, len(PLACES))


def remark(line: Line) -> str:
    """A line that is not a price, in a sentence."""
    thing = meter(line.meter)
    count = {} if line.amount is None else {"number": amounts.number(line.amount), "units": units(line.unit)}
    match line.kind:
        case "multiplier":
            text = _("%(what)s times %(factor)s") % {"what": thing, "factor": count["number"]}
        case "allowance":
            values = {"what": thing, "period": period(line.period)} | count
            if line.unit in COUNTED_TIMES:
                # Chinese counts searches, not queries of searches.
                values["units"] = field_unit(line.unit)
                text = pgettext("times", "%(what)s: %(number)s %(units)s free %(period)s") % values
            else:
                text = _("%(what)s: %(number)s %(units)s free %(period)s") % values
        case "minimum":
            text = _("%(what)s: at least %(number)s %(units)s are charged") % ({"what": thing} | count)
        case _:
            text = _("%(what)s: %(text)s") % {"what": thing, "text": state(line.kind)}
    return join_clauses([text, conditions(line.conditions)])


def described(sheet: Sheet | None) -> dict[str, str]:
    """Label -> what the line says, every digit of it: Input -> $2.50 per million tokens."""
    if sheet is None:
        return {}
    lines = {name: new for name, (_old, new) in pairs(None, sheet).items()}
    return {name: amounts.line_amount(line, sheet.currency) for name, line in lines.items() if line}


def summary(sheet: Sheet, most: int = SUMMARY_PRICES) -> str:
    """The first prices of a sheet in a line, input and output before all others, and how many more there are.

    The headline comes first if the others that fit are 0 and would show a paid price as free.
    """
    lines = sorted(sheet.lines, key=lambda line: (bool(line.conditions), usual_place(line)))
    amounts_shown = (line.amount or Decimal(0) for line in lines[:most] if line.kind == "absolute")
    if sheet.state == "priced" and reads_as_free(sheet, amounts_shown):
        usual = headline(sheet)
        lines.sort(key=lambda line: line is not usual)
    parts = [f"{label(line)} {amounts.line_amount(line, sheet.currency)}" for line in lines[:most]]
    if len(lines) > most:
        parts.append(_("%(number)s more") % {"number": len(lines) - most})
    return " · ".join(parts) or _("without a price")


@dataclass(frozen=True)
class Change:
    """A line before and after; None where there is none. Both are in one measure."""

    label: str
    old: Line | None
    new: Line | None
    currencies: tuple[str, str]
    # The old and the new value of a change that is not one of a line.
    words: tuple[str, str] | None = None

    @property
    def kind(self) -> str:
        return (self.new or self.old or Line("", None)).kind

    @property
    def is_of_discount(self) -> bool:
        """Whether the lines are a discount of all prices."""
        return self.words is None and all(line.is_discount for line in (self.old, self.new) if line)

    @property
    def sides(self) -> tuple[tuple[Line | None, str], tuple[Line | None, str]]:
        """Each line with its currency."""
        return (self.old, self.currencies[0]), (self.new, self.currencies[1])

    @property
    def has_one_unit(self) -> bool:
        """Whether both lines are prices for the same number of the same unit."""
        old, new = self.old, self.new
        return bool(old and new and old.kind == "absolute" and amounts.per(old) == amounts.per(new))

    @property
    def texts(self) -> tuple[str | None, str | None]:
        """What each of the two lines says, every digit of it."""
        if self.words is not None:
            return self.words
        old, new = (None if line is None else amounts.line_amount(line, currency) for line, currency in self.sides)
        return old, new

    @property
    def sentence(self) -> str:
        """Input: $2.50 → $3.00 per million tokens"""
        before, after = (text or _("none") for text in self.texts)
        if self.old and self.has_one_unit:
            # What they are paid for is said once.
            before = amounts.price(self.old, self.currencies[0])
        return _("%(what)s: %(text)s") % {"what": self.label, "text": f"{before} → {after}"}


def difference(before: Sheet | None, after: Sheet | None, most: int = SUMMARY_PRICES) -> str:
    """How one price differs from another one, in one line: the first lines that differ, and how many more there are."""
    if same_price(before, after):
        return "same price"
    sentences = [change.sentence for change in changes(before, after)]
    if len(sentences) > most:
        sentences[most:] = [_("%(number)s more") % {"number": len(sentences) - most}]
    return "; ".join(sentences) or "same price"


def changes(before: Sheet | None, after: Sheet | None) -> Iterator[Change]:
    """The lines that differ between two sheets, by what they say and not by how it is written."""
    currencies = before.currency if before else "", after.currency if after else ""
    has_changed_lines = False
    for name, (old, new) in pairs(before, after).items():
        if not _says_the_same(old, new) or currencies[0] != currencies[1]:
            has_changed_lines = True
            old, new = amounts.in_one_measure([old, new])
            yield Change(name, old, new, currencies)
    if before and after and is_graduated(before) != is_graduated(after):
        yield Change(_("Tiers"), None, None, currencies, (tier_rule(before), tier_rule(after)))
    elif before and after and not has_changed_lines and not same_price(before, after):
        # The last line whose conditions are met sets the price.
        yield Change(_("Conditions"), None, None, currencies, (_("earlier order"), _("new order")))


def tier_rule(sheet: Sheet) -> str:
    """Which part of a prompt a tier prices, in words."""
    return _("each part of a prompt at its own tier") if is_graduated(sheet) else _("the whole prompt at one tier")


def pairs(before: Sheet | None, after: Sheet | None) -> dict[str, tuple[Line | None, Line | None]]:
    """Label -> the line in the one sheet and in the other; lines of one label get a longer one each."""
    old, new = _by_identity(before), _by_identity(after)
    lines = old | new
    labels = {key: label(line) for key, line in lines.items()}
    counted = Counter(labels.values())
    by_label: dict[str, tuple[Line | None, Line | None]] = {}
    for key, text in labels.items():
        if counted[text] > 1 and lines[key].unit:
            text = with_detail(text, amounts.per(lines[key]))
        name, count = text, 2
        while name in by_label:
            name, count = f"{text} ({count})", count + 1
        by_label[name] = (old.get(key), new.get(key))
    return by_label


def _by_identity(sheet: Sheet | None) -> dict[tuple[Any, ...], Line]:
    """Key that matches lines of two sheets -> line; equal lines of one sheet are numbered."""
    by_identity: dict[tuple[Any, ...], Line] = {}
    counted: Counter[tuple[Any, ...]] = Counter()
    for line in sheet.lines if sheet else ():
        key = (line.kind, line.meter, line.unit, write_json(list(line.conditions), sort_keys=True))
        by_identity[*key, counted[key]] = line
        counted[key] += 1
    return by_identity


def _says_the_same(old: Line | None, new: Line | None) -> bool:
    return same_amount(old, new) and (not old or not new or old.period == new.period)
