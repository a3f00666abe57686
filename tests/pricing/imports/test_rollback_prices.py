"""A rollback ends the prices of an import; what was charged until then stays unchanged."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.exact import read_json
from catalog.models import AIModel, ImportRun
from pricing.imports.rollback import roll_back
from pricing.models import PriceSheet
from tests import world
from tests.pricing.imports.running import run

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
DAY = dt.timedelta(days=1)


def applied(folder: Path, **prices: float) -> ImportRun:
    row = {"mode": "chat", "litellm_provider": "openai"}
    document = json.dumps(
        {name: row | {"input_cost_per_token": price, "output_cost_per_token": price} for name, price in prices.items()}
    )
    arguments = ("--apply", "--accept-jumps", "--allow-removals", "--publish", "--channel", "main")
    outcome = run("litellm", document, folder, *arguments)
    assert outcome.code == 0, outcome
    return ImportRun.objects.latest("pk")


def listed(client: Client, at: dt.datetime | None = None) -> dict[str, Decimal]:
    """Model -> its price of a million tokens."""
    answer = client.get("/api/pricing", {"as_of": at.isoformat()} if at else {})
    return {row["model_name"]: row["model_ratio"] * 2 for row in read_json(answer.content)["data"]}


@pytest.fixture(autouse=True)
def first(db: None, tmp_path: Path) -> ImportRun:
    return applied(tmp_path, a=1e-06, b=2e-06)


def test_the_list_is_the_one_before_the_import(client: Client, tmp_path: Path) -> None:
    before = client.get("/api/pricing").content
    import_run = applied(tmp_path, a=3e-06, b=2e-06, c=5e-06)
    assert client.get("/api/pricing").content != before

    roll_back(import_run, at=timezone.now())

    assert client.get("/api/pricing").content == before


def test_as_of_between_shows_what_was_published_then(client: Client, tmp_path: Path) -> None:
    import_run = applied(tmp_path, a=3e-06, b=2e-06, c=5e-06)
    between = timezone.now()

    roll_back(import_run, at=timezone.now())

    assert listed(client, between) == {"a": 3, "b": 2}
    assert listed(client) == {"a": 1, "b": 2}


def test_the_same_import_again_after_it_works(client: Client, tmp_path: Path) -> None:
    roll_back(applied(tmp_path, a=3e-06, b=2e-06, c=5e-06), at=timezone.now())
    applied(tmp_path, a=3e-06, b=2e-06, c=5e-06)
    assert listed(client) == {"a": 3, "b": 2, "c": 5}


def test_the_result_is_reported_and_in_the_history(tmp_path: Path) -> None:
    import_run = applied(tmp_path, a=3e-06, b=2e-06)
    done = roll_back(import_run, at=timezone.now())
    assert str(done) == "1 price sheet ended."
    assert done.report() == {"restored": {}, "removed": {}, "ended": {"price sheets": 1}, "stays": []}
    last = import_run.sheets.get().history.latest("history_id")
    reason = f"Rollback of import {import_run}"
    assert (last.history_type, last.run_id, last.history_change_reason) == ("~", import_run.pk, reason)


def test_an_expired_sheet_stays_and_a_current_one_ends_now(tmp_path: Path) -> None:
    import_run = applied(tmp_path, a=3e-06, b=4e-06)
    now = timezone.now()
    ended, ending = import_run.sheets.order_by("model__name")
    PriceSheet.objects.filter(pk=ended.pk).update(ends_at=now)
    PriceSheet.objects.filter(pk=ending.pk).update(ends_at=now + DAY)

    at = now + dt.timedelta(seconds=1)
    done = roll_back(import_run, at=at)

    assert list(import_run.sheets.order_by("model__name").values_list("ends_at", flat=True)) == [now, at]
    assert done.ended == {"price sheets": 1}


@pytest.mark.parametrize("later", [dt.timedelta(0), DAY])
def test_a_scheduled_sheet_is_removed(tmp_path: Path, later: dt.timedelta) -> None:
    import_run = applied(tmp_path, a=3e-06, b=2e-06)
    at = timezone.now()
    import_run.sheets.update(starts_at=at + later)

    done = roll_back(import_run, at=at)

    assert (done.removed, done.ended, import_run.sheets.count()) == ({"price sheets": 1}, {}, 0)


def test_a_model_of_an_earlier_run_is_removed_with_the_sheets_of_both(tmp_path: Path, first: ImportRun) -> None:
    later = applied(tmp_path, a=3e-06, b=2e-06)
    for import_run in (later, first):
        done = roll_back(import_run, at=timezone.now())
        assert done.stays == []
    assert not AIModel.objects.exists()
    assert not PriceSheet.objects.exists()


def test_a_model_with_a_price_of_a_later_run_stays_with_its_past_prices(
    tmp_path: Path, first: ImportRun, client: Client
) -> None:
    between = timezone.now()
    applied(tmp_path, a=3e-06, b=2e-06)
    roll_back(first, at=timezone.now())
    assert PriceSheet.objects.in_force(at=between).get(model__name="a").run == first
    assert PriceSheet.objects.in_force(at=timezone.now()).get(model__name="a").run != first


def test_a_new_model_that_a_person_priced_stays(tmp_path: Path) -> None:
    import_run = applied(tmp_path, a=1e-06, b=2e-06, c=5e-06)
    model: Any = AIModel.objects.get(name="c")
    world.price(model, input="7", starts_at=timezone.now())
    assert roll_back(import_run, at=timezone.now()).stays == ["model c"]
    assert [sheet.ends_at is None for sheet in model.sheets.order_by("pk")] == [False, True]
