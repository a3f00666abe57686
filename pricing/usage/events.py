"""Usage events: single calls, each stored once by its id and priced by our own quote.

Events are added up; nothing replaces an earlier one. All events of a request are stored, with their sums, in one
transaction, or none of them. The prices are found before the transaction, which blocks other writers.
"""

import datetime as dt
import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from django.db import transaction

from catalog.db import revision
from catalog.db.bulk import KEYS, BulkWriter, batches
from catalog.db.revision import Counters
from catalog.db.snapshot import snapshot
from catalog.exact import plain, write_json
from catalog.names.groups import LONGEST_NAME
from pricing.engine.quoting import Use
from pricing.models import UsageCount, UsageEvent
from pricing.usage.charging import Charge, Reported, charge
from pricing.usage.quantities import UsageError, check_facts, read_usage
from pricing.usage.spending import Cost, record
from pricing.usage.totals import Total, add
from tokens.keys import HEADERS, contains_key
from tokens.logs import scrub
from tokens.models import TokenGroup
from tokens.timestamps import TimestampError, format_timestamp, parse_timestamp

FIELDS = ("id", "key_id", "model", "at", "usage", "group", "request")
REQUIRED = FIELDS[:5]
MOST_EVENTS = 10_000
LENGTHS = {"id": 128, "key_id": 64, "model": 255}
# Clocks differ.
LATEST = dt.timedelta(minutes=10)
# Older events are refused. The ids of events are stored for longer than this, so that none can count twice.
OLDEST = dt.timedelta(days=31)
LONGEST_FACTS = 4096
# In sums, in place of the key of a token that does not exist.
NO_TOKEN = 0
# Headers that carry keys or sessions decide no price, and must not be stored.
SECRET_HEADERS = frozenset({*map(str.lower, HEADERS), "proxy-authorization", "cookie"})


@dataclass(frozen=True)
class Event:
    """A call as it is reported."""

    id: str
    key_id: str
    model: str
    at: dt.datetime
    usage: Mapping[str, Use]
    # The group that the gateway charges; empty: the first group of the key that reaches the model.
    group: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reported(self) -> Reported:
        return Reported(self.key_id, self.model, self.group, self.at, self.usage, self.facts)

    @property
    def digest(self) -> str:
        """Equal for two events with the same content."""
        parts = [self.key_id, self.model, self.group, format_timestamp(self.at), usage_body(self.usage), self.facts]
        return hashlib.sha256(write_json(parts, sort_keys=True)).hexdigest()[:32]


@dataclass(frozen=True)
class Taken:
    """What became of the events of a request.

    `taken` events are new, `repeated` ones are stored already with the same content. `conflicts` are the ids that are
    stored with other content: the first one counts. `unpriced` is how many new events have no known cost. `unknown` are
    the names that are not in the catalog, and `unknown_keys` the key ids of no token; their events are stored too.
    """

    taken: int = 0
    repeated: int = 0
    unpriced: int = 0
    unknown: Sequence[str] = ()
    unknown_keys: Sequence[str] = ()
    conflicts: Sequence[str] = ()


def check_event(values: Any, *, at: dt.datetime) -> Event:
    """The event with these values, received at a moment; UsageError if one is not valid."""
    if not isinstance(values, dict):
        raise UsageError("An event must be an object with id, key_id, model, at and usage.")
    if unknown := sorted(values.keys() - set(FIELDS)):
        message = f"An event has no field {unknown[0][:80]!r}. The fields are {', '.join(FIELDS)}."
        raise UsageError(message)
    if missing := [name for name in REQUIRED if name not in values]:
        raise UsageError(f"An event needs {', '.join(REQUIRED)}; {missing[0]} is missing.")
    event_id = _text(values, "id")
    try:
        event = Event(
            event_id,
            _text(values, "key_id"),
            _text(values, "model"),
            _moment(values["at"], now=at),
            read_usage(values["usage"]),
            "" if values.get("group") in (None, "") else _group(values["group"]),
            _facts({} if values.get("request") is None else values["request"]),
        )
        _refuse_keys(event)
    except UsageError as error:
        raise UsageError(f"Event {scrub(event_id)}: {error}") from None
    return event


def _text(values: Mapping[str, Any], name: str) -> str:
    value, longest = values[name], LENGTHS[name]
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise UsageError(f"{name} must be a text of 1 to {longest} characters.")
    return value


def _group(value: Any) -> str:
    """The name of a group, which a header states percent-encoded."""
    name = unquote(value) if isinstance(value, str) else ""
    if not 0 < len(name) <= LONGEST_NAME or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise UsageError(f"group must be a text of 1 to {LONGEST_NAME} characters.")
    return str(value)


def _refuse_keys(event: Event) -> None:
    """UsageError if a key is sent where a name belongs: it would be stored and shown."""
    if scrub(event.key_id) != event.key_id:
        raise UsageError("key_id contains a key. Send the key id, which is not a secret.")
    # Ids of calls may be as long as keys of other systems.
    if contains_key(f"{event.id}\n{event.model}\n{event.group}"):
        raise UsageError("id, model or group contains a key. Keys must not be sent here.")


