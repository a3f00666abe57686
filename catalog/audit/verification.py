"""Compares the audit trail with its hashes and with the histories: finds what was changed outside of the application.

Two chains are read in order and in batches, with the history rows that their entries are about. Anyone who can write to
the database can also write consistent hashes, so the heads should be stored elsewhere, too: a head that was written
before must still be in its chain.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connection

from catalog.db import chain
from catalog.db.audit import CHANGES, EVENTS, FIELDS, UNSIGNED, Columns, columns_of, recorded_models
from catalog.db.snapshot import snapshot
from catalog.models import AuditColumns, AuditEntry, AuditHead, ImportRun

BATCH = 1000
# Values that SQL can store and Python cannot read.
UNREADABLE = (DatabaseError, ValueError, OverflowError)
ENTRIES = AuditEntry._meta.db_table
PLACE = {name: number for number, name in enumerate(FIELDS)}

Row = Sequence[Any]


@dataclass(frozen=True)
class Fault:
    """The first row that does not agree with its hash: its table, its key, what it is about, and what is wrong."""

    table: str
    key: int | None
    about: str
    at: str
    problem: str

    def __str__(self) -> str:
        key = "" if self.key is None else f" {self.key}"
        about = f", {self.about}" if self.about else ""
        at = f", of {self.at} UTC" if self.at else ""
        return f"{self.table}{key}{about}{at}: {self.problem}"


# Letters of a hash; tokens/logs.py removes runs of 40 and more, which may be keys.
HALF = 32


@dataclass
class Verification:
    """The result: how many entries agree, and the head or the first fault."""

    entries: int = 0
    # The hash at the end of each chain.
    hashes: dict[str, str] = field(default_factory=dict)
    fault: Fault | None = None

    @property
    def head(self) -> str:
        """The ends of both chains, as one text to write elsewhere; in halves, because logs hide longer runs."""
        ends = (self.hashes.get(stream, "") for stream in (CHANGES, EVENTS))
        return ".".join(f"{end[:HALF]}-{end[HALF:]}" if end else "" for end in ends)


def verify(*, heads: Collection[str] = ()) -> Verification:
    """Reads everything; `heads` are those that were written elsewhere before."""
    result = Verification()
    with snapshot():
        for stream, place in ((CHANGES, 0), (EVENTS, 1)):
            # One hash alone is that of the changes.
            wanted = {parts[place] for head in heads if len(parts := head.lower().replace("-", "").split(".")) > place}
            result.fault = _Chain(stream, wanted - {chain.FIRST.hex()}).verify(result)
            if result.fault:
                return result
        result.fault = _find_stray() or _find_inserted()
    return result


@dataclass
class _Chain:
    stream: str
    # Hashes that must occur.
    wanted: set[str]
    number: int = 0
    previous: bytes = chain.FIRST

    def verify(self, result: Verification) -> Fault | None:
        histories = _Histories()
        for rows in self._batches():
            fault, sound = self._verify_hashes(rows)
            if found := histories.verify([row[1:] for row in rows[:sound]]):
                return found
            if fault:
                return fault
            result.entries += len(rows)
        result.hashes[self.stream] = self.previous.hex()
        return self._verify_end()

    def _batches(self) -> Iterator[list[Row]]:
        """Id, FIELDS and hash of all entries, in the order of their ids."""
        last, size = 0, BATCH
        while True:
            try:
                rows = _select(ENTRIES, ["id", *FIELDS, "hash"], "stream = %s AND id > %s", [self.stream, last], size)
            except UNREADABLE:
                if size == 1:
                    raise
                size = 1
                continue
            if not rows:
                return
            yield rows
            last, size = rows[-1][0], BATCH

    def _verify_hashes(self, rows: Sequence[Row]) -> tuple[Fault | None, int]:
        """The first entry that does not continue the chain, and how many before it do."""
        for sound, row in enumerate(rows):
            number, digest = row[1 + PLACE["number"]], chain.hash_of(self.previous, row[1:-1])
            if number != self.number + 1:
                left_out = "entries before it were removed" if number > self.number + 1 else "it was inserted or moved"
                return _fault_of_entry(row, f"its number is {number}, and {self.number + 1} is next: {left_out}"), sound
            if digest != bytes(row[-1] or b""):
                return _fault_of_entry(row, "the entry, or the one before it, was changed"), sound
            self.number, self.previous = number, digest
            self.wanted.discard(digest.hex())
        return None, len(rows)

    def _verify_end(self) -> Fault | None:
        stored = AuditHead.objects.filter(stream=self.stream).values_list("number", "hash").first()
        number, digest = (stored[0], bytes(stored[1])) if stored else (0, chain.FIRST)
        table = AuditHead._meta.db_table
        if number > self.number:
            missing = f"the last {number - self.number} entries of {self.stream} were removed"
            return Fault(table, None, self.stream, "", missing)
        if (number, digest) != (self.number, self.previous):
            return Fault(table, None, self.stream, "", "the end of the chain is not that of its last entry")
        if self.wanted:
            missing = f"the chain has no entry with the hash {min(self.wanted)}, which was written elsewhere"
            return Fault(ENTRIES, None, self.stream, "", f"{missing}: entries were removed, or a backup was restored")
        return None


def _fault_of_entry(row: Row, problem: str) -> Fault:
    values = dict(zip(("id", *FIELDS), row, strict=False))
    about = f"{values['kind']} {values['name']}".strip()
    return Fault(ENTRIES, values["id"], about, _second(values["at"]), problem)


class _Histories:
    """Compares entries with the history rows that they are about."""

    def __init__(self) -> None:
        current = [columns_of(model) for model in recorded_models()]
        self.tables = {each.kind: each.table for each in current}
        self.names = {each.kind: {*each.names} for each in current}
        self.columns = {each.fingerprint: each for each in current}
        for key, kind, names in AuditColumns.objects.values_list("id", "kind", "names"):
            if key not in self.columns and key == chain.fingerprint(kind, names.split()):
                self.columns[key] = Columns.of_names(kind, self.tables.get(kind, ""), names.split())
        self.runs = set(ImportRun.objects.values_list("pk", flat=True))
        self.operators = set(_operators())

    def verify(self, entries: Sequence[Row]) -> Fault | None:
        """The first fault of these entries, with the columns FIELDS."""
        faults: dict[int, Fault] = {}
        by_columns: dict[int, list[int]] = {}
        for place, entry in enumerate(entries):
            if entry[PLACE["history"]] is not None:
                by_columns.setdefault(entry[PLACE["columns"]], []).append(place)
        for key, places in by_columns.items():
            columns = self.columns.get(key)
            if columns is None:
                # Without the names of its columns, no history row of that version could be verified.
                kind, problem = entries[places[0]][PLACE["kind"]], "the row was changed or removed"
                faults[places[0]] = Fault(AuditColumns._meta.db_table, key, kind, "", problem)
                continue
            for place, problem in self._problems(columns, entries, places):
                faults[place] = self._fault(entries[place], problem)
        return faults[min(faults)] if faults else None

    def _problems(self, columns: Columns, entries: Sequence[Row], places: Sequence[int]) -> Iterator[tuple[int, str]]:
        if not self.names.get(columns.kind, set()).issuperset(columns.names):
            # A later version has removed a column or the table; the entries themselves are verified.
            return
        found = self._digests(columns, [entries[place][PLACE["history"]] for place in places])
        for place in places:
            entry = entries[place]
            row = found.get(entry[PLACE["history"]])
            if row is None:
                yield place, "the row was removed"
            elif row[0] != bytes(entry[PLACE["digest"]] or b""):
                yield place, "the row was changed"
            elif not self._is_key(row[1], entry[PLACE["actor_key"]], self.operators):
                yield place, "the row was changed: it names another operator"
            elif not self._is_key(row[2], entry[PLACE["run"]], self.runs):
                yield place, "the row was changed: it names another import run"

    def _is_key(self, key: int | None, recorded: int | None, existing: Collection[int]) -> bool:
        """References become empty when operators and runs are deleted."""
        return key == recorded or (key is None and recorded not in existing)

    def _digests(self, columns: Columns, keys: Sequence[int]) -> dict[int, tuple[bytes, Any, Any]]:
        """Key of a history row -> its digest, its operator and its run; a row that cannot be read has no digest."""
        try:
            places = ", ".join(["%s"] * len(keys))
            names = [*columns.own, *UNSIGNED]
            rows = _select(columns.table, names, f"history_id IN ({places})", keys, len(keys), order="history_id")
            with connection.cursor() as cursor:
                digests = columns.digests(cursor, connection, rows) if rows else []
        except (*UNREADABLE, TypeError):
            if len(keys) == 1:
                return {keys[0]: (b"", None, None)}
            half = len(keys) // 2
            return self._digests(columns, keys[:half]) | self._digests(columns, keys[half:])
        at = names.index("history_id")
        return {row[at]: (digest, row[-2], row[-1]) for row, digest in zip(rows, digests, strict=True)}

    def _fault(self, entry: Row, problem: str) -> Fault:
        kind, name, key = (entry[PLACE[column]] for column in ("kind", "name", "object_key"))
        history, at = entry[PLACE["history"]], _second(entry[PLACE["at"]])
        return Fault(self.tables.get(kind, kind), history, f"{kind} {name} (key {key})", at, problem)


def _operators() -> list[int]:
    from django.contrib.auth import get_user_model

    return list(get_user_model()._default_manager.values_list("pk", flat=True))


def _find_stray() -> Fault | None:
    """The first entry that is in neither chain, or that is not read with its chain."""
    columns, streams = ["id", "kind", "name", "at"], [CHANGES, EVENTS]
    for row in _select(ENTRIES, columns, "stream NOT IN (%s, %s) OR id < 1", streams, 1):
        return Fault(ENTRIES, row[0], f"{row[1]} {row[2]}".strip(), _second(row[3]), "the entry was inserted")
    return None


def _find_inserted() -> Fault | None:
    """The first history row without an entry, or related key without a history row."""
    quoted = connection.ops.quote_name
    for model in recorded_models():
        columns = columns_of(model)
        table = quoted(columns.table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {table}.history_id, {table}.id FROM {table} LEFT JOIN {quoted(ENTRIES)} AS entry "  # noqa: S608
                f"ON entry.kind = %s AND entry.history = {table}.history_id AND entry.history IS NOT NULL "
                f"WHERE entry.id IS NULL ORDER BY {table}.history_id LIMIT 1",
                [columns.kind],
            )
            if row := cursor.fetchone():
                return Fault(columns.table, row[0], f"{columns.kind} (key {row[1]})", "", "the row was inserted")
            for relation, _ in columns.relations:
                cursor.execute(
                    f"SELECT relation.m2m_history_id FROM {quoted(relation)} AS relation LEFT JOIN {table} "  # noqa: S608
                    f"ON {table}.history_id = relation.history_id WHERE {table}.history_id IS NULL "
                    "ORDER BY relation.m2m_history_id LIMIT 1"
                )
                if row := cursor.fetchone():
                    return Fault(relation, row[0], columns.kind, "", "the row was inserted")
    return None


def _select(
    table: str, names: Sequence[str], where: str, values: Sequence[Any], size: int, *, order: str = "id"
) -> list[Row]:
    """Rows as the database has them: an expression keeps SQLite from converting values."""
    quoted = connection.ops.quote_name
    sign = "+" if connection.vendor == "sqlite" else ""
    selected = ", ".join(f"{sign}{quoted(name)}" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {selected} FROM {quoted(table)} WHERE {where} ORDER BY {quoted(order)} LIMIT {size}",  # noqa: S608
            [*values],
        )
        rows: list[Row] = cursor.fetchall()
    return rows


def _second(at: Any) -> str:
    return str(at)[:19]
