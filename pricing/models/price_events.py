"""Events of prices: a change announces one, it takes effect, and it ends."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Literal

from django.utils import timezone

from catalog.models import AIModel
from pricing.models.sheets import PriceLine, PriceSheet
from tokens.event_types import shapes
from tokens.events.changes import Change, derive_with, plain_value
from tokens.events.model_events import Names, draft
from tokens.events.outbox import Draft

TYPES = ("price.announced", "price.in_force", "price.ended")


def connect() -> None:
    derive_with(PriceSheet, TYPES, derive)


def derive(changes: Sequence[Change]) -> Iterator[Draft]:
    now = timezone.now()
    changes = [change for change in changes if _is_told(change, now=now)]
    prices = Prices.read([change.after for change in changes])
    for change in changes:
        sheet = change.after
        if sheet.model_id not in prices.models:
            continue
        if change.is_deletion:
            yield prices.announce(sheet, "withdrawn", at=sheet.starts_at)
        elif change.before is None or change.before.starts_at != sheet.starts_at:
            yield prices.announce(sheet, "set", at=sheet.starts_at)
        elif change.before.ends_at != sheet.ends_at:
            yield prices.announce(sheet, "ended", at=sheet.ends_at)
        yield from prices.due(sheet, at=now)


def _is_told(change: Change, *, now: dt.datetime) -> bool:
    """Whether a change is about a price of now or later: imports also write prices of the past."""
    sheet, before = change.after, change.before
    if change.is_deletion:
        return bool(sheet.starts_at > now)
    is_past = sheet.ends_at is not None and sheet.ends_at <= now
    return not is_past or (before is not None and before.ends_at != sheet.ends_at)


class Prices:
    """The prices of some models, read once for the events of many sheets."""

    def __init__(self, models: Collection[AIModel], sheets: Iterable[PriceSheet]) -> None:
        self.models = {model.pk: model for model in models}
        self.names = Names.read(models)
        self.sheets = {sheet.pk: sheet for sheet in sheets}
        # Model and role -> its sheets, the newest first.
        self.of_model: defaultdict[tuple[int, str], list[PriceSheet]] = defaultdict(list)
        for sheet in sorted(self.sheets.values(), key=lambda sheet: (sheet.starts_at, sheet.pk), reverse=True):
            self.of_model[sheet.model_id, sheet.role].append(sheet)

    @classmethod
    def read(cls, sheets: Collection[Any]) -> "Prices":
        """Those of the models of these sheets, or of their history rows."""
        models = AIModel.objects.filter(pk__in={sheet.model_id for sheet in sheets})
        roles = {sheet.role for sheet in sheets}
        return cls(models, PriceSheet.objects.filter(model__in=models.values("pk"), role__in=roles).with_lines())

    def announce(self, sheet: Any, action: Literal["set", "ended", "withdrawn"], *, at: dt.datetime | None) -> Draft:
        """That a price is set, ended or withdrawn at a moment; `sheet` is a row or a history row."""
        before, after = None, None
        if action == "set":
            before, after = self.current(sheet, at=sheet.starts_at, without=sheet.id), self.sheets.get(sheet.id)
        elif action == "ended":
            before = self.sheets.get(sheet.id)
            after = None if at is None else self.current(sheet, at=at, without=sheet.id)
        data: shapes.PriceAnnounced = {
            **self._context(sheet),
            "action": action,
            "at": plain_value(at),
            "before": price_of(before),
            "after": price_of(after),
        }
        return draft("price.announced", data)

    def due(self, sheet: Any, *, at: dt.datetime) -> Iterator[Draft]:
        """That the price has taken effect, or has ended, at this moment: each once."""
        stored = self.sheets.get(sheet.id)
        if stored is None or stored.starts_at > at:
            return
        has_ended = stored.ends_at is not None and stored.ends_at <= at
        others = self.current(stored, at=at, without=stored.pk)
        is_replaced = others is not None and (others.starts_at, others.pk) > (stored.starts_at, stored.pk)
        if has_ended and not is_replaced:
            ended: shapes.PriceEnded = {
                **self._context(stored), "before": _price(stored), "after": price_of(others),
            }  # fmt: skip
            yield draft("price.ended", ended, key=f"price.ended {stored.pk} {plain_value(stored.ends_at)}")
        elif not has_ended and not is_replaced:
            in_force: shapes.PriceInForce = {
                **self._context(stored),
                "before": price_of(self.current(stored, at=stored.starts_at, without=stored.pk)),
                "after": _price(stored),
            }
            yield draft("price.in_force", in_force, key=f"price.in_force {stored.pk} {plain_value(stored.starts_at)}")

    def current(self, sheet: Any, *, at: dt.datetime, without: int) -> PriceSheet | None:
        """The price of the same model and role at a moment, if this sheet did not exist."""
        for other in self.of_model[sheet.model_id, sheet.role]:
            if other.pk != without and other.starts_at <= at and (other.ends_at is None or other.ends_at > at):
                return other
        return None

    def _context(self, sheet: Any) -> shapes.PriceContext:
        model = self.models[sheet.model_id]
        context = self.names.context(model.name, model.vendor_id, model.pk)
        # What we pay is not the business of those who get the events of a group.
        groups = [] if sheet.role == PriceSheet.Role.COST else context["groups"]
        return {**context, "groups": groups, "role": sheet.role, "sheet": sheet.id}


def price_of(sheet: PriceSheet | None) -> shapes.Price | None:
    """The price of a sheet, with all digits; None without one."""
    return None if sheet is None else _price(sheet)


def _price(sheet: PriceSheet) -> shapes.Price:
    lines = [_line(line) for line in sheet.lines.all()]
    return {
        "sheet": sheet.pk,
        "currency": sheet.currency,
        "starts_at": plain_value(sheet.starts_at),
        "ends_at": plain_value(sheet.ends_at),
        "lines": lines,
    }


def _line(line: PriceLine) -> shapes.PriceLine:
    return {
        "meter": line.meter,
        "kind": line.kind,
        "amount": plain_value(line.amount),
        "per": line.per,
        "unit": line.unit,
        "conditions": line.conditions,
    }
