"""The packed statements of a document are those of its records, for every model and every way to name one."""

from typing import Any

from catalog.imports.documents import read_document
from catalog.imports.spellings import spelling_of
from catalog.sources import SOURCES
from catalog.sources.records import Record
from pricing.engine.formatting.amounts import line_amount
from pricing.engine.formatting.lines import label
from pricing.verification.figures import Figures, figures_of
from pricing.verification.quorum import BOOKS, is_vendors_own
from pricing.verification.statements import (
    COMPARED_FACTS,
    ModelNames,
    Statement,
    Statements,
    comparable_fact,
    pack,
    pack_problem,
)
from tests.pricing.verification import books
from tests.pricing.verification.test_starter import REAL
from tests.samples import real, sample
from tests.samples.starter_books import extracts


class Reference:
    """What the records of a document say, without packing."""

    def __init__(self, records: tuple[Record, ...]) -> None:
        self.facts: dict[str, tuple[object, ...]] = {}
        self.prices: dict[str, Statement] = {}
        self.shortest: dict[str, str] = {}
        for record in records:
            if not (record.provider or is_vendors_own(record.name)):
                continue
            self.facts[record.name] = tuple(
                None if name in record.inferred else comparable_fact(getattr(record, name)) for name in COMPARED_FACTS
            )
            sheets = record.schedule or ((record.prices,) if record.prices else ())
            figures = [(sheet.starts_at, sheet.ends_at, figures_of(sheet)) for sheet in sheets]
            dated = tuple(part for part in figures if part[2])
            if dated:
                self.prices[record.name] = Statement(dated)
                spelling = spelling_of(record.name)
                names = [self.shortest.get(spelling, record.name), record.name]
                self.shortest[spelling] = min(names, key=lambda name: (len(name), name))

    def of_model(self, names: ModelNames) -> Statement | None:
        known = next((name for name in names.ids if name in self.prices), None)
        return self.prices.get(known or self.shortest.get(names.spelling, ""))

    def facts_of(self, names: ModelNames) -> dict[str, object]:
        known = next((name for name in names.ids if name in self.facts), None)
        stated = self.facts.get(known or self.shortest.get(names.spelling, ""), ())
        return {name: fact for name, fact in zip(COMPARED_FACTS, stated, strict=False) if fact is not None}


def assert_same(reader: str, content: bytes) -> int:
    """Compares all ids of a document, as they are written, in other spellings and as aliases; returns their number."""
    records = read_document(SOURCES[reader].read, content).records
    reference, statements = Reference(records), Statements(pack(records))
    ids = [record.name for record in records]
    asked = [ModelNames.of(name) for name in (*ids, *map(str.upper, ids), *(name.replace(".", "-") for name in ids))]
    asked += [ModelNames.of(f"alias-{number}", [name]) for number, name in enumerate(ids)]
    for names in asked:
        expected, stated = reference.of_model(names), statements.of_model(names)
        assert stated == expected, names
        assert statements.facts_of(names) == reference.facts_of(names), names
        for (*_, figures), (*_, others) in zip(
            () if stated is None else stated.dated, () if expected is None else expected.dated, strict=True
        ):
            assert texts(figures) == texts(others), names
    assert any(statements.of_model(names) for names in asked)
    return len(ids)


def texts(figures: Figures) -> list[tuple[str, str]]:
    """As people read them: equal numbers could be written in different ways."""
    return [(label(line), line_amount(line, key.currency)) for key, line in figures.items()]


def test_every_book_states_the_same_packed_as_its_records() -> None:
    for reader in BOOKS:
        assert assert_same(reader, sample(f"{reader}.json"))
    for reader, content in extracts().items():
        assert assert_same(reader, content)


def test_whole_documents_state_the_same_packed_as_their_records() -> None:
    for reader, name in REAL.items():
        assert assert_same(reader, real(name)) > 100


def test_an_id_without_prices_leaves_those_of_its_other_spelling() -> None:
    rows: dict[str, dict[str, Any] | str] = {
        "openai/gpt_5": {"max_input_tokens": 9},
        "gpt_5": {"input_cost_per_token": 2e-6, "max_input_tokens": 8},
    }
    content = books.litellm(**rows)
    statements = Statements(pack(read_document(SOURCES["litellm"].read, content).records))
    names = ModelNames.of("openai/gpt-5")

    assert statements.of_model(names) == statements.of_model(ModelNames.of("gpt-5")) is not None
    assert statements.facts_of(names)["context_length"] == 9


def test_a_document_that_cannot_be_read_states_nothing() -> None:
    statements = Statements(pack_problem("The document is empty."))

    assert statements.problem == "The document is empty."
    assert statements.of_model(ModelNames.of("gpt-5")) is None
    assert statements.facts_of(ModelNames.of("gpt-5")) == {}
