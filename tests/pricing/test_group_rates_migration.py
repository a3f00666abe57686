"""The rates of an older installation count at all times, as they did."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from pricing.models import GroupRate

BEFORE = [("pricing", "0005_help_texts"), ("tokens", "0007_order_of_automatic_groups")]


@pytest.mark.django_db(transaction=True)
def test_stored_rates_keep_their_ratio_for_all_times() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    try:
        apps = executor.loader.project_state(BEFORE).apps
        group = apps.get_model("tokens", "TokenGroup").objects.create(slug="acme", label="Acme")
        rate = apps.get_model("pricing", "GroupRate").objects.create(group=group, ratio=Decimal("0.8"))
        apps.get_model("pricing", "HistoricalGroupRate").objects.create(
            id=rate.pk, group=group, ratio=Decimal("0.8"), history_date=dt.datetime.now(tz=dt.UTC), history_type="+"
        )
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())

    long_ago = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    kept = GroupRate.objects.in_force(at=long_ago).get(group=group.pk)
    assert kept.ratio == Decimal("0.8")
    assert kept.history.get().starts_at == kept.starts_at
