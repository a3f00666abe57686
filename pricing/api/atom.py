"""The changes of prices as an Atom feed, for people and programs that subscribe to them."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.feedgenerator import Atom1Feed

from catalog.prices import Line, Sheet
from pricing.engine.formatting.lines import changes
from pricing.newapi.ratios import PriceFigure
from pricing.published.changes.listing import Change
from pricing.published.history import Price
from tokens.timestamps import format_timestamp

ENTRIES = 200
# The date of a feed without entries: a feed must have one, and the clock would make new bytes each time.
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class ChangesFeed(Atom1Feed):
    def latest_post_date(self) -> dt.datetime:
        return super().latest_post_date() if self.items else NEVER


def atom(changes: Iterable[Change], *, domain: str, link: str, feed_url: str, at: dt.datetime) -> bytes:
    """The feed of these changes; each has the date on which readers could know of it."""
    feed = ChangesFeed(
        title="Price changes",
        link=link,
        description="Prices of models that changed or will change.",
        feed_url=feed_url,
        feed_guid=f"tag:{domain},2026:prices",
    )
    for change in list(changes)[:ENTRIES]:
        feed.add_item(
            title=f"{change.model}: {_headline(change, at=at)}",
            link=link.rstrip("/") + reverse("model-page", args=[change.model]),
            description=_in_words(change),
            unique_id=f"tag:{domain},2026:{_id(change)}",
            updateddate=change.reported_at,
        )
    text = feed.writeString("utf-8")
    return bytes(text, "utf-8")


def _id(change: Change) -> str:
    """The id of an entry within the feed, which never changes."""
    match change.kind:
        case "new":
            return f"new/{change.model}"
        case "retiring":
            return f"retiring/{change.model}/{change.at:%Y-%m-%d}"
        case "successor":
            return f"successor/{change.model}/{change.successor}"
        case _:
            return f"price/{change.model}/{format_timestamp(change.at)}"


def _headline(change: Change, *, at: dt.datetime) -> str:
    when = change.at.astimezone(dt.UTC)
    match change.kind:
        case "new":
            return f"new model since {when:%Y-%m-%d %H:%M} UTC"
        case "retiring":
            return f"retires on {when:%Y-%m-%d}"
        case "retired":
            return f"retired on {when:%Y-%m-%d}"
        case "successor":
            return f"its successor is {change.successor}"
        case _:
            return f"new price {'from' if change.at > at else 'since'} {when:%Y-%m-%d %H:%M} UTC"


def _in_words(change: Change) -> str:
    """The prices that change: Input: $2.50 → $3.00 per million tokens; Output: none → $8.00 per million tokens.

    A discount that changes alone is one change; otherwise prices are those that customers pay.
    """
    before, after = _sheet(change.before), _sheet(change.after)
    with translation.override(settings.LANGUAGE_CODE):
        differences = list(changes(before, after))
        if not all(difference.is_of_discount for difference in differences):
            differences = list(changes(before and before.folded(), after and after.folded())) or differences
        lines = [difference.sentence for difference in differences]
    statuses = change.before["pricing_status"], change.after["pricing_status"]
    return "; ".join(lines) or " → ".join(statuses)


def _sheet(price: Price) -> Sheet | None:
    """The price of a moment as a sheet; None where there is none."""
    if "currency" not in price:
        return None
    lines = [_line(figure) for figure in price.get("prices", [])]
    discount = price.get("discount", Decimal(1))
    if discount != 1:
        lines.append(Line("", discount, kind="multiplier"))
    facts = {"tier_mode": price["tier_mode"]} if "tier_mode" in price else {}
    return Sheet(price["currency"], tuple(lines), facts=facts)


def _line(figure: PriceFigure) -> Line:
    return Line(
        figure["meter"],
        figure["amount"],
        figure["per"] or 1,
        figure["unit"],
        figure.get("kind", "absolute"),
        tuple(figure.get("conditions", ())),
        {"period": figure["period"]} if "period" in figure else {},
    )
