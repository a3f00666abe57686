"""Which reports and documents are old and needed by nothing.

A document is needed as long as its import can be rolled back, waits for a review, or may be compared with: with the
next document of its kind (pricing/imports/guards.py), or as one of the last documents of a public price book
(pricing/verification/since.py). A list price names its import and the hash of its document forever, so the rows of
applied imports and of their documents remain when the reports and the bytes are removed.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from catalog.models import ImportRun, NameList, Snapshot, Source
from pricing.verification.extracts import DOCUMENTS_READ

# Documents of each kind that remain, however old: the newest, and those that the verification compares it with.
LAST_DOCUMENTS = DOCUMENTS_READ + 1

Status = ImportRun.Status
COLUMNS = (
    "pk", "source_id", "snapshot_id", "snapshot__origin", "status", "options", "names_id", "created_at", "applied_at",
    "pruned_at",
)  # fmt: skip


@dataclass
class Unneeded:
    """The keys of rows to remove, and of imports and documents to reduce to what their prices refer to."""

    reports: list[int] = field(default_factory=list)
    discarded_runs: list[int] = field(default_factory=list)
    # Documents whose bytes are removed.
    documents: list[int] = field(default_factory=list)
    # Documents of no import.
    unused_documents: list[int] = field(default_factory=list)
    name_lists: list[int] = field(default_factory=list)


@dataclass
class _Series:
    """Versions of one document: from the same address, or with the same models."""

    origin: str
    names: frozenset[str]
    documents: set[int] = field(default_factory=set)

    def includes(self, origin: str, names: Collection[str]) -> bool:
        is_same_address = "://" in origin and origin == self.origin
        return is_same_address or (bool(names) and 2 * len(self.names.intersection(names)) >= len(names))


def find_unneeded(*, keep_from: dt.datetime) -> Unneeded:
    """What is older than `keep_from` and needed by nothing."""
    found = Unneeded()
    remaining: set[int] = set()
    needed = _last_fetched()
    names: set[int] = set()
    series: dict[object, list[_Series]] = {}
    lists: dict[int | None, frozenset[str]] = {}
    for run in ImportRun.objects.order_by("-pk").values(*COLUMNS).iterator():
        is_old = (run["applied_at"] or run["created_at"]) < keep_from
        is_last = run["status"] == Status.APPLIED and _is_last_of_its_kind(run, series, lists)
        if is_old and run["status"] == Status.DISCARDED:
            found.discarded_runs.append(run["pk"])
            continue
        remaining.add(run["snapshot_id"])
        if run["pruned_at"] is not None:
            continue
        if is_old and not is_last and run["status"] in (Status.APPLIED, Status.ROLLED_BACK):
            found.reports.append(run["pk"])
            continue
        needed.add(run["snapshot_id"])
        names.add(run["names_id"])
    _add_documents(found, needed, remaining, keep_from=keep_from)
    bases = dict(NameList.objects.order_by("pk").values_list("pk", "base"))
    names |= {base for key in names if (base := bases.get(key)) is not None}
    found.name_lists = sorted(bases.keys() - names, key=lambda key: (bases[key] is None, key))
    return found


def _is_last_of_its_kind(
    run: dict[str, Any], series: dict[object, list[_Series]], lists: dict[int | None, frozenset[str]]
) -> bool:
    """Whether the applied run has one of the last documents of its kind; `series` are those of newer runs."""
    options = run["options"]
    if options.get("adopted") or options.get("aliases_only"):
        # Its document is that of another run.
        return False
    names = lists.get(run["names_id"])
    if names is None:
        names = lists[run["names_id"]] = _names_of(run["names_id"])
    of_kind = series.setdefault((run["source_id"], options.get("as"), tuple(options.get("providers") or ())), [])
    origin = run["snapshot__origin"]
    its_series = next((one for one in of_kind if one.includes(origin, names)), None)
    if its_series is None:
        of_kind.append(its_series := _Series(origin, names))
    its_series.documents.add(run["snapshot_id"])
    return len(its_series.documents) <= LAST_DOCUMENTS


def _names_of(key: int | None) -> frozenset[str]:
    return frozenset() if key is None else frozenset(NameList.objects.get(pk=key).names)


def _last_fetched() -> set[int]:
    """The documents by which the next requests ask whether there is a newer one."""
    hashes = Source.objects.exclude(last_sha256="").values_list("pk", "last_sha256")
    return {
        key
        for source, sha256 in hashes
        for key in Snapshot.objects.filter(source=source, sha256=sha256).values_list("pk", flat=True)
    }


def _add_documents(found: Unneeded, needed: set[int], remaining: set[int], *, keep_from: dt.datetime) -> None:
    with_bytes = set(Snapshot.objects.filter(packed__isnull=False).values_list("pk", flat=True))
    bases = dict(Snapshot.objects.order_by("pk").values_list("pk", "base"))
    old = set(Snapshot.objects.filter(taken_at__lt=keep_from).values_list("pk", flat=True)) - needed
    old -= {base for key, base in bases.items() if key not in old and base is not None}
    # Differences come before what they are differences from.
    for key in sorted(old, key=lambda key: (bases[key] is None, key)):
        if key not in remaining:
            found.unused_documents.append(key)
        elif key in with_bytes:
            found.documents.append(key)
