"""docs/events.md has every type of event and every field of its data, as the code has them."""

from pathlib import Path

from tests.config.installation import ROOT
from tokens.event_types.shapes import SHAPES, Finding, Holder, Price, PriceLine, fields_of
from tokens.event_types.vocabulary import TYPES

DOCUMENT = Path(ROOT, "docs", "events.md")


def write_table(shape: object) -> str:
    rows = [f"| `{name}` | {kind} | {text} |" for name, kind, text in fields_of(shape)]
    return "\n".join(["| field | type | value |", "|---|---|---|", *rows])


def write_types() -> str:
    """The part of the document that describes the types."""
    parts = [
        f"### {event_type.name}\n\nSent when {event_type.says}.\n\n{write_table(SHAPES[name])}"
        for name, event_type in TYPES.items()
    ]
    objects = {"Prices": Price, "Lines of prices": PriceLine, "Findings": Finding, "Holders": Holder}
    parts += [f"### {title}\n\n{write_table(shape)}" for title, shape in objects.items()]
    return "\n\n".join(parts)


def test_the_document_describes_every_type_and_field() -> None:
    assert set(SHAPES) == set(TYPES)
    assert write_types() in DOCUMENT.read_text()
