"""What a document states is stored with it, and read again only if its extract is missing or was made by other code."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from catalog import caches
from catalog.models import AIModel, DocumentExtract, ImportRun, Snapshot
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.imports.review import save_plan
from pricing.verification import extracts
from pricing.verification.books import store_missing_extracts
from pricing.verification.statements import ModelNames, pack
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db

GPT_5 = ModelNames.of("gpt-5")


def read_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    caches.clear_all()
    monkeypatch.setattr("pricing.verification.extracts.read_document", lambda *_: pytest.fail("read as a whole"))


def of_run(run: ImportRun) -> DocumentExtract:
    return DocumentExtract.objects.get(snapshot=run.snapshot_id)


def is_stated(run: ImportRun) -> bool:
    return extracts.read_statements(run.source.reader or run.source.slug, run.snapshot_id).of_model(GPT_5) is not None


@pytest.mark.parametrize("way", ["applied", "waiting"])
def test_no_page_reads_a_document_that_was_imported(way: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    content = books.models_dev(gpt_5={"input": 2.5, "output": 9})
    options = Options(source=SOURCES["models_dev"], overrule=True)
    if way == "applied":
        apply_import(content, options, at=timezone.now())
    else:
        assert save_plan(content, options, at=timezone.now())[1] is not None
    read_nothing(monkeypatch)

    page = client.get("/models/gpt-5", headers={"accept": "text/html"}).content.decode()

    assert "confirmed by at least 1 of 2 sources" in page


def test_an_import_that_fails_leaves_no_extract() -> None:
    with transaction.atomic():
        books.store("litellm", books.litellm(gpt_5="2.5e-06"))
        assert DocumentExtract.objects.exists()
        transaction.set_rollback(True)

    assert not DocumentExtract.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [{"only": ("gpt-4*",)}, {"role": "sell"}, {"accept_placeholders": ("gpt-4",)}],
    ids=["part", "sell", "free"],
)
def test_a_part_of_a_document_is_not_taken_for_all_of_it(fields: dict[str, Any]) -> None:
    run = books.store("litellm", books.litellm(gpt_4="3e-06", gpt_5="2.5e-06"), **fields)

    assert not DocumentExtract.objects.exists() or fields == {"role": "sell"}
    assert is_stated(run)


def test_missing_extracts_are_stored_once() -> None:
    run = books.hold("litellm", books.litellm(gpt_5="2.5e-06"))
    assert not DocumentExtract.objects.exists()

    assert store_missing_extracts(at=timezone.now()) == 1
    assert store_missing_extracts(at=timezone.now()) == 0
    assert of_run(run)
    assert is_stated(run)


def test_sync_sources_stores_missing_extracts() -> None:
    run = books.hold("litellm", books.litellm(gpt_5="2.5e-06"))
    call_command("sync_sources", "--dry-run", verbosity=0)
    assert not DocumentExtract.objects.exists()

    call_command("sync_sources", verbosity=0)

    assert of_run(run)


def test_an_extract_of_other_code_or_another_reader_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    run = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    DocumentExtract.objects.update(packed=pack([]))
    assert not is_stated(run)

    monkeypatch.setattr("pricing.verification.extracts.version_of", lambda reader: f"new code of {reader}")

    assert is_stated(run)
    assert store_missing_extracts(at=timezone.now()) == 1
    assert of_run(run).version == "new code of litellm"
    assert extracts.version_of("litellm") != extracts.version_of("models_dev")


def test_the_version_changes_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    before = extracts.version_of("litellm")
    caches.clear_all()
    assert extracts.version_of("litellm") == before

    caches.clear_all()
    monkeypatch.setattr("pricing.verification.extracts.READING", extracts.READING[1:])
    assert extracts.version_of("litellm") != before
    caches.clear_all()


def test_a_document_that_cannot_be_read_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = books.hold("litellm", b"{}")
    assert store_missing_extracts(at=timezone.now()) == 1
    read_nothing(monkeypatch)

    assert extracts.read_statements("litellm", run.snapshot_id).problem == "The document contains no models."


def test_a_damaged_document_is_tried_again() -> None:
    run = books.hold("litellm", books.litellm(gpt_5="2.5e-06"))
    packed = Snapshot.objects.get(pk=run.snapshot_id).packed
    Snapshot.objects.update(packed=b"damaged")
    assert store_missing_extracts(at=timezone.now()) == 0
    assert "is damaged" in extracts.read_statements("litellm", run.snapshot_id).problem

    Snapshot.objects.update(packed=packed)
    assert store_missing_extracts(at=timezone.now()) == 1


def test_only_the_last_documents_of_a_source_have_extracts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pricing.verification.extracts.MOST_EXTRACTS", 2)
    runs = [books.store("litellm", books.litellm(gpt_5=f"{amount}e-06")) for amount in (2, 3, 4)]
    other = books.store("models_dev", books.models_dev(gpt_5={"input": 2.5}), overrule=True)

    kept = set(DocumentExtract.objects.values_list("snapshot", flat=True))
    assert kept == {other.snapshot_id, runs[1].snapshot_id, runs[2].snapshot_id}
    assert all(map(is_stated, runs))

    again = books.store("litellm", books.litellm(gpt_5="2e-06"), overrule=True)
    assert again.snapshot_id == runs[0].snapshot_id
    assert of_run(again)


def test_a_rollback_returns_to_the_statements_before(monkeypatch: pytest.MonkeyPatch) -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    later = books.store("litellm", books.litellm(gpt_5="3e-06"))
    ImportRun.objects.filter(pk=later.pk).update(status=ImportRun.Status.ROLLED_BACK)
    read_nothing(monkeypatch)

    row = books.row_of(books.compare("litellm"), "gpt-5")

    assert AIModel.objects.filter(name="gpt-5").exists()
    assert [cell.line.amount for cell in row.cells.values()] == [Decimal("2.5e-06")]
