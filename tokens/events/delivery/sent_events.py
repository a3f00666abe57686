"""Events as they are sent. No database."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SentEvent:
    """An event as it is sent; `body` are the same characters at every attempt."""

    event_id: str
    type: str
    at: dt.datetime
    data: Mapping[str, Any]
    body: str
