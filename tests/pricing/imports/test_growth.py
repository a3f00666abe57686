"""An hourly source with one changed price per run grows the database by little."""

import datetime as dt

import pytest
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Length

from catalog.models import DocumentExtract, ImportRun, NameList, Snapshot
from pricing.verification.extracts import MOST_EXTRACTS
from tests.pricing.retention.year import document, import_versions
from tests.sizes import size

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

HOUR = dt.timedelta(hours=1)
RUNS = size(40, full=300)
MODELS = 100


def database_bytes() -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        else:
            # Their number is limited, but the space of removed ones is free only after this transaction.
            cursor.execute(
                "SELECT sum(pg_total_relation_size(relid)) FROM pg_catalog.pg_statio_user_tables WHERE relname <> %s",
                [DocumentExtract._meta.db_table],
            )
        return int(cursor.fetchone()[0])


def test_a_run_with_one_changed_price_takes_a_few_kilobytes() -> None:
    import_versions(range(2), every=HOUR, models=MODELS)
    before = database_bytes()
    runs = import_versions(range(2, 2 + RUNS), every=HOUR, models=MODELS)
    per_run = (database_bytes() - before) / len(runs)

    assert len({run.snapshot_id for run in runs}) == RUNS
    # The ids and the document take 18 KB in full.
    assert per_run < 6_000
    assert NameList.objects.count() == 1
    assert DocumentExtract.objects.count() == MOST_EXTRACTS
    packed = Snapshot.objects.aggregate(total=Sum(Length("packed")))["total"]
    assert packed / RUNS < 1_000
    assert [run.snapshot.content for run in ImportRun.objects.order_by("-pk")[:3]] == [
        document(version, models=MODELS) for version in (RUNS + 1, RUNS, RUNS - 1)
    ]
