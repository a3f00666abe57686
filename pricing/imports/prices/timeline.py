"""The price of one model from now on: what is stored, what it becomes, and the sheets that lead there.

A source with dates states a whole list of prices: what it no longer announces does not take effect, and a price ends
when the source says so. Past prices stay: only what has not started is withdrawn, and a sheet ends now or later.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from catalog.prices import Sheet
from catalog.source_trust import PERSON
from pricing.engine.equality import same_price
from pricing.engine.line_keys import LineKey, line_key
from pricing.imports.prices.merging import Authority, Withheld, merge
from pricing.imports.prices.stored import StoredSheet
from pricing.published.prices import in_force


@dataclass(frozen=True)
class Offer:
    """What a source says about the price of a model from now on.

    `current` is None if it says nothing about today, or if `has_ended`. Each announced price has a start and applies
    until its end or the next start. `is_announced_whole` is false if one of them is invalid.
    """

    current: Sheet | None
    announced: Sequence[Sheet] = ()
    has_ended: bool = False
    is_announced_whole: bool = True

    @property
    def has_dates(self) -> bool:
        return bool(self.announced or self.has_ended or (self.current and self.current.ends_at))

    def moments(self) -> set[dt.datetime]:
        dates = {date for sheet in self.announced for date in (sheet.starts_at, sheet.ends_at)}
        if self.current is not None:
            dates.add(self.current.ends_at)
        return {date for date in dates if date is not None}

    def is_silent(self, at: dt.datetime) -> bool:
        """Whether it says nothing about that moment, not even that there is no price."""
        if self.current is not None or self.has_ended:
            return False
        return all(sheet.starts_at is not None and sheet.starts_at > at for sheet in self.announced)

    def price(self, at: dt.datetime) -> Sheet | None:
        """The price that it states for that moment; None if there is none."""
        started = [sheet for sheet in self.announced if sheet.starts_at is not None and sheet.starts_at <= at]
        last = started[-1] if started else self.current
        return last if last is not None and (last.ends_at is None or at < last.ends_at) else None


# A stored sheet that stays as it is, or another price.
Price = StoredSheet | Sheet


@dataclass(frozen=True)
class Period:
    """From a moment until the next one: the stored price, and the price that the import leaves there."""

    starts_at: dt.datetime
    stored: StoredSheet | None
    price: Price | None

    @cached_property
    def is_same(self) -> bool:
        return _is_same(self.stored, self.price)


@dataclass(frozen=True)
class Ending:
    """A stored price that gets another end; None for no end."""

    sheet: StoredSheet
    ends_at: dt.datetime | None
    is_now: bool = False
    # Whether a newer sheet covers it, so that nobody sees the change.
    is_covered: bool = False

    @property
    def end(self) -> str:
        """The new end as text. A plan that ends a price now is still the same a minute later."""
        return "now" if self.is_now else f"{self.ends_at:%Y-%m-%d}" if self.ends_at else "none"

    @property
    def sentence(self) -> str:
        before, price = self.sheet.ends_at, f"price since {self.sheet.starts_at:%Y-%m-%d}"
        if self.ends_at is None:
            return f"{price} no longer ends on {before:%Y-%m-%d}"
        day = "now" if self.is_now else f"on {self.ends_at:%Y-%m-%d}"
        return f"{price} ends {day}" + (f" instead of {before:%Y-%m-%d}" if before else "")


@dataclass
class Timeline:
    """The price of a model from now on, and the changes that lead there."""

    periods: list[Period]
    # Sheets to write; without a start: from now on.
    new: list[Sheet] = field(default_factory=list)
    withdrawn: list[StoredSheet] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    # What the source may not change, the first time that it differs.
    withheld: Withheld | None = None

    @property
    def unpriced_from(self) -> dt.datetime | None:
        """The first moment at which the import leaves no price where there was one."""
        lost = (period.starts_at for period in self.periods if period.stored is not None and period.price is None)
        return next(lost, None)

    def price_before(self, at: dt.datetime) -> Sheet | None:
        """The price of the period before the one that starts at that moment."""
        earlier = [period for period in self.periods if period.starts_at < at]
        price = earlier[-1].price if earlier else None
        return None if price is None else _value_of(price)


@dataclass
class _Slot:
    """A sheet, stored or new, that applies until its end unless a newer one does."""

    row: StoredSheet | None
    sheet: Sheet
    starts_at: dt.datetime
    ends_at: dt.datetime | None = None
    is_used: bool = False


class TimelinePlanner:
    """Compares what a source says about one model with its stored sheets that have not ended."""

    def __init__(self, stored: Sequence[StoredSheet], offer: Offer, authority: Authority, *, at: dt.datetime) -> None:
        self.stored, self.offer, self.authority, self.at = stored, offer, authority, at
        self.own = [sheet for sheet in stored if authority.is_own(sheet)]
        self.others = [sheet for sheet in stored if sheet not in self.own]
        self.withheld: Withheld | None = None

    def plan(self) -> Timeline:
        periods = [Period(start, in_force(self.stored, start), self._price_at(start)) for start in self._moments()]
        timeline = Timeline(periods, withheld=self.withheld)
        if not all(period.is_same for period in periods):
            self._arrange(timeline)
        return timeline

    def _moments(self) -> list[dt.datetime]:
        dates = {date for sheet in self.stored for date in (sheet.starts_at, sheet.ends_at) if date is not None}
        return sorted({self.at, *(date for date in dates | self.offer.moments() if date > self.at)})

    def _price_at(self, at: dt.datetime) -> Price | None:
        """The price from that moment on."""
        stored, offer = in_force(self.stored, at), self.offer
        is_scheduled = stored is not None and stored.starts_at > self.at
        if offer.is_silent(at):
            scheduled = [sheet for sheet in self.own if sheet.starts_at > self.at]
            return in_force([sheet for sheet in self.stored if sheet not in scheduled], at)
        if is_scheduled and (self.authority.is_operator or not offer.is_announced_whole):
            return stored
        price, beneath = offer.price(at), in_force(self.others, at)
        if beneath is not None and self._is_protected(beneath, price):
            if stored in self.own and price is not None and _is_same(stored, price):
                # The announcement is older than the person's price: the person saw it and left it.
                return stored
            if price is not None and not _is_same(beneath, price):
                self._withhold(Withheld(beneath.sheet, price, self.authority.why_withheld(PERSON)))
            return beneath
        if price is None:
            return self._without_own_lines(beneath)
        merged = merge(stored, price, self.authority)
        if merged.withheld is not None:
            self._withhold(merged.withheld)
        return merged.sheet

    def _without_own_lines(self, stored: StoredSheet | None) -> Price | None:
        """The price of other sources after the source's own price has ended."""
        if stored is None:
            return None
        source = self.authority.writer.source
        writers = [self.authority.writer_of(line) for line in stored.lines]
        rest = tuple(
            line
            for line, writer in zip(stored.lines, writers, strict=True)
            if writer is None or writer.source != source
        )
        return stored if len(rest) == len(stored.lines) else replace(stored.sheet, lines=rest)

    def _is_protected(self, beneath: StoredSheet, price: Sheet | None) -> bool:
        """Whether a person's price stays. A scheduled one always stays until the source announces a later one."""
        if not self.authority.is_by_person(beneath):
            return False
        starts_at = (price.starts_at if price else None) or self.at
        return not self.authority.may_replace(PERSON) or self.at < beneath.starts_at > starts_at

    def _withhold(self, withheld: Withheld) -> None:
        self.withheld = self.withheld or withheld

    def _arrange(self, timeline: Timeline) -> None:
        """Finds the sheets to write, to withdraw and to end, so that `in_force` selects the price of each period."""
        slots = [_Slot(row, row.sheet, row.starts_at, row.ends_at) for row in self.stored if row.starts_at <= self.at]
        # The sheets that have not expired, the newest last.
        stack = list(slots)
        # The stored sheets that give or get a period.
        affected: set[StoredSheet | None] = set()
        for period in timeline.periods:
            start, slot = period.starts_at, self._slot_of(period, stack)
            if slot is not None and slot.ends_at is not None and slot.ends_at <= start:
                slot.ends_at = None
            newer = stack[stack.index(slot) + 1 :] if slot else [] if period.price else stack
            for covering in newer:
                covering.ends_at = start if covering.ends_at is None else min(covering.ends_at, start)
            stack = [other for other in stack if other.ends_at is None or other.ends_at > start]
            if slot is None and period.price is not None:
                slot = self._new_slot(period.price, start)
                slots.append(slot)
                stack.append(slot)
            if slot is not None:
                slot.is_used = True
            if not period.is_same:
                affected |= {period.stored, slot.row if slot else None}
        self._collect(timeline, slots, affected)

    def _slot_of(self, period: Period, stack: Sequence[_Slot]) -> _Slot | None:
        """The sheet that can apply in the period; None if there must be another one."""
        price, start = period.price, period.starts_at
        if price is None:
            return None
        if period.is_same or isinstance(price, StoredSheet):
            row = price if isinstance(price, StoredSheet) else period.stored
            same = next((slot for slot in stack if slot.row is row), None)
            if same is not None:
                return same
        for slot in reversed(stack):
            has_expired = slot.ends_at is not None and slot.ends_at <= start
            may_extend = slot.row is None or slot.row in self.own
            is_open = slot.is_used and (may_extend or not has_expired) and self._is_free(slot.row)
            if not is_open or not same_price(slot.sheet, _value_of(price), with_facts=True):
                continue
            # The line of another source must not become one that the importing source no longer states.
            if self._stated(slot.row or slot.sheet) <= self._stated(price):
                return slot
        return None

    def _stated(self, price: Price) -> set[LineKey]:
        """What the importing source itself states in a price."""
        if isinstance(price, Sheet):
            return {line_key(line) for line in price.lines if line.run is None}
        writers = ((line, self.authority.writer_of(line)) for line in price.lines)
        source = self.authority.writer.source
        return {line_key(line) for line, writer in writers if writer is not None and writer.source == source}

    def _new_slot(self, price: Price, start: dt.datetime) -> _Slot:
        """A stored scheduled sheet with this price, or a new sheet."""
        starting = [row for row in reversed(self.stored) if row.starts_at == start > self.at]
        row = next((row for row in starting if row is price or (self._is_free(row) and _is_same(row, price))), None)
        return _Slot(row, _value_of(price), start, row.ends_at if row else None)

    def _is_free(self, row: StoredSheet | None) -> bool:
        """Whether an import may end or withdraw the sheet: it is not a person's."""
        return row is None or not self.authority.is_by_person(row)

    def _collect(self, timeline: Timeline, slots: Sequence[_Slot], affected: Collection[StoredSheet | None]) -> None:
        used = [slot.row for slot in slots]
        for slot in slots:
            if slot.row is None:
                starts_at = slot.starts_at if slot.starts_at > self.at else None
                timeline.new.append(replace(slot.sheet, starts_at=starts_at, ends_at=slot.ends_at))
            elif slot.ends_at != slot.row.ends_at and self._is_free(slot.row):
                if slot.ends_at is not None and slot.ends_at <= slot.row.starts_at:
                    timeline.withdrawn.append(slot.row)
                else:
                    is_covered = slot.row not in affected
                    timeline.endings.append(Ending(slot.row, slot.ends_at, slot.ends_at == self.at, is_covered))
        timeline.withdrawn += [row for row in self.stored if row not in used and self._is_free(row)]


def _is_same(stored: StoredSheet | None, price: Price | None) -> bool:
    if stored is None or price is None or stored is price:
        return stored is price
    value = _value_of(price)
    return same_price(stored.sheet, value, with_facts=value.states_facts)


def _value_of(price: Price) -> Sheet:
    return price.attributed if isinstance(price, StoredSheet) else price
