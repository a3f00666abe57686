"""The statements of stored documents, packed and stored beside them, so that no page reads a whole document again.

An import stores the extract of its document in its own transaction. `store_missing` adds those of other documents, e.g.
of an older version of this program. Without its extract, a document is read as a whole, with the same result.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

import catalog.exact
import catalog.imports.documents
import catalog.imports.resolving
import catalog.imports.spellings
import catalog.parameters
import catalog.prices
import catalog.sources
import catalog.vendor_matching
import catalog.vendor_names
import catalog.vocabulary
from catalog.caches import process_cache
from catalog.db import revision
from catalog.error_messages import InputError
from catalog.imports.documents import read_document
from catalog.models import DocumentExtract, Snapshot
from catalog.sources import SOURCES
from catalog.sources.records import Document
from pricing.verification import quorum, statements
from pricing.verification.statements import Statements, pack, pack_problem

# A difference that is older than this many documents is old enough.
DOCUMENTS_READ = 12
# Only the last documents of a source have extracts: those of hourly documents would fill the disk, because an extract
# is stored in full, and a document as a difference.
MOST_EXTRACTS = DOCUMENTS_READ + 1
# What an extract depends on beside its document. With other code, it may be wrong.
READING = (
    catalog.exact, catalog.parameters, catalog.prices, catalog.vendor_matching, catalog.vendor_names,
    catalog.vocabulary, catalog.imports.documents, catalog.imports.resolving, catalog.imports.spellings, quorum,
    statements,
)  # fmt: skip


def read_statements(reader: str, snapshot: int) -> Statements:
    """The statements of a stored document; a document that cannot be read has none and a problem."""
    packed = _stored(snapshot).filter(version=version_of(reader)).values_list("packed", flat=True).first()
    if packed is None:
        try:
            packed = _packed(reader, Snapshot.objects.get(pk=snapshot).content)
        except InputError as error:
            return Statements(problem=str(error))
    return Statements(bytes(packed))


def store(snapshot: Snapshot, reader: str, document: Document) -> None:
    """Stores the extract of a whole document, in the transaction of the caller."""
    if not _stored(snapshot.pk).filter(version=version_of(reader)).exists():
        _store(snapshot, reader, pack(document.records))


def store_missing(documents: Iterable[tuple[str, int]]) -> int:
    """Stores the missing extracts of documents, each a reader and the key of a snapshot; returns how many."""
    wanted = {key: reader for reader, key in documents}
    stored = set(DocumentExtract.objects.filter(snapshot__in=wanted).values_list("snapshot", "version"))
    number = 0
    for key, reader in wanted.items():
        if (key, version_of(reader)) in stored:
            continue
        try:
            packed = _packed(reader, Snapshot.objects.get(pk=key).content)
        except InputError:
            # Its bytes are damaged or pruned: importing it again restores them.
            continue
        with transaction.atomic():
            # Pruning removes extracts together with the bytes of their documents.
            revision.hold()
            snapshot = Snapshot.objects.filter(pk=key, packed__isnull=False).defer("packed").first()
            if snapshot is not None:
                _store(snapshot, reader, packed)
                number += 1
    return number


@process_cache(maxsize=None)
def version_of(reader: str) -> str:
    """A hash of the code that makes extracts, and of the reader's name."""
    digest = hashlib.sha256(reader.encode())
    paths = [path for folder in catalog.sources.__path__ for path in Path(folder).rglob("*.py")]
    paths += [Path(str(module.__file__)) for module in READING]
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stored(snapshot: int) -> QuerySet[DocumentExtract]:
    return DocumentExtract.objects.filter(snapshot=snapshot)


def _packed(reader: str, content: bytes) -> bytes:
    try:
        return pack(read_document(SOURCES[reader].read, content).records)
    except InputError as error:
        return pack_problem(str(error))


def _store(snapshot: Snapshot, reader: str, packed: bytes) -> None:
    _stored(snapshot.pk).delete()
    extract = DocumentExtract.objects.create(snapshot=snapshot, version=version_of(reader), packed=packed)
    of_source = DocumentExtract.objects.filter(snapshot__source=snapshot.source_id, pk__lte=extract.pk)
    newest = of_source.order_by("-pk").values_list("pk", flat=True)
    if older := list(newest[MOST_EXTRACTS:]):
        DocumentExtract.objects.filter(pk__in=older).delete()
