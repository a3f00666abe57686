"""The newest stored document of each public price book, as the figures that it states for the vendors' own models.

The figures are read from the extract of the document (extracts.py), and cached in each process by its hash.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import OuterRef, Q, QuerySet, Subquery

from catalog.caches import process_cache
from catalog.models import ImportRun, ModelAlias, Source
from catalog.source_trust import UPSTREAM
from pricing.verification.extracts import read_statements, store_missing
from pricing.verification.quorum import BOOKS, MOST_DAYS, USUAL_BOOKS, PublicBook
from pricing.verification.statements import Statements

# Documents whose figures stay in memory: a few versions of each book.
CACHED_DOCUMENTS = 16
# A document that waits for review is stored, and newer than the one that was applied.
VALID_RUNS = (ImportRun.Status.APPLIED, ImportRun.Status.PLANNED, ImportRun.Status.STOPPED)


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
    return read_statements(reader, snapshot)


def store_missing_extracts(*, at: dt.datetime) -> int:
    """Stores what the newest documents of the usual books state, if their imports did not; returns how many."""
    return store_missing((edition.book.reader, edition.snapshot) for edition in usual_editions(at=at))


def aliases_of_models() -> dict[str, list[str]]:
    """Model id -> its aliases."""
    aliases: dict[str, list[str]] = {}
    for alias, model in ModelAlias.objects.order_by("name").values_list("name", "model__name"):
        aliases.setdefault(model, []).append(alias)
    return aliases
