"""Due sources are fetched; changes wait for review or are applied; errors are stored on the source."""

import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from catalog.models import AIModel, ImportRun, Source
from pricing.imports.plan import ImportPlan
from pricing.imports.review import discard_run
from tests.catalog.imports import hosts

pytestmark = pytest.mark.django_db
ROW = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": 1000, "input_cost_per_token": 2e-06}
PUBLISHED: dict[str, bytes] = {}


def publish(**fields: Any) -> None:
    PUBLISHED["document"] = json.dumps({"gpt-a": ROW | fields, "gpt-b": ROW}).encode()


@pytest.fixture
def requests(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, str]]]:
    """The requests that reach the host of the source litellm."""
    monkeypatch.setitem(hosts.ANSWERS, "mine", lambda handler: handler.answer(PUBLISHED["document"]))
    publish()
    with hosts.server() as (name, requests):
        settings.FETCH_OWN_HOSTS = [name]
        Source.objects.create(slug="litellm", name="LiteLLM", url=f"http://{name}/mine", sync=True)
        yield requests


def source() -> Source:
    return Source.objects.get(slug="litellm")


def change(**fields: Any) -> None:
    Source.objects.filter(slug="litellm").update(**fields)


def sync(*arguments: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("sync_sources", "--format", "json", *arguments, stdout=out, stderr=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_due_source_leaves_its_plan_to_review(requests: list[dict[str, str]]) -> None:
    assert [done["outcome"] for done in sync()] == ["waits for review"]
    run = ImportRun.objects.get()
    assert (run.status, run.counts["new"]) == ("planned", 2)
    assert not AIModel.objects.exists()
    assert source().checked_at is not None


def test_a_source_is_not_fetched_before_it_is_due(requests: list[dict[str, str]]) -> None:
    sync()
    assert sync() == []
    with time_machine.travel(timezone.now() + dt.timedelta(hours=24)):
        assert [done["outcome"] for done in sync()] == ["unchanged"]
    assert len(requests) == 2


def test_only_sources_with_sync_are_fetched(requests: list[dict[str, str]]) -> None:
    change(sync=False)
    assert sync() == []
    assert requests == []


def test_a_safe_plan_is_applied_if_the_policy_allows_it(requests: list[dict[str, str]]) -> None:
    change(policy="apply_safe", publish=True, channel="main")
    assert [done["outcome"] for done in sync()] == ["applied"]
    assert AIModel.objects.published().offered().count() == 2
    assert ImportRun.objects.get().status == "applied"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"input_cost_per_token": 9e-05}, "stopped"),
        ({"max_output_tokens": 2000}, "planned"),
        ({"cache_read_input_token_cost": 3e-06}, "planned"),
    ],
)
def test_a_suspicious_plan_waits_for_review(
    requests: list[dict[str, str]], fields: dict[str, Any], status: str
) -> None:
    change(policy="apply_safe")
    sync()
    publish(**fields)
    assert sync("--source", "litellm")[0]["outcome"].startswith("waits for review")
    assert ImportRun.objects.latest("pk").status == status


def test_models_that_are_not_suspicious_are_applied_and_the_others_wait(requests: list[dict[str, str]]) -> None:
    change(policy="apply_safe")
    sync()
    PUBLISHED["document"] = json.dumps(
        {"gpt-a": ROW | {"input_cost_per_token": 9e-05}, "gpt-b": ROW | {"max_input_tokens": 7}}
    ).encode()
    assert sync("--source", "litellm")[0]["outcome"] == "waits for review: a guard stopped it"
    assert AIModel.objects.get(name="gpt-b").context_length == 7
    assert ImportRun.objects.latest("pk").counts == {"left": 1}


def test_nothing_is_applied_of_a_document_that_lost_models(requests: list[dict[str, str]]) -> None:
    change(policy="apply_safe")
    sync()
    PUBLISHED["document"] = json.dumps({"gpt-b": ROW | {"max_input_tokens": 7}}).encode()
    assert sync("--source", "litellm")[0]["outcome"] == "waits for review: a guard stopped it"
    assert AIModel.objects.get(name="gpt-b").context_length == 1000


