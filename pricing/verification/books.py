"""The newest stored document of each public price book, as the figures that it states for the vendors' own models.

Documents are read by the readers of imports. A document is read once per process: its figures are cached by its hash.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import OuterRef, Q, QuerySet, Subquery

from catalog.caches import process_cache
from catalog.error_messages import InputError
from catalog.imports.documents import read_document
from catalog.imports.spellings import spelling_of
from catalog.models import ImportRun, ModelAlias, Snapshot, Source
from catalog.prices import Sheet
from catalog.source_trust import UPSTREAM
from catalog.sources import SOURCES
from catalog.sources.records import Record
from pricing.verification.figures import Figures, figures_of
from pricing.verification.quorum import BOOKS, MOST_DAYS, USUAL_BOOKS, PublicBook, is_vendors_own

# Documents whose figures stay in memory: a few versions of each book.
CACHED_DOCUMENTS = 16
# The facts of models that books are compared by. Every book has other capabilities, so they say nothing of each other.
COMPARED_FACTS = (
    "context_length", "max_input_tokens", "max_output_tokens", "input_modalities", "output_modalities", "released_on",
    "deprecated_on", "retires_on", "knowledge_cutoff", "open_weights",
)  # fmt: skip
# A document that waits for review is stored, and newer than the one that was applied.
VALID_RUNS = (ImportRun.Status.APPLIED, ImportRun.Status.PLANNED, ImportRun.Status.STOPPED)


@dataclass(frozen=True)
class Statement:
    """What a book states for a model: figures with their dates, the last one that applies wins."""

    dated: tuple[tuple[dt.datetime | None, dt.datetime | None, Figures], ...]

    def at(self, moment: dt.datetime) -> tuple[Figures, dt.datetime | None]:
        """The figures at a moment, and since when the book says that they apply, if it says so."""
        for starts_at, ends_at, figures in reversed(self.dated):
            if (starts_at is None or starts_at <= moment) and (ends_at is None or moment < ends_at):
                return figures, starts_at
        return {}, None


@dataclass(frozen=True)
class ModelNames:
    """The ids by which a book may list a model: its own, its aliases that name no host, and other spellings of it."""

    ids: tuple[str, ...]
    spelling: str

    @classmethod
    def of(cls, name: str, aliases: Iterable[str] = ()) -> "ModelNames":
        return cls((name, *filter(is_vendors_own, aliases)), spelling_of(name))


@dataclass(frozen=True)
class Statements:
    """The statements of one document, by the book's own ids."""

    by_name: Mapping[str, Statement] = field(default_factory=dict)
    # The key of all spellings of an id -> the shortest of them.
    by_spelling: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    # By the book's own ids: what it states of each of COMPARED_FACTS; None where it says nothing.
    facts: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def facts_of(self, names: "ModelNames") -> dict[str, object]:
        """Field -> what the book states of a model; unknown fields are left out."""
        known = next((name for name in names.ids if name in self.facts), None)
        stated = self.facts.get(known or self.by_spelling.get(names.spelling, ""), ())
        return {name: fact for name, fact in zip(COMPARED_FACTS, stated, strict=False) if fact is not None}

    def of_model(self, names: "ModelNames") -> Statement | None:
        """The statement for a model: its row by exact id, by an alias, or by the same id in another spelling."""
        known = next((name for name in names.ids if name in self.by_name), None)
        return self.by_name.get(known or self.by_spelling.get(names.spelling, ""))


@dataclass(frozen=True)
class Edition:
    """The newest stored document of a book; `source` is the key of the source that it came from."""

    book: PublicBook
    snapshot: int
    sha256: str
    fetched_at: dt.datetime
    source: int
    run: int
    # Whether it is too old to count.
    is_old: bool = False

    @property
    def statements(self) -> Statements:
        return statements_of(self.book.reader, self.snapshot, self.sha256)


def newest_editions(
    readers: Sequence[str], *, at: dt.datetime, older_than: dt.timedelta | None = None
) -> tuple[Edition, ...]:
    """The newest document of each of these books that is stored; older ones than `older_than` are marked."""
    newest: dict[str, ImportRun] = {}
    for run in _newest_runs(readers):
        reader = run.source.reader or run.source.slug
        # A source of the book's own name comes before a copy that an operator named differently.
        if reader not in newest or run.source.slug == reader:
            newest[reader] = run
    chosen = (newest[reader] for reader in dict.fromkeys(readers) if reader in newest)
    return tuple(_edition(run, at=at, older_than=older_than) for run in chosen)