def _moment(value: Any, *, now: dt.datetime) -> dt.datetime:
    try:
        moment = parse_timestamp(value) if isinstance(value, str) else None
    except TimestampError as error:
        raise UsageError(f"at {error}") from None
    if moment is None:
        raise UsageError("at must be a timestamp such as 2026-01-31T08:00:00Z.")
    if moment > now + LATEST:
        raise UsageError("at is in the future. Set the clock of the reporter.")
    if moment < now - OLDEST:
        raise UsageError(f"at is more than {OLDEST.days} days ago. Import such usage as daily totals.")
    return moment


def _facts(facts: Any) -> Mapping[str, Any]:
    if not isinstance(facts, dict):
        raise UsageError('request must be an object, e.g. {"service_tier": "flex"}.')
    if not facts:
        return facts
    check_facts(facts)
    text = write_json(facts).decode()
    if len(text) > LONGEST_FACTS:
        raise UsageError(f"request must have at most {LONGEST_FACTS} characters.")
    if contains_key(text) or any(name.casefold() in SECRET_HEADERS for name in facts.get("headers", {})):
        raise UsageError("request contains a key. Send only what decides the price.")
    return facts


def record_events(events: Sequence[Event], *, reporter: int, reporter_name: str, at: dt.datetime) -> Taken:
    """Stores the events that are new, with their costs and their counts; `reporter` is the key of its token.

    `reporter_name` is the reporter of the counts. Ids are the reporter's own: another reporter may use the same ones.
    """
    identified = [(event, event.digest) for event in events]
    # The first event of each id.
    unique = {event.id: event for event, _ in reversed(identified)}
    digests = {event.id: digest for event, digest in reversed(identified)}
    with snapshot():
        counters = revision.read()
        stored = _stored(digests, reporter=reporter)
        new = [event for event in unique.values() if event.id not in stored]
        charges = charge([event.reported for event in new])
    with transaction.atomic():
        revision.hold()
        stored = _stored(digests, reporter=reporter)
        if _may_differ(counters, revision.read()):
            charges = charge([event.reported for event in new])
        rows = [
            _row(event, charge, reporter=reporter, digest=digests[event.id], at=at)
            for event, charge in zip(new, charges, strict=True)
            if event.id not in stored
        ]
        if rows:
            columns = [column for column in UsageEvent._meta.concrete_fields if not column.primary_key]
            BulkWriter(UsageEvent, columns).insert(rows)
            charged = {event.id: charge for event, charge in zip(new, charges, strict=True)}
            add(_counts(rows, charged), reporter=reporter_name, today=at.date())
            record(costs_of(rows))
    differing = [event.id for event, digest in identified if digest != (stored.get(event.id) or digests[event.id])]
    return Taken(
        taken=len(rows),
        repeated=len(events) - len(rows) - len(differing),
        unpriced=sum(row.cost is None for row in rows),
        unknown=sorted({row.name for row in rows if row.model_id is None}),
        unknown_keys=sorted({row.key_id for row in rows if row.token_id is None}),
        conflicts=sorted(set(differing)),
    )


def usage_body(usage: Mapping[str, Use]) -> dict[str, Any]:
    """The usage as it is stored: quantities, with a unit if it is stated."""
    return {
        name: {"quantity": plain(use.quantity), "unit": use.unit} if use.unit else plain(use.quantity)
        for name, use in sorted(usage.items())
    }


def _stored(ids: Collection[str], *, reporter: int) -> dict[str, str]:
    """The ids that the reporter has reported before -> the digest of the content."""
    found: dict[str, str] = {}
    for batch in batches(sorted(ids), KEYS):
        rows = UsageEvent.objects.filter(reporter=reporter, event_id__in=batch)
        found |= dict(rows.values_list("event_id", "digest"))
    return found


def _may_differ(before: Counters, after: Counters) -> bool:
    """Whether a change since then may decide who pays what: of models, prices or tokens."""
    return any(getattr(before, name) != getattr(after, name) for name in ("models", "prices", "permissions"))


def _row(event: Event, charge: Charge, *, reporter: int, digest: str, at: dt.datetime) -> UsageEvent:
    return UsageEvent(
        reporter_id=reporter,
        event_id=event.id,
        token_id=charge.token,
        key_id=event.key_id,
        model_id=charge.model,
        name=event.model,
        group=charge.group or unquote(event.group),
        at=event.at,
        usage=usage_body(event.usage),
        request=event.facts,
        cost=charge.cost,
        currency=charge.currency,
        digest=digest,
        received_at=at,
    )


def _counts(rows: Iterable[UsageEvent], charged: Mapping[str, Charge]) -> list[Total]:
    """The requests and tokens of the rows by name and day."""
    requests: defaultdict[tuple[str, int | None, str], int] = defaultdict(int)
    tokens: defaultdict[tuple[str, int | None, str], int] = defaultdict(int)
    for row in rows:
        key = row.name, row.model_id, row.at.astimezone(dt.UTC).date().isoformat()
        requests[key] += 1
        tokens[key] += charged[row.event_id].tokens
    return [
        Total(*key, UsageCount.EVENTS, requests[key], tokens[key])
        for key in sorted(requests, key=lambda key: (key[0], key[2]))
    ]


def costs_of(rows: Iterable[UsageEvent]) -> list[Cost]:
    """What the stored rows add to spending. A group pays its calls even if the token has been deleted."""
    groups = dict(TokenGroup.objects.values_list("slug", "pk"))
    return [
        # A call that was reported was made: by a clock that is ahead, it may not count in the next period.
        Cost(row.token_id or NO_TOKEN, groups.get(row.group), min(row.at, row.received_at), row.cost, row.currency)
        for row in rows
    ]
