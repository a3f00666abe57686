"""The prices of one role that are stored: current and scheduled."""

import datetime as dt

from catalog.prices import Sheet
from pricing.models import PriceSheet
from pricing.published.prices import written_lines


def current_sheets(role: str, *, at: dt.datetime) -> dict[str, Sheet]:
    """Model id -> its current price of this role."""
    sheets = list(
        PriceSheet.objects.in_force(at=at).filter(role=role).values_list("pk", "model__name", "currency", "facts")
    )
    lines = written_lines([sheet[0] for sheet in sheets])
    return {name: Sheet(currency, tuple(lines.get(key, ())), facts=facts) for key, name, currency, facts in sheets}


def scheduled_sheets(role: str, *, at: dt.datetime) -> dict[tuple[str, dt.datetime | None], Sheet]:
    """Model id and start -> the scheduled price of this role; the newer one, if there are two."""
    sheets = PriceSheet.objects.filter(role=role, starts_at__gt=at).order_by("pk")
    rows = list(sheets.values_list("pk", "model__name", "currency", "facts", "starts_at"))
    lines = written_lines([row[0] for row in rows])
    return {
        (name, starts): Sheet(currency, tuple(lines.get(key, ())), facts=facts)
        for key, name, currency, facts, starts in rows
    }
