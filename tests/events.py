"""Subscribes to events, and reads those that were stored, in their documented shape."""

import json
from typing import Any

import msgspec

from tokens.event_types.shapes import SHAPES
from tokens.models import Event, Webhook


def subscribe(*events: str, vendors: Any = (), groups: Any = (), **columns: Any) -> Webhook:
    """A webhook for these types of events, by default all."""
    webhook = Webhook(**{"url": "https://hooks.example.com/", "events": list(events), **columns})
    webhook.save_with(vendors=list(vendors), groups=list(groups))
    return webhook


def stored_events() -> list[tuple[str, Any]]:
    """Type and data of the stored events, in order; their data has exactly the fields of its shape."""
    events = []
    for event in Event.objects.order_by("pk"):
        data = json.loads(event.data)
        shape = SHAPES[event.type]
        msgspec.convert(data, shape, strict=True)
        assert set(data) == set(shape.__required_keys__), event.type
        events.append((event.type, data))
    return events


def take_events() -> list[tuple[str, Any]]:
    """The stored events, which are then removed."""
    events = stored_events()
    Event.objects.all().delete()
    return events
