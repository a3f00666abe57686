"""Where the facts of a model come from, as visitors may see it: by the same rules as prices, see provenance.py."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from catalog.imports.provenance import NO_RUN, field_runs
from catalog.models import AIModel
from pricing.verification.books import Edition, aliases_of_models
from pricing.verification.provenance import Origin, origins_of_runs
from pricing.verification.quorum import is_vendors_own
from pricing.verification.statements import COMPARED_FACTS, ModelNames, comparable_fact


@dataclass(frozen=True)
class ExplainedFact:
    """The source of a field; `origin` is None if it is the operator's own.

    `confirmed_by` and `stated_by` are numbers of independent books, None if it was not compared; `differing` are those
    that state another value.
    """

    origin: Origin | None
    confirmed_by: int | None = None
    stated_by: int | None = None
    differing: tuple[str, ...] = ()


def explain_facts(
    model: AIModel, fields: Collection[str], *, editions: Sequence[Edition] = ()
) -> dict[str, ExplainedFact]:
    """Field -> its source, and the books that state the same today."""
    runs = field_runs({model.pk: fields}).get(model.pk, {})
    origins = origins_of_runs({run for run in runs.values() if run != NO_RUN})
    is_compared = bool(editions) and is_vendors_own(model.name)
    names = ModelNames.of(model.name, aliases_of_models().get(model.name, ()) if is_compared else ())
    stated = [
        (edition.book, edition.statements.facts_of(names)) for edition in editions if is_compared and not edition.is_old
    ]
    explained = {}
    for name in fields:
        origin = origins.get(runs.get(name, NO_RUN))
        books = [(book, facts[name]) for book, facts in stated if name in facts]
        if name not in COMPARED_FACTS or not books:
            explained[name] = ExplainedFact(origin)
            continue
        ours = comparable_fact(getattr(model, name))
        explained[name] = ExplainedFact(
            origin,
            len({book.family for book, fact in books if fact == ours}),
            len({book.family for book, _fact in books}),
            tuple(book.name for book, fact in books if fact != ours),
        )
    return explained
