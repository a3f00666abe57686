"""The changes of prices as an Atom feed, for people and programs that subscribe to them."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from catalog.exact import digits
from pricing.published.history import Change, Price
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
            unique_id=f"tag:{domain},2026:price/{change.model}/{format_timestamp(change.at)}",
            updateddate=change.reported_at,
        )
    text = feed.writeString("utf-8")
    return bytes(text, "utf-8")


def _headline(change: Change, *, at: dt.datetime) -> str:
    when = change.at.astimezone(dt.UTC)
    return f"new price {'from' if change.at > at else 'since'} {when:%Y-%m-%d %H:%M} UTC"


def _in_words(change: Change) -> str:
    before, after = _figures(change.before), _figures(change.after)
    moved = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    lines = [f"{name}: {before.get(name, 'none')} → {after.get(name, 'none')}" for name in moved]
    if not lines:
        lines = [f"{change.before['pricing_status']} → {change.after['pricing_status']}"]
    return "; ".join(lines)


def _figures(price: Price) -> dict[str, str]:
    """Each figure under a name that tells it apart, as people read it."""
    found: dict[str, str] = {}
    for figure in price.get("prices", []):
        name = figure["meter"] or "all"
        if figure.get("conditions"):
            name += f" ({', '.join(_condition(each) for each in figure['conditions'])})"
        amount = figure["amount"]
        words = str(figure.get("kind", "")) if amount is None else digits(amount)
        per = "" if figure["per"] == 1 else f"{figure['per']:,} "
        found[name] = f"{words} {figure['currency']} per {per}{figure['unit']}" if figure["unit"] else words
    if price.get("discount", 1) != 1:
        found["multiplied by"] = digits(price["discount"])
    return found


def _condition(condition: Mapping[str, Any]) -> str:
    value = condition["value"]
    return f"{condition['dim']} {condition['op']} {value if isinstance(value, str | int) else 'as listed'}"