def test_a_discarded_document_is_not_planned_again(requests: list[dict[str, str]]) -> None:
    sync()
    discard_run(ImportRun.objects.get(), at=timezone.now())
    assert [done["outcome"] for done in sync("--source", "litellm")] == ["unchanged"]
    publish(max_input_tokens=5)
    assert [done["outcome"] for done in sync("--source", "litellm")] == ["waits for review"]


def test_a_newer_plan_replaces_a_waiting_one(requests: list[dict[str, str]]) -> None:
    sync()
    publish(max_input_tokens=5)
    sync("--source", "litellm")
    old, new = ImportRun.objects.order_by("pk")
    assert (old.status, new.status) == ("discarded", "planned")
    assert str(new) in old.remark


def test_a_source_may_have_another_name_than_its_reader(requests: list[dict[str, str]]) -> None:
    change(slug="mirror", reader="litellm", policy="apply_safe")
    assert sync()[0]["outcome"] == "applied"
    assert ImportRun.objects.get().source.slug == "mirror"
    assert Source.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("missing", "answered 404"), ("html", "is not JSON"), ("nothing", "could not be reached")],
)
def test_an_error_is_stored_on_the_source_until_it_works_again(
    requests: list[dict[str, str]], path: str, sentence: str
) -> None:
    url = source().url
    change(url=url.replace("mine", path))
    with pytest.raises(CommandError, match="Some sources could not"):
        sync()
    assert sentence in source().error
    assert list(Source.objects.failing()) == [source()]
    change(url=url)
    sync("--source", "litellm")
    assert source().error == ""


def test_a_failing_source_does_not_stop_the_others(requests: list[dict[str, str]]) -> None:
    Source.objects.create(slug="csv", name="CSV", url=source().url.replace("mine", "missing"), sync=True)
    with pytest.raises(CommandError):
        sync()
    assert ImportRun.objects.get().source == source()


def test_a_database_error_is_reported_as_by_the_commands(
    monkeypatch: pytest.MonkeyPatch, requests: list[dict[str, str]]
) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise DatabaseError("no such table: catalog_aimodel")

    monkeypatch.setattr("pricing.imports.scheduled.fetch", refuse)
    with pytest.raises(CommandError):
        sync()
    assert "run python manage.py migrate" in source().error


def test_nothing_to_do_is_reported() -> None:
    Source.objects.update(sync=False)
    out = io.StringIO()
    call_command("sync_sources", stdout=out)
    assert out.getvalue() == "No source is due.\n"


def test_the_plan_that_was_checked_is_applied(monkeypatch: pytest.MonkeyPatch, requests: list[dict[str, str]]) -> None:
    judged: list[ImportPlan] = []

    def judge(plan: ImportPlan) -> bool:
        judged.append(plan)
        return True

    monkeypatch.setattr("pricing.imports.scheduled.is_safe", judge)
    change(policy="apply_safe")
    assert sync()[0]["outcome"] == "applied"
    run = ImportRun.objects.get()
    assert [(outlined(plan), plan.listed) for plan in judged] == [(run.report, run.listed)]


def outlined(plan: ImportPlan) -> dict[str, Any]:
    """The report of a plan as it is stored, with the short form of its impact."""
    assert plan.impact is not None
    return {**plan.report(), "impact": plan.impact.outline()}


def test_a_dry_run_fetches_nothing(requests: list[dict[str, str]]) -> None:
    assert sync("--dry-run") == [{"source": "litellm", "outcome": "due", "run": None, "error": ""}]
    assert requests == []


@pytest.mark.parametrize(
    ("arguments", "sentence"), [(["--every", "5"], "not a valid duration"), (["--every", "5s"], "once a min")]
)
def test_short_intervals_are_refused(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        sync(*arguments)
