"""`verify_history` names the first row that SQL has changed, removed, inserted or moved."""

# ruff: noqa: S608

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from catalog.audit.verification import Verification, verify
from catalog.db import audit, bulk
from catalog.models import AIModel, AuditColumns, AuditEntry, AuditHead, ImportRun
from tests import world
from tests.admin_world import import_run
from tokens.logs import scrub
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

HISTORY = "catalog_historicalaimodel"
ENTRY = "catalog_auditentry"


@pytest.fixture(autouse=True)
def changes() -> None:
    for name in ("first", "second", "third"):
        world.model(name)
    bulk.update_with_history(AIModel.objects.filter(name="second"), reason="an incident", context_length=128_000)
    bulk.update_with_history(AIModel.objects.all(), series="new")
    world.token("default", "vip", allow=["gpt-*"])
    world.rate(world.token_group("vip"), "0.25")
    audit.record("signed in", kind="auth.user", name="boss")
    audit.record("signed out", kind="auth.user", name="boss")
    assert verify().fault is None


def run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0


def history_of(name: str, kind: str = "~") -> int:
    key: int = AIModel.history.filter(name=name, history_type=kind).order_by("history_id").first().history_id
    return key


CHANGED = {
    "number": (f"UPDATE {HISTORY} SET context_length = 1 WHERE history_id = %s", "changed"),
    "text": (f"UPDATE {HISTORY} SET name = 'other' WHERE history_id = %s", "changed"),
    "boolean": (f"UPDATE {HISTORY} SET listed = NOT listed WHERE history_id = %s", "changed"),
    "list": (f"UPDATE {HISTORY} SET tags = '[\"x\"]' WHERE history_id = %s", "changed"),
    "empty": (f"UPDATE {HISTORY} SET context_length = NULL WHERE history_id = %s", "changed"),
    "time": (f"UPDATE {HISTORY} SET history_date = '2020-01-01 00:00:00' WHERE history_id = %s", "changed"),
    "reason": (f"UPDATE {HISTORY} SET history_change_reason = 'none' WHERE history_id = %s", "changed"),
    "actor": (f"UPDATE {HISTORY} SET actor = 'somebody' WHERE history_id = %s", "changed"),
    "request": (f"UPDATE {HISTORY} SET request_id = 'req' WHERE history_id = %s", "changed"),
    "kind": (f"UPDATE {HISTORY} SET history_type = '+' WHERE history_id = %s", "changed"),
    "row": (f"UPDATE {HISTORY} SET id = 99 WHERE history_id = %s", "changed"),
    "moved": (f"UPDATE {HISTORY} SET history_id = 9999 WHERE history_id = %s", "removed"),
    "removed": (f"DELETE FROM {HISTORY} WHERE history_id = %s", "removed"),
}


@pytest.mark.parametrize(("statement", "problem"), CHANGED.values(), ids=CHANGED)
def test_a_changed_history_row_is_named(statement: str, problem: str) -> None:
    key = history_of("second")
    run(statement, key)
    # A later fault does not hide the first one.
    run(f"UPDATE {HISTORY} SET series = 'x' WHERE history_id = (SELECT MAX(history_id) FROM {HISTORY})")

    fault = verify().fault
    assert fault is not None
    assert (fault.table, fault.key) == (HISTORY, key)
    assert "second" in fault.about
    assert problem in fault.problem
    with pytest.raises(CommandError, match=f"{HISTORY} {key}, catalog.aimodel second") as error:
        call_command("verify_history")
    assert error.value.returncode == 1


