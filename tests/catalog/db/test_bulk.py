"""Many rows are written with few statements, each with its history."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from catalog.db import bulk, revision
from catalog.db.bulk import create_rows, update_rows, update_with_history
from catalog.models import AIModel, Vendor

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def models(world: Any, number: int) -> list[AIModel]:
    vendor = world.vendor()
    return create_rows([AIModel(name=f"model-{place}", vendor=vendor) for place in range(number)], reason="made")


def test_created_rows_have_keys_and_a_history(world: Any) -> None:
    rows = models(world, 3)
    assert all(row.pk for row in rows)
    assert list(AIModel.history.values_list("history_type", "history_change_reason")) == [("+", "made")] * 3


def test_an_update_writes_the_named_fields_only(world: Any) -> None:
    row = models(world, 1)[0]
    row.series, row.description = "new", "not asked for"
    update_rows([row], fields=["series"], reason="because")
    stored = AIModel.objects.get()
    assert (stored.series, stored.description) == ("new", "")
    latest = AIModel.history.first()
    assert latest is not None
    assert (latest.history_type, latest.series, latest.history_change_reason) == ("~", "new", "because")


def test_an_update_finds_its_row_despite_other_unique_columns(world: Any) -> None:
    rows = [world.vendor("a"), world.vendor("b")]
    rows[0].name, rows[1].name = "First", "Second"
    update_rows(rows, fields=["name"])
    assert dict(Vendor.objects.filter(slug__in="ab").values_list("slug", "name")) == {"a": "First", "b": "Second"}


def test_the_actor_is_in_the_history(world: Any) -> None:
    actor = get_user_model().objects.create_user("ops")
    row = models(world, 1)[0]
    row.series = "new"
    update_rows([row], fields=["series"], actor=actor)
    assert AIModel.history.latest().history_user == actor


def test_a_thousand_rows_take_few_statements_and_raise_the_revision(
    world: Any, django_assert_max_num_queries: Any
) -> None:
    rows = models(world, 1000)
    for row in rows:
        row.series = row.description = row.icon = row.name
    before = revision.current()
    with django_assert_max_num_queries(60):
        update_rows(rows, fields=["series", "description", "icon"])
    assert revision.current() > before
    assert AIModel.objects.get(name="model-999").icon == "model-999"


def test_no_rows_write_nothing() -> None:
    before = revision.current()
    assert create_rows([]) == []
    update_rows([], fields=["name"])
    assert revision.current() == before


def test_the_same_values_on_any_number_of_rows_load_none_of_them(
    world: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    models(world, 7)
    counters = revision.read()
    before = AIModel.objects.get(name="model-6").updated_at
    monkeypatch.setattr(AIModel, "from_db", None)
    monkeypatch.setattr(bulk, "KEYS", 3)
    # The transaction with its end, the lock, the keys, the models, the counters, the log; and for each batch the rows,
    # their history, the end of the audit trail, the entries, its new end, and whether a webhook takes their events.
    with django_assert_num_queries(7 + 3 * 6):
        assert update_with_history(AIModel.objects.exclude(series="new"), series="new", reason="because") == 7
    monkeypatch.undo()
    assert AIModel.objects.filter(series="new", updated_at__gt=before).count() == 7
    latest = AIModel.history.filter(history_type="~", series="new", history_change_reason="because")
    assert latest.values("id").distinct().count() == latest.count() == 7
    assert revision.read().models != counters.models


def test_a_failure_in_the_last_batch_changes_no_row(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    models(world, 5)
    monkeypatch.setattr(bulk, "KEYS", 2)
    write, batches = bulk.write_history, []

    def fail_at_the_end(model: Any, keys: Any, **options: Any) -> None:
        batches.append(keys)
        if len(batches) == 3:
            raise RuntimeError
        write(model, keys, **options)

    monkeypatch.setattr(bulk, "write_history", fail_at_the_end)
    with pytest.raises(RuntimeError):
        update_with_history(AIModel.objects.all(), series="new")
    assert not AIModel.objects.filter(series="new").exists()
    assert not AIModel.history.filter(history_type="~").exists()
