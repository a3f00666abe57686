"""Where each published figure comes from, as visitors may see it.

Visitors see the source only of list prices, and only if it is a public price book: its public name and address, when
its document was fetched, and the hash of the document. Everything else is the operator's: sell prices, prices that a
person entered, files of the operator, lists of gateways and channels, and copies of a book at another address. Names,
addresses and hashes of these are never shown.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop

from catalog.models import ImportRun, Source
from catalog.prices import Line, Sheet
from catalog.source_trust import UPSTREAM
from catalog.sources import SOURCES
from pricing.models import PriceSheet
from pricing.published.boundaries import PUBLIC_ROLES
from pricing.published.prices import MAX_KEYS, sheets_in_force
from pricing.verification.books import Edition, aliases_of_models, usual_editions
from pricing.verification.figures import figures_of, keyed_lines
from pricing.verification.matrix import Row, rows_of_model
from pricing.verification.quorum import BOOKS, is_vendors_own
from pricing.verification.statements import ModelNames

# Books that no price is compared with, because they repeat others.
OTHER_NAMES = {"llm_prices": "llm-prices", "starter": gettext_noop("Starter catalog")}
NAMES = {reader: book.name for reader, book in BOOKS.items()} | OTHER_NAMES
# The source of the operator's own prices.
OPERATOR = "operator"
# On these hosts, everybody's documents have the same host name: the first two parts of the path name the owner.
SHARED_HOSTS = ("raw.githubusercontent.com", "github.com")


@dataclass(frozen=True)
class Origin:
    """A public document: the name and address of its book, when it was fetched, and its hash."""

    name: str
    url: str
    fetched_at: dt.datetime
    sha256: str


@dataclass(frozen=True)
class Evidence:
    """All that explanations depend on beside the prices, for the keys of caches: no fetch raises the revision."""

    # The books that figures are compared with; without any, no confirmations are known.
    editions: tuple[Edition, ...]
    # The columns that decide whether the documents of a source are public.
    sources: tuple[tuple[Any, ...], ...]

    @classmethod
    def read(cls, *, at: dt.datetime, now: dt.datetime) -> "Evidence":
        """The evidence for prices at a moment. The books state what prices are now, and not what they were."""
        columns = Source.objects.order_by("pk").values_list("pk", "slug", "reader", "kind", "trust", "url")
        return cls(usual_editions(at=now) if at == now else (), tuple(columns))


@dataclass(frozen=True)
class ExplainedLine:
    """A line of a list or sell sheet; `origin` is None if it is the operator's own.

    `confirmed_by` is how many independent books state the same list price, of `stated_by` that state one; None if it
    was not compared. `differing` are the books with another amount, and their lines.
    """

    line: Line
    origin: Origin | None
    confirmed_by: int | None
    stated_by: int | None = None
    differing: tuple[tuple[str, Line], ...] = ()


@dataclass(frozen=True)
class ExplainedSheet:
    """The sheet that a published price is made from, before discounts."""

    role: str
    sheet: Sheet
    lines: tuple[ExplainedLine, ...]


class Named(Protocol):
    """A model's key and id."""

    @property
    def pk(self) -> int: ...
    @property
    def name(self) -> str: ...


def explain(
    models: Iterable[Named], groups: Collection[str], *, at: dt.datetime, editions: tuple[Edition, ...] = ()
) -> dict[int, ExplainedSheet]:
    """Model key -> its explained price at a moment, as readers in these groups may see it.

    Figures are compared with `editions`; without any, `confirmed_by` is None.
    """
    by_key = {model.pk: model for model in models}
    sheets = sheets_in_force(by_key, roles=PUBLIC_ROLES, at=at)
    runs = _runs_of_sheets(by_key, at=at)
    origins = origins_of_runs({run for run in runs.values() if run} | set(_runs_of_lines(sheets.values())))
    aliases = aliases_of_models() if editions else {}
    explained = {}
    for key, by_role in sheets.items():
        role = PriceSheet.Role.SELL if PriceSheet.Role.SELL in by_role else PriceSheet.Role.LIST
        whole = by_role[role]
        compared: Mapping[object, Row] = {}
        if editions and role == PriceSheet.Role.LIST and is_vendors_own(by_key[key].name):
            names = ModelNames.of(by_key[key].name, aliases.get(by_key[key].name, ()))
            rows = rows_of_model(by_key[key].name, key, figures_of(whole), names, editions, at=at)
            compared = {row.key: row for row in rows}
        sheet = whole.seen_by(groups)
        lines = (
            _explained(
                line,
                origins.get(line.run or runs.get(key) or 0) if role == PriceSheet.Role.LIST else None,
                compared.get(figure),
            )
            for figure, line in keyed_lines(sheet)
            if not (line.is_discount or line.is_group_rate)
        )
        explained[key] = ExplainedSheet(role, sheet, tuple(lines))
    return explained


def _explained(line: Line, origin: Origin | None, row: Row | None) -> ExplainedLine:
    if row is None:
        return ExplainedLine(line, origin, None)
    return ExplainedLine(line, origin, row.confirmations, row.stated_by, row.differing)


def _runs_of_sheets(keys: Collection[int], *, at: dt.datetime) -> dict[int, int | None]:
    """Model key -> the run of its current list sheet."""
    sheets = PriceSheet.objects.in_force(at=at).filter(role=PriceSheet.Role.LIST)
    if len(keys) <= MAX_KEYS:
        sheets = sheets.filter(model__in=keys)
    return dict(sheets.values_list("model", "run"))


def _runs_of_lines(sheets: Iterable[Mapping[str, Sheet]]) -> Iterator[int]:
    for by_role in sheets:
        yield from (line.run for sheet in by_role.values() for line in sheet.lines if line.run)


def origins_of_runs(runs: Collection[int]) -> dict[int, Origin]:
    """Run -> the public document that it imported; runs of other documents are left out."""
    rows = ImportRun.objects.filter(pk__in=runs).select_related("source", "snapshot")
    origins = {}
    for run in rows.defer("report", "snapshot__packed"):
        reader = run.source.reader or run.source.slug
        if is_public(run.source, run.snapshot.origin):
            url = SOURCES[reader].url
            origins[run.pk] = Origin(NAMES[reader], url, run.snapshot.taken_at, run.snapshot.sha256)
    return origins


def is_public(source: Source, origin: str) -> bool:
    """Whether a document of this source, from this file or address, is that of a public book."""
    reader = source.reader or source.slug
    if reader not in NAMES or source.kind != Source.Kind.LIST or source.trust >= UPSTREAM:
        return False
    return all(_place(url) == _place(SOURCES[reader].url) for url in (source.url, origin) if "://" in url)


def _place(url: str) -> tuple[str, ...]:
    """The host of an address, and the owner on hosts that many share."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return (host, *parts.path.split("/")[1:3]) if host in SHARED_HOSTS else (host,)
