"""Documents that are stored as differences are stored in full again before earlier code reads them."""

import gzip

import pytest
from django.core.management import call_command

from catalog.models import Snapshot, Source
from tests.catalog.models.test_documents import document
from tests.releases import rows
from tests.sizes import FULL

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # A minute of migrations that do not change any more.
    pytest.mark.skipif(not FULL, reason="part of the full run"),
]


def test_a_migration_backwards_stores_all_documents_in_full() -> None:
    source = Source.objects.create(slug="hourly", name="Hourly")
    stored = [Snapshot.store(source, document(version), origin="https://x.test/prices") for version in range(3)]
    assert stored[1].base
    Snapshot.objects.filter(pk=stored[2].pk).update(packed=None, base=None)
    newest, before = rows.newest(), [("catalog", "0005_count_changes_by_part")]
    try:
        call_command("migrate", "catalog", "0005", verbosity=0)
        apps = rows.executor_of_every_step().loader.project_state(before).apps
        packed = [bytes(row.packed) for row in apps.get_model("catalog", "Snapshot").objects.order_by("pk")]
    finally:
        rows.migrate(newest)

    assert [gzip.decompress(content) for content in packed[:2]] == [document(0), document(1)]
    # The bytes of the last one were pruned.
    assert packed[2] == b""