def usual_editions(*, at: dt.datetime) -> tuple[Edition, ...]:
    """The newest documents of the usual books; those that are too old to count are marked."""
    return newest_editions(USUAL_BOOKS, at=at, older_than=dt.timedelta(days=MOST_DAYS))


def _newest_runs(readers: Sequence[str]) -> QuerySet[ImportRun]:
    """The newest run of each source with these books' documents as list prices, the newest first."""
    of_books = Q(reader__in=readers) | Q(reader="", slug__in=readers)
    public = Source.objects.filter(of_books, kind=Source.Kind.LIST, trust__lt=UPSTREAM)
    sources = public.exclude(prices_as__in=["sell", "cost"])
    # One run of each source: a group of all runs would read years of them for each view of a page.
    runs = document_runs().filter(source=OuterRef("pk")).order_by("-pk").values("pk")
    newest = sources.annotate(newest=Subquery(runs[:1])).values("newest")
    rows = ImportRun.objects.filter(pk__in=newest).order_by("-pk").select_related("source", "snapshot")
    return rows.defer("report", "snapshot__packed")


def document_runs() -> QuerySet[ImportRun]:
    """The runs that read a document of list prices.

    Discarded and undone runs say nothing, and runs for aliases or an adopted figure may be about an older document.
    """
    reads_none = Q(options__icontains='"adopted":true') | Q(options__icontains='"aliases_only":true')
    return ImportRun.objects.filter(status__in=VALID_RUNS, options__icontains='"as":"list"').exclude(reads_none)


def _edition(run: ImportRun, *, at: dt.datetime, older_than: dt.timedelta | None) -> Edition:
    source, snapshot = run.source, run.snapshot
    is_unchanged = source.last_sha256 == snapshot.sha256 and not source.error
    last_seen = max(run.created_at, source.checked_at if is_unchanged and source.checked_at else run.created_at)
    is_old = older_than is not None and last_seen < at - older_than
    book = BOOKS[source.reader or source.slug]
    return Edition(book, snapshot.pk, snapshot.sha256, snapshot.taken_at, source.pk, run.pk, is_old)


@process_cache(maxsize=CACHED_DOCUMENTS)
def statements_of(reader: str, snapshot: int, _sha256: str) -> Statements:
    """The figures of a stored document; a document that cannot be read has none and a problem."""
    try:
        document = read_document(SOURCES[reader].read, Snapshot.objects.get(pk=snapshot).content)
    except InputError as error:
        return Statements(problem=str(error))
    by_name: dict[str, Statement] = {}
    by_spelling: dict[str, str] = {}
    facts: dict[str, tuple[object, ...]] = {}
    own = (record for record in document.records if record.provider or is_vendors_own(record.name))
    for record in own:
        facts[record.name] = tuple(_fact(record, name) for name in COMPARED_FACTS)
        statement = Statement(tuple(_dated(record)))
        if statement.dated:
            by_name[record.name] = statement
            spelling = spelling_of(record.name)
            by_spelling[spelling] = min(by_spelling.get(spelling, record.name), record.name, key=_length)
    return Statements(by_name, by_spelling, facts=facts)


def _fact(record: Record, name: str) -> object:
    """A fact in a form that can be compared; None if the book does not state it, or the reader inferred it."""
    value = None if name in record.inferred else getattr(record, name)
    return comparable_fact(value)


def comparable_fact(value: object) -> object:
    """A fact in a form in which the order of a list does not matter; None for an unknown one."""
    if isinstance(value, list | tuple):
        return frozenset(value) or None
    return None if value in ("", 0) and not isinstance(value, bool) else value


def _length(name: str) -> tuple[int, str]:
    return len(name), name


def _dated(record: Record) -> Iterator[tuple[dt.datetime | None, dt.datetime | None, Figures]]:
    sheets: Iterable[Sheet] = record.schedule or ((record.prices,) if record.prices else ())
    for sheet in sheets:
        if figures := figures_of(sheet):
            yield sheet.starts_at, sheet.ends_at, figures


def aliases_of_models() -> dict[str, list[str]]:
    """Model id -> its aliases."""
    aliases: dict[str, list[str]] = {}
    for alias, model in ModelAlias.objects.order_by("name").values_list("name", "model__name"):
        aliases.setdefault(model, []).append(alias)
    return aliases