def test_another_operator_or_run_of_a_row_is_found() -> None:
    boss, other = (User.objects.create_superuser(name) for name in ("boss", "other"))
    imported: Any = import_run()
    assert isinstance(imported, ImportRun)
    vendor: Any = world.vendor("acme")
    vendor._history_user = boss
    vendor.save()
    key = vendor.history.latest("history_id").history_id
    table = "catalog_historicalvendor"
    for column, value in (("history_user_id", other.pk), ("history_user_id", None), ("run_id", imported.pk)):
        before = vendor.history.filter(history_id=key).values(column)[0][column]
        run(f"UPDATE {table} SET {column} = %s WHERE history_id = %s", value, key)
        fault = verify().fault
        assert fault is not None
        assert (fault.table, fault.key) == (table, key)
        run(f"UPDATE {table} SET {column} = %s WHERE history_id = %s", before, key)
    assert verify().fault is None
    boss.delete()
    assert vendor.history.latest("history_id").history_user is None
    assert verify().fault is None


def test_changed_relations_of_a_row_are_found() -> None:
    table = "tokens_historicaltoken_groups"
    for statement in (
        f"DELETE FROM {table} WHERE m2m_history_id = (SELECT MAX(m2m_history_id) FROM {table})",
        (
            f"INSERT INTO {table} (id, history_id, token_id, tokengroup_id) SELECT id, history_id, token_id, 99 "
            f"FROM {table} "
            f"WHERE m2m_history_id = (SELECT MIN(m2m_history_id) FROM {table})"
        ),
        f"INSERT INTO {table} (id, history_id, token_id, tokengroup_id) VALUES (1, 9999, 1, 1)",
    ):
        rows = Snapshot.of(table)
        run(statement)
        assert verify().fault is not None, statement
        rows.restore()
        assert verify().fault is None


class Snapshot:
    """The rows of a table, to be restored."""

    def __init__(self, table: str, rows: list[Any]) -> None:
        self.table, self.rows = table, rows

    @classmethod
    def of(cls, table: str) -> "Snapshot":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            return cls(table, cursor.fetchall())

    def restore(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table}")
            for row in self.rows:
                cursor.execute(f"INSERT INTO {self.table} VALUES ({', '.join(['%s'] * len(row))})", row)


def test_an_inserted_history_row_is_named() -> None:
    copied: Any = AIModel.history.first()
    copied.pk = None
    copied.save()

    fault = verify().fault
    assert fault is not None
    assert (fault.table, fault.key, fault.problem) == (HISTORY, copied.pk, "the row was inserted")


def test_two_exchanged_history_rows_are_found() -> None:
    first, last = history_of("first"), history_of("third")
    for old, new in ((first, 9999), (last, first), (9999, last)):
        run(f"UPDATE {HISTORY} SET history_id = %s WHERE history_id = %s", new, old)

    fault = verify().fault
    assert fault is not None
    assert (fault.table, fault.key) == (HISTORY, first)


ENTRIES = {
    "actor": "UPDATE {entry} SET actor = 'somebody' WHERE id = %s",
    "time": "UPDATE {entry} SET at = '2020-01-01 00:00:00' WHERE id = %s",
    "action": "UPDATE {entry} SET action = 'deleted' WHERE id = %s",
    "history row": "UPDATE {entry} SET history = 9999 WHERE id = %s",
    "columns": "UPDATE {entry} SET columns = 5 WHERE id = %s",
    "digest": "UPDATE {entry} SET digest = NULL WHERE id = %s",
    "hash": "UPDATE {entry} SET hash = digest WHERE id = %s",
    "number": "UPDATE {entry} SET number = number + 1 WHERE id = %s",
    "removed": "DELETE FROM {entry} WHERE id = %s",
    "moved to the end": "UPDATE {entry} SET id = id + 10000 WHERE id = %s",
    "moved to the other chain": "UPDATE {entry} SET stream = 'events' WHERE id = %s",
}


@pytest.mark.parametrize("statement", ENTRIES.values(), ids=ENTRIES)
def test_a_changed_entry_is_found(statement: str) -> None:
    key = AuditEntry.objects.get(kind="catalog.aimodel", history=history_of("second")).pk
    run(statement.format(entry=ENTRY), key)

    fault = verify().fault
    assert fault is not None
    assert fault.table == ENTRY
    assert fault.key in (key, AuditEntry.objects.filter(stream="changes", pk__gt=key).order_by("pk")[0].pk)


