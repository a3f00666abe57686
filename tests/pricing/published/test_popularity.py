"""Popular models are the pinned ones, then the most used ones of past days; reports replace earlier ones."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.test import Client

from catalog.db import revision
from catalog.exact import read_json
from catalog.models import ModelAlias
from pricing.models import PopularModel, UsageCount, UsageReporter
from pricing.usage.totals import Report, record_usage
from tests import world

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC), tick=False)


def used(model: str, requests: int, *, days_ago: int = 1, reporter: str = "gateway") -> None:
    record_usage([Report(model, TODAY - dt.timedelta(days=days_ago), requests)], reporter=reporter, today=TODAY)


def popular(client: Client) -> list[str]:
    names: list[str] = read_json(client.get("/api/pricing").content)["popular_models"]
    return names


def test_pinned_models_come_first_then_the_most_used(client: Client) -> None:
    for name in ("a", "b", "c", "d"):
        world.model(name)
    PopularModel.objects.create(model=world.model("pinned"))
    for name, requests in (("a", 5), ("b", 9), ("c", 0)):
        used(name, requests)
    assert popular(client) == ["pinned", "b", "a"]


def test_only_past_days_in_the_window_count(client: Client, settings: Any) -> None:
    settings.POPULAR_DAYS = 7
    for name, days_ago in (("today", 0), ("yesterday", 1), ("last-week", 7), ("long-ago", 8)):
        world.model(name)
        used(name, 5, days_ago=days_ago)
    assert popular(client) == ["last-week", "yesterday"]


def test_the_number_is_limited_except_for_pinned_models(client: Client, settings: Any) -> None:
    settings.POPULAR_COUNT = 1
    for name in ("a", "b"):
        used(world.model(name).name, 5)
        PopularModel.objects.create(model=world.model(f"pinned-{name}"))
    assert popular(client) == ["pinned-a", "pinned-b"]


def test_hidden_and_retired_models_never_appear(client: Client) -> None:
    cases: dict[str, dict[str, Any]] = {
        "hidden": {"on": None},
        "draft": {"status": "draft"},
        "gone": {"retires_on": TODAY},
    }
    for name, fields in cases.items():
        PopularModel.objects.create(model=world.model(name, **fields))
        used(name, 5)
    assert popular(client) == []


def test_a_report_replaces_the_same_reporters_earlier_one_of_that_day(client: Client) -> None:
    for name in ("a", "b"):
        world.model(name)
    used("a", 9)
    used("a", 2)
    used("b", 3)
    assert popular(client) == ["b", "a"]
    used("a", 2, reporter="another gateway")
    assert popular(client) == ["a", "b"]


def test_a_report_about_today_does_not_invalidate_caches(client: Client) -> None:
    used(world.model("a").name, 1)
    before = revision.current()
    used("a", 5, days_ago=0)
    assert revision.current() == before
    used("a", 6)
    assert revision.current() == before + 1


def counted() -> dict[str | None, int]:
    """The requests of each model, and those of unknown models."""
    sums = UsageCount.objects.values_list("model__name").annotate(Sum("requests"))
    return dict(sums.order_by())


def test_an_alias_counts_for_its_model() -> None:
    ModelAlias.objects.create(name="latest", model=world.model("a"))
    reports = [Report("latest", TODAY, 1), Report("a", TODAY, 2), Report("unheard-of", TODAY, 3)]
    assert record_usage(reports, reporter="gateway", today=TODAY).unknown == ["unheard-of"]
    assert counted() == {"a": 3, None: 3}


def test_an_id_without_a_row_counts_for_its_wildcard_model() -> None:
    wild, own = world.model("a-*"), world.model("a-b")
    reports = [Report("a-x", TODAY, 1), Report("a-y", TODAY, 2), Report("a-b", TODAY, 4), Report("b-x", TODAY, 8)]
    assert record_usage(reports, reporter="gateway", today=TODAY).unknown == ["b-x"]
    assert counted() == {wild.name: 3, own.name: 4, None: 8}


def post(client: Client, key: str, body: Any) -> Any:
    headers = {"authorization": f"Bearer {key}"}
    return client.post("/api/usage", json.dumps(body), content_type="application/json", headers=headers)


def test_only_a_reporter_may_report(client: Client) -> None:
    world.model("a")
    token, key = world.token()
    reports = [{"model": "a", "day": "2026-11-22", "requests": 5, "tokens": 99}, {"model": "x", "day": "2026-11-22"}]
    assert client.post("/api/usage", "[]", content_type="application/json").status_code == 401
    assert post(client, key, reports).json()["error"]["code"] == "permission_denied"
    UsageReporter.objects.create(token=token)
    assert post(client, key, {"reports": reports}).json() == {"success": True, "taken": 1, "unknown": ["x"]}
    stored = UsageCount.objects.get(name="a")
    assert (stored.requests, stored.tokens, stored.reporter) == (5, 99, token.key_id)


@pytest.mark.parametrize(
    "report",
    [
        5,
        {},
        {"model": "a", "day": "22.11.2026", "requests": 1},
        {"model": "a", "day": "2026-11-24", "requests": 1},
        {"model": "a", "day": "2026-11-22", "requests": -1},
        {"model": "a", "day": "2026-11-22", "requests": True},
        {"model": "a", "day": "2026-11-22", "requests": 1.5},
        {"model": "a", "day": "2026-11-22", "requests": 10**16},
    ],
)
def test_one_invalid_report_rejects_all(client: Client, report: Any) -> None:
    world.model("a")
    token, key = world.token()
    UsageReporter.objects.create(token=token)
    answer = post(client, key, [{"model": "a", "day": "2026-11-22", "requests": 1}, report])
    assert (answer.status_code, UsageCount.objects.count()) == (400, 0)
    assert answer.json()["error"]["message"].endswith(".")


def run(folder: Path, text: str, *arguments: str) -> str:
    path = folder / "usage.csv"
    path.write_text(text, "utf-8")
    out = io.StringIO()
    call_command("import_usage", "--file", str(path), *arguments, stdout=out)
    return out.getvalue()


def test_counts_are_imported_from_a_file(tmp_path: Path, client: Client) -> None:
    world.model("a")
    out = run(tmp_path, "\ufeffday,model,requests\n2026-11-22,a,5\n2026-11-22,x,1\n")
    assert out == "1 counts stored.\nStored by name, because they are not in the catalog: x.\n"
    assert popular(client) == ["a"]


def test_a_dry_run_stores_nothing_and_reports_what_it_would_store(tmp_path: Path) -> None:
    world.model("a")
    text = "model,day,requests\na,2026-11-22,5\nx,2026-11-22,1\n"
    output = run(tmp_path, text, "--dry-run", "--format", "json")
    assert json.loads(output) == {"kept": 1, "unknown": ["x"], "dry_run": True}
    assert run(tmp_path, text, "--dry-run").startswith("1 counts would be stored.\n")
    assert not UsageCount.objects.exists()
    assert json.loads(run(tmp_path, text, "--format", "json"))["dry_run"] is False
    assert counted() == {"a": 5, None: 1}


def test_a_dry_run_rejects_the_same_reports(tmp_path: Path) -> None:
    world.model("a")
    with pytest.raises(CommandError, match="is in the future"):
        run(tmp_path, "model,day,requests\na,2100-11-22,5\n", "--dry-run")


@pytest.mark.parametrize(
    "text", ["", "model,day\n", "model,day,requests\na,2026-11-22,many\n", 'model,day,requests\n"a']
)
def test_an_invalid_file_is_rejected_with_a_message(tmp_path: Path, text: str) -> None:
    world.model("a")
    with pytest.raises(CommandError) as error:
        run(tmp_path, text)
    assert error.value.returncode == 4
    assert not UsageCount.objects.exists()


def test_a_sum_over_the_largest_count_is_rejected_with_a_message(client: Client) -> None:
    world.model("gpt-4o")
    token, key = world.token(name="gateway")
    UsageReporter.objects.create(token=token)
    report = {"model": "gpt-4o", "day": "2026-01-31", "requests": 10**15}

    answer = post(client, key, {"reports": [report] * 9_999})

    assert answer.status_code == 400
    assert "are too large" in answer.content.decode()
    assert not UsageCount.objects.exists()


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31"])
def test_a_day_before_the_year_2000_is_rejected(client: Client, day: str) -> None:
    token, key = world.token(name="gateway")
    UsageReporter.objects.create(token=token)
    assert post(client, key, [{"model": "gpt-4o", "day": day, "requests": 1}]).status_code == 400
