"""The migration that names the actors of earlier changes: each import has its own source."""

from importlib import import_module

import pytest
from django.db import connection

from catalog.models import ImportRun, Snapshot, Source

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
MIGRATION = import_module("catalog.migrations.0017_add_audit_trail")


def test_an_import_without_an_operator_is_named_after_its_own_source() -> None:
    for slug in ("first", "second"):
        source = Source.objects.create(slug=slug, name=slug)
        snapshot = Snapshot.store(source, slug.encode(), origin="")
        ImportRun.objects.create(source=source, snapshot=snapshot, status=ImportRun.Status.APPLIED, options={})

    table, column, key = next(columns for columns in MIGRATION.COLUMNS if columns[0] == "catalog_importrun")
    with connection.cursor() as cursor:
        cursor.execute(MIGRATION.FILL.format(table=table, column=column, key=key, source=MIGRATION.source_of(table)))

    names = ImportRun.objects.order_by("pk").values_list("actor_name", flat=True)
    assert list(names) == ["import of first", "import of second"]