@pytest.mark.parametrize("hidden", ["stream = 'other'", "id = 0", "id = -5"])
def test_an_entry_beside_the_chains_does_not_hide_an_inserted_row(hidden: str) -> None:
    copied: Any = AIModel.history.first()
    copied.pk = None
    copied.save()
    entry: Any = AuditEntry.objects.filter(kind="catalog.aimodel").latest("pk")
    entry.pk, entry.history = None, copied.pk
    entry.save(force_insert=True)
    run(f"UPDATE {ENTRY} SET {hidden} WHERE id = %s", entry.pk)

    fault = verify().fault
    assert fault is not None
    assert (fault.table, fault.problem) == (ENTRY, "the entry was inserted")


@pytest.mark.parametrize("names", [None, "history_id id other"])
def test_without_the_columns_of_an_earlier_version_rows_are_not_trusted(
    names: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest version has one column more than the version that wrote the rows."""
    earlier = audit.columns_of(AIModel)
    later = audit.Columns.of_names(earlier.kind, earlier.table, [*earlier.names, "added"])
    assert AuditColumns.objects.filter(pk=earlier.fingerprint).exists()
    monkeypatch.setattr(
        "catalog.audit.verification.columns_of",
        lambda model: later if model is AIModel else audit.columns_of(model),
    )
    monkeypatch.setattr("catalog.audit.verification._find_inserted", lambda: None)
    assert verify().fault is None
    stored = AuditColumns.objects.filter(pk=earlier.fingerprint)
    if names is None:
        stored.delete()
    else:
        stored.update(names=names)

    fault = verify().fault
    assert fault is not None
    assert (fault.table, fault.key) == (AuditColumns._meta.db_table, earlier.fingerprint)


@pytest.mark.parametrize("stream", ["changes", "events"])
def test_entries_removed_at_the_end_are_found(stream: str) -> None:
    before = verify().head
    last = AuditEntry.objects.filter(stream=stream).latest("pk")
    run(f"DELETE FROM {ENTRY} WHERE id = %s", last.pk)
    if stream == "changes":
        run("DELETE FROM pricing_historicalgrouprate WHERE history_id = %s", last.history)
    fault = verify().fault
    assert fault is not None
    assert "the last 1 entries" in fault.problem

    # Anyone who also changes the stored end leaves no trace in the database, but the head was written elsewhere.
    new = AuditEntry.objects.filter(stream=stream).latest("pk")
    AuditHead.objects.filter(stream=stream).update(number=new.number, hash=new.hash)
    assert verify().fault is None
    fault = verify(heads=[before]).fault
    assert fault is not None
    assert "was written elsewhere" in fault.problem


def test_heads_are_written_to_a_file_and_read_again(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "heads"
    with pytest.raises(CommandError, match="does not exist"):
        call_command("verify_history", head_file=str(file))
    call_command("verify_history", head_file=str(file), write_head=True)
    world.model("fourth")
    call_command("verify_history", head_file=str(file), write_head=True)
    assert len(file.read_text().splitlines()) == 2
    head = file.read_text().split()[-1]
    call_command("verify_history", head=[head])
    assert f"Head: {head}" in capsys.readouterr().out
    with pytest.raises(CommandError, match="written elsewhere"):
        call_command("verify_history", head=["0" * 63 + "1"])


def test_log_lines_have_the_head(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="modelbook.audit"):
        call_command("verify_history")

    head = verify().head
    assert scrub(caplog.messages[-1]).endswith(f"head {head}")
    assert verify(heads=[head, head.replace("-", "")]).fault is None


def test_many_entries_are_read_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.audit.verification.BATCH", 3)
    result = verify()
    assert (result.fault, result.entries) == (None, AuditEntry.objects.count())
    assert isinstance(result, Verification)
    assert Token.history.exists()
