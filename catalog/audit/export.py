"""The audit trail as JSON lines: one entry a line, with its old and new values and its place in the chain."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from catalog.audit.changes import changes_of
from catalog.exact import write_json
from catalog.models import AuditEntry

BATCH = 500
COLUMNS = (
    "id", "stream", "number", "actor", "actor_key", "action", "kind", "object_key", "name", "reason", "detail",
    "request_id", "address", "run", "previous_key_id", "history",
)  # fmt: skip


def json_lines(entries: QuerySet[AuditEntry]) -> Iterator[bytes]:
    rows = entries.iterator(chunk_size=BATCH)
    while batch := list(islice(rows, BATCH)):
        changes = changes_of(batch)
        for entry in batch:
            document: dict[str, Any] = {"at": f"{entry.at:%Y-%m-%dT%H:%M:%S.%fZ}"}
            document |= {name: getattr(entry, name) for name in COLUMNS}
            document["changes"] = {change.field: [change.old, change.new] for change in changes.get(entry.pk, [])}
            document["hash"] = bytes(entry.hash).hex()
            yield write_json(document) + b"\n"
