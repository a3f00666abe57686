"""Documents and their ids are stored once, as differences where possible, and read back byte for byte."""

import gzip
import hashlib
import json

import pytest

from catalog.error_messages import InputError
from catalog.models import NameList, Snapshot, Source

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture
def source() -> Source:
    return Source.objects.create(slug="hourly", name="Hourly")


def document(version: int) -> bytes:
    """Each version changes the price of another model, as the hourly document of a source does."""
    rows = {f"model-{number}": {"input": number * 7919 % 1000} for number in range(200)}
    rows |= {f"model-{number}": {"input": 1_000 + number} for number in range(0, 4 * version, 4)}
    return json.dumps(rows).encode()


def test_hourly_documents_are_differences_from_one_that_is_stored_in_full(source: Source) -> None:
    stored = [Snapshot.store(source, document(version), origin="https://x.test/prices") for version in range(40)]
    rows = Snapshot.objects.in_bulk()

    assert [rows[row.pk].content for row in stored] == [document(version) for version in range(40)]
    full = [row for row in rows.values() if row.base is None]
    assert 1 < len(full) < 10
    assert all(row.base in full for row in rows.values() if row.base)
    # The differences from a document are together about as large as it is.
    sizes = [len(bytes(row.packed or b"")) for row in rows.values()]
    assert sum(sizes) < 3 * len(full) * max(sizes)


def test_the_same_bytes_of_a_source_are_stored_once(source: Source) -> None:
    other = Source.objects.create(slug="other", name="Other")
    rows = [
        Snapshot.store(of, document(7), origin=origin) for of, origin in [(source, "a"), (source, "b"), (other, "a")]
    ]

    assert rows[0] == rows[1] != rows[2]
    assert Snapshot.objects.get(pk=rows[0].pk).origin == "a"


def test_documents_of_different_origins_are_not_compared(source: Source) -> None:
    Snapshot.store(source, document(1), origin="openai.json")
    assert Snapshot.store(source, document(2), origin="google.json").base is None


def test_pruned_bytes_are_stored_again_when_the_document_returns(source: Source) -> None:
    snapshot = Snapshot.store(source, document(1), origin="a")
    Snapshot.objects.update(packed=None)
    with pytest.raises(InputError, match="was pruned"):
        _ = Snapshot.objects.get().content

    assert Snapshot.store(source, document(1), origin="b") == snapshot
    assert Snapshot.objects.get().content == document(1)


def test_bytes_with_another_hash_are_damaged(source: Source) -> None:
    first = Snapshot.store(source, document(1), origin="a")
    second = Snapshot.store(source, document(2), origin="a")
    assert second.base == first
    Snapshot.objects.filter(pk=first.pk).update(packed=gzip.compress(document(3)))

    for row in Snapshot.objects.all():
        with pytest.raises(InputError, match="is damaged"):
            _ = row.content


def test_a_damaged_base_is_not_used(source: Source) -> None:
    Snapshot.store(source, document(1), origin="a")
    Snapshot.objects.update(packed=b"no gzip")

    assert Snapshot.store(source, document(2), origin="a").base is None
    assert Snapshot.objects.get(sha256=hashlib.sha256(document(2)).hexdigest()).content == document(2)


def test_the_ids_of_documents_that_list_the_same_models_are_one_row(source: Source) -> None:
    names = [f"model-{number}" for number in range(500)]
    first, same, more = (NameList.of(source, listed) for listed in (names, list(names), [*names, "model-新"]))

    assert first == same
    assert more.base == first
    assert [row.names for row in NameList.objects.order_by("pk")] == [names, [*names, "model-新"]]
    assert NameList.of(source, []).names == []
