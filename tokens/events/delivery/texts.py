"""Events as sentences, for mail, chats and lists in the admin."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.error_messages import count, printable
from tokens.events.delivery.sent_events import SentEvent

# Chats refuse long messages, Feishu at 20 KB. The other events are counted.
LONGEST_MESSAGE = 12_000
LONGEST_LINE = 500


@dataclass(frozen=True)
class Text:
    """A message for people: a title in one line, and a line for each event."""

    title: str
    lines: Sequence[str]

    @property
    def plain(self) -> str:
        return self.lines[0] if len(self.lines) == 1 else "\n".join([f"{self.title}:", *self.lines])


def write_text(events: Sequence[SentEvent]) -> Text:
    """The events as one message."""
    lines = [f"{write_sentence(event.type, event.data)} ({event.at:%Y-%m-%d %H:%M} UTC)" for event in events]
    if len(events) == 1:
        return Text(_cut(write_sentence(events[0].type, events[0].data)), lines)
    shown = list(_that_fit(lines))
    if rest := events[len(shown) :]:
        numbers = ", ".join(
            f"{number:,} {name}" for name, number in Counter(event.type for event in rest).most_common()
        )
        shown.append(f"And {count(len(rest), 'event')} more: {numbers}.")
    return Text(count(len(events), "event"), shown)


def write_sentence(event_type: str, data: Mapping[str, Any]) -> str:
    """One event as a sentence in one line."""
    return _cut(f"{event_type}: " + ", ".join(f"{name} {value}" for name, value in data.items() if value))


def _cut(text: str) -> str:
    """The text in one line without control characters: names are typed by people."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def _that_fit(lines: Sequence[str]) -> Iterator[str]:
    length = 0
    for line in lines:
        length += len(line.encode()) + 1
        if length > LONGEST_MESSAGE:
            return
        yield line
