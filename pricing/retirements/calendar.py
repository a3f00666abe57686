"""Retirements as a calendar (RFC 5545): one event for each model and date.

All bytes follow from the catalog and never from the clock, so that an unchanged calendar has an unchanged ETag. The id
of an event is that of its model and kind of date: a date that moves moves the event, with a higher SEQUENCE.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from icalendar import Calendar, Component, Event, Timezone, TimezoneStandard

from pricing.published.changes.announcements import Announcements, read_announcements
from pricing.retirements.finding import Retirement

NAME = "Model retirements"
# How often programs should read it again.
REFRESH = dt.timedelta(hours=12)
# The date of a model -> the kind of event, and what happens on that day.
KINDS = {"deprecated_on": ("deprecated", "is deprecated"), "retires_on": ("retires", "retires")}

# Texts must have none (RFC 5545, 3.3.11); sources may write them into names that people see.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]+")


def render(retirements: Iterable[Retirement], *, domain: str, site: str) -> bytes:
    """The calendar; `domain` makes its ids unique, and `site` is the address of the pages of models, if known."""
    retirements = list(retirements)
    announcements = read_announcements(retirement.model for retirement in retirements)
    calendar = Calendar()
    calendar.add("prodid", "-//Modelbook//Retirements//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", NAME)
    calendar.add("name", NAME)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT12H")
    events: list[Component] = [
        event for each in retirements for event in _events(each, announcements, domain=domain, site=site)
    ]
    for component in events or [_utc()]:
        calendar.add_component(component)
    content: bytes = calendar.to_ical()
    return content


def _events(
    retirement: Retirement, announcements: Mapping[int, Announcements], *, domain: str, site: str
) -> Iterator[Event]:
    model, known = retirement.model, announcements[retirement.model.pk]
    for field, (kind, happens) in KINDS.items():
        day: dt.date | None = getattr(model, field)
        if day is None:
            continue
        event = Event()
        event.add("uid", f"{kind}/{quote(model.name, safe='')}@{domain}")
        # Programs replace an event by one with a higher number.
        event.add("sequence", known.revisions[field])
        # When a successor was chosen that the reader cannot see is not shown either.
        fields = [field, "retires_on", *(["successor_id"] if retirement.successor else [])]
        modified_at = max(known.known_at[name] for name in fields).replace(microsecond=0)
        event.add("dtstamp", modified_at)
        event.add("last-modified", modified_at)
        event.add("dtstart", day)
        event.add("dtend", day + dt.timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        event.add("summary", f"{model.name} {happens}")
        event.add("description", _without_controls(" ".join(_sentences(retirement, field, day))))
        event.add("categories", [_without_controls(model.vendor.name)])
        if site:
            event.add("url", f"{site}/models/{quote(model.name)}")
        yield event


def _sentences(retirement: Retirement, field: str, day: dt.date) -> Iterator[str]:
    model, successor = retirement.model, retirement.successor
    if field == "deprecated_on":
        yield f"{model.title} is deprecated from {day} (UTC) on: new users should choose another model."
        if model.retires_on:
            yield f"It retires on {model.retires_on}."
    else:
        yield f"{model.title} retires on {day} at 00:00 UTC."
    if successor is not None:
        yield f"Its successor is {successor.name}."
        if retirement.forwards and field == "retires_on":
            yield "Calls of its id go to the successor from then on."


def _without_controls(text: str) -> str:
    return CONTROL_CHARACTERS.sub(" ", text)


def _utc() -> Timezone:
    """A calendar must have a component, and one without events has none."""
    zone, standard = Timezone(), TimezoneStandard()
    zone.add("tzid", "UTC")
    standard.add("dtstart", dt.datetime(1970, 1, 1))  # noqa: DTZ001
    standard.add("tzoffsetfrom", dt.timedelta())
    standard.add("tzoffsetto", dt.timedelta())
    zone.add_component(standard)
    return zone
