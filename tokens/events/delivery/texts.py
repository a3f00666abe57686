"""Events as sentences, for mail, chats and lists in the admin."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.error_messages import count, printable
from tokens.events.delivery.sent_events import SentEvent
from tokens.events.delivery.sentences import write_sentence

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
    sentences = [in_one_line(write_sentence(event.type, event.data)) for event in events]
    lines = [f"{event.at:%Y-%m-%d %H:%M} UTC: {sentence}" for event, sentence in zip(events, sentences, strict=True)]
    if len(events) == 1:
        return Text(sentences[0], lines)
    shown = list(_that_fit(lines))
    if rest := events[len(shown) :]:
        numbers = ", ".join(
            f"{number:,} {name}" for name, number in Counter(event.type for event in rest).most_common()
        )
        shown.append(f"And {count(len(rest), 'event')} more: {numbers}.")
    return Text(count(len(events), "event"), shown)


def in_one_line(text: str) -> str:
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
