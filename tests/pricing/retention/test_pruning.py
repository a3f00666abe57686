"""Pruning removes reports and documents that nothing needs, and changes no answer, price, history or rollback."""

import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from catalog import caches
from catalog.error_messages import InputError
from catalog.models import AIModel, DocumentExtract, ImportRun, Pruning, Snapshot, Source
from pricing.imports.pipeline import apply_import
from pricing.imports.review import discard_run, save_plan
from pricing.imports.rollback import roll_back
from pricing.models import PriceSheet
from pricing.retention import pruning
from pricing.retention.pruning import prune_on_schedule
from tests import world
from tests.pricing.retention.year import (
    ADDRESS,
    NOW,
    OLD,
    OPTIONS,
    START,
    STEP,
    VERSIONS,
    document,
    import_versions,
    prune_all,
)

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture(scope="module")
def imported(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[ImportRun]]:
    """The imports of half a year, made once for all tests."""
    with django_db_blocker.unblock(), transaction.atomic():
        world.token_group()
        yield import_versions(range(VERSIONS), every=STEP)
        transaction.set_rollback(True)


@pytest.fixture
def runs(imported: list[ImportRun], db: None) -> list[ImportRun]:
    return imported


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def answers() -> dict[str, bytes]:
    """What readers see of the present and of the past."""
    client = Client(headers={"authorization": f"Bearer {world.key()}"})
    caches.clear_all()
    moments = [(START + days * dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (1, 12, 60, 150)]
    paths = [
        "/v1/models",
        "/api/pricing?explain=1",
        "/api/pricing/changes",
        "/api/pricing/history/gpt-3",
        "/models/gpt-3",
    ]
    paths += [f"/api/pricing?explain=1&as_of={moment}" for moment in moments]
    return {path: client.get(path).content for path in paths}


def test_no_answer_changes(runs: list[ImportRun]) -> None:
    before, books = answers(), command("verify_prices", "--format", "json")
    assert before["/api/pricing?explain=1"].count(b'"snapshot"') > 10
    prune_all()

    assert answers() == before
    assert command("verify_prices", "--format", "json") == books


def test_old_reports_and_documents_are_removed_and_the_others_stay(runs: list[ImportRun]) -> None:
    assert prune_all() == {"reports of imports": OLD, "documents": OLD - 1}

    rows = ImportRun.objects.in_bulk()
    assert [bool(rows[run.pk].pruned_at) for run in runs] == [True] * OLD + [False] * (VERSIONS - OLD)
    assert [rows[run.pk].counts for run in runs] == [run.counts for run in runs]
    assert {tuple(rows[run.pk].report) for run in runs[:OLD]} == {("counts",)}
    assert all("findings" in rows[run.pk].report for run in runs[OLD:])
    # Documents that others are differences from stay, too.
    assert [rows[run.pk].snapshot.content for run in runs[OLD:]] == [
        document(version) for version in range(OLD, VERSIONS)
    ]
    assert prune_all() == {}


def test_what_pages_read_of_a_document_goes_with_it(runs: list[ImportRun]) -> None:
    DocumentExtract.objects.get_or_create(snapshot=runs[3].snapshot, defaults={"version": "1", "packed": b"x"})
    prune_all()

    assert Snapshot.objects.get(pk=runs[3].snapshot_id).packed is None
    assert DocumentExtract.objects.exists()
    assert not DocumentExtract.objects.filter(snapshot__packed=None).exists()


def test_a_dry_run_states_what_is_removed_and_removes_nothing(runs: list[ImportRun]) -> None:
    def pruned(*arguments: str) -> Any:
        body = json.loads(command("prune", "--format", "json", *arguments))
        return body["dry_run"], body["removed"]

    dry, announced = pruned("--dry-run")
    assert dry
    assert not ImportRun.objects.exclude(pruned_at=None).exists()
    assert not Pruning.objects.exists()
    assert pruned() == (False, announced)
    sizes = {part["kind"]: part["bytes"] for part in announced}
    assert sizes["reports of imports"] > 1_000
    assert {part["rows"] for part in pruned()[1]} == {0}


def test_the_text_names_every_kind(runs: list[ImportRun]) -> None:
    text = command("prune", "--dry-run", "--keep", "90d")
    assert "reports of imports              13" in text
    assert "Nothing was written." in text
    assert "25 rows removed" in command("prune")


@pytest.mark.parametrize("keep", ["", "soon", "90", "-1d", "999999w"])
def test_a_span_that_is_none_is_refused(keep: str) -> None:
    with pytest.raises(CommandError, match=r"\."):
        command("prune", f"--keep={keep}")


def test_who_removed_what_is_recorded(runs: list[ImportRun]) -> None:
    command("prune", "--keep", "13w")
    record = Pruning.objects.get()

    assert record.actor.endswith("on the command line")
    assert record.keep_from == NOW - dt.timedelta(weeks=13)
    assert record.removed["reports of imports"]["rows"] == OLD


def test_a_newer_import_is_rolled_back_and_replayed(runs: list[ImportRun]) -> None:
    prune_all()
    # It changed the price of gpt-10, which also an import that was pruned had changed.
    last = runs[20]
    with time_machine.travel(NOW + STEP, tick=False):
        assert roll_back(last, at=timezone.now()).ended == {"price sheets": 1}
    assert json.loads(Client().get("/api/pricing").content)["success"]
    assert last.snapshot.content == document(20)
    plan, run = apply_import(document(VERSIONS), OPTIONS, at=NOW + 2 * STEP, origin=ADDRESS)
    assert run is not None
    assert plan.missing == []


def test_a_pruned_import_says_why_it_cannot_be_rolled_back(runs: list[ImportRun], admin_client: Client) -> None:
    prune_all()
    sentence = f"was pruned on {NOW:%Y-%m-%d}: its report is gone, so it can no longer be rolled back."
    with pytest.raises(InputError, match=sentence):
        roll_back(ImportRun.objects.get(pk=runs[3].pk), at=NOW)
    with pytest.raises(CommandError, match=sentence):
        command("rollback_import", str(runs[3].pk))
    with pytest.raises(CommandError, match="was pruned: only its hash, size and date are left"):
        command("export_snapshot", str(runs[3].pk), "--output", "/dev/null")

    pages = {run.pk: admin_client.get(f"/admin/catalog/importrun/{run.pk}/change/") for run in (runs[3], runs[20])}
    texts = {key: page.content.decode() for key, page in pages.items()}
    assert (sentence in texts[runs[3].pk], "/rollback/" in texts[runs[3].pk]) == (True, False)
    assert (sentence in texts[runs[20].pk], "/rollback/" in texts[runs[20].pk]) == (False, True)
    refused = admin_client.post(f"/admin/catalog/importrun/{runs[3].pk}/rollback/")
    assert refused.status_code == 403


def test_a_pruned_document_that_returns_is_stored_again(runs: list[ImportRun]) -> None:
    prune_all()
    plan, run = apply_import(document(3), OPTIONS, at=NOW + STEP, origin=ADDRESS)

    assert run is not None
    assert run.snapshot == runs[3].snapshot
    assert Snapshot.objects.get(pk=run.snapshot_id).content == document(3)
    assert not plan.missing


def test_histories_and_prices_stay(runs: list[ImportRun]) -> None:
    tables = (AIModel.history.model, PriceSheet, PriceSheet.history.model)
    before = [table.objects.count() for table in tables]
    prune_all()

    assert [table.objects.count() for table in tables] == before
    assert not PriceSheet.objects.filter(run=None).exists()


def test_waiting_imports_stay_and_discarded_ones_go(runs: list[ImportRun]) -> None:
    source = Source.objects.get()
    with time_machine.travel(START + dt.timedelta(days=3), tick=False):
        (_, waiting), (_, discarded) = (
            save_plan(document(version), options, at=timezone.now())
            for version, options in ((100, OPTIONS), (101, OPTIONS.__class__(source=OPTIONS.source)))
        )
        # A document that changed nothing has no import.
        Snapshot.store(source, document(0) + b"\n", origin=ADDRESS)
        assert waiting
        assert discarded
        discard_run(discarded, at=timezone.now())
    removed = prune_all()

    assert (removed["discarded imports"], removed["unused documents"]) == (1, 2)
    assert ImportRun.objects.get(pk=waiting.pk).snapshot.content == document(100)
    assert not ImportRun.objects.filter(pk=discarded.pk).exists()


def test_an_old_import_that_was_rolled_back_is_pruned(runs: list[ImportRun]) -> None:
    with time_machine.travel(START + 10 * STEP, tick=False):
        roll_back(runs[9], at=timezone.now())
    prune_all()

    assert ImportRun.objects.get(pk=runs[9].pk).pruned_at
    assert ImportRun.objects.get(pk=runs[9].pk).status == "rolled_back"


def test_an_interrupted_removal_is_completed_by_the_next(
    runs: list[ImportRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 5)
    remove, calls = pruning._remove_bytes, []

    def stop(keys: Any, **options: Any) -> None:
        calls.append(keys)
        if len(calls) == 3:
            raise KeyboardInterrupt
        remove(keys, **options)

    monkeypatch.setattr(pruning, "_remove_bytes", stop)
    with pytest.raises(KeyboardInterrupt):
        prune_all()
    assert Pruning.objects.get().removed.keys() == {"reports of imports"}

    monkeypatch.setattr(pruning, "_remove_bytes", remove)
    assert prune_all() == {"documents": OLD - 11}
    assert [run.snapshot.content for run in ImportRun.objects.filter(pruned_at=None).order_by("pk")] == [
        document(version) for version in range(OLD, VERSIONS)
    ]


def test_a_document_that_is_needed_again_meanwhile_stays(
    runs: list[ImportRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = pruning._remove_bytes

    def import_first(keys: Any, **options: Any) -> None:
        with time_machine.travel(NOW + STEP, tick=False):
            save_plan(document(3), OPTIONS, at=timezone.now())
        remove(keys, **options)

    monkeypatch.setattr(pruning, "_remove_bytes", import_first)
    prune_all()
    assert ImportRun.objects.waiting().get().snapshot.content == document(3)


def test_it_runs_once_a_day_if_the_setting_says_so(runs: list[ImportRun], settings: Any) -> None:
    Source.objects.update(sync=False)
    for days, expected in ((0, 0), (90, OLD), (90, OLD)):
        settings.PRUNE_KEEP_DAYS = days
        command("sync_sources")
        assert ImportRun.objects.exclude(pruned_at=None).count() == expected
    assert Pruning.objects.get().actor == "sync_sources, on schedule"
    with time_machine.travel(NOW + dt.timedelta(hours=25), tick=False):
        command("sync_sources", "--dry-run")
        assert Pruning.objects.count() == 1
        assert "Old data: " in command("sync_sources")
    assert prune_on_schedule(at=NOW + dt.timedelta(hours=26)) is None


def test_the_admin_shows_who_removed_what(runs: list[ImportRun], admin_client: Client) -> None:
    prune_all()
    text = admin_client.get("/admin/catalog/pruning/").content.decode()

    assert "13 reports of imports" in text
    assert "a test" in text
