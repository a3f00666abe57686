"""Jobs are done when they are due, and one that fails stops no other."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from catalog.models import ImportRun, Source
from pricing.models import WorkerState
from pricing.worker.jobs import JOBS, Job, Schedule, check_health, fetch_sources, read_books
from tests import world
from tests.catalog.imports.hosts import server
from tests.pricing.verification import books
from tokens.models import Event

NOW = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)


def always() -> bool:
    return True


def job(name: str, minutes: int, work: Callable[[], bool], done: list[str]) -> Job:
    def do(*_: object) -> bool:
        done.append(name)
        return work()

    return Job(name, dt.timedelta(minutes=minutes), do)


def test_each_job_is_done_at_its_own_times() -> None:
    done: list[str] = []
    schedule = Schedule(lambda _: None, [job("often", 1, always, done), job("rarely", 60, always, done)])

    for minute in (0, 0.5, 1, 59, 60):
        assert schedule.run_due(at=NOW + dt.timedelta(minutes=minute), may_go_on=always)

    assert done == ["often", "rarely", "often", "often", "often", "rarely"]


def test_a_job_does_not_wait_for_a_time_from_before_the_clock_was_set_back() -> None:
    done: list[str] = []
    schedule = Schedule(lambda _: None, [job("often", 1, always, done)])

    for days in (300, 0, 0, 0.5):
        schedule.run_due(at=NOW + dt.timedelta(days=days), may_go_on=always)

    assert done == ["often"] * 3


def test_a_job_that_fails_is_a_line_and_the_others_are_done() -> None:
    def fail() -> bool:
        raise ValueError("a secret")

    def fail_in_the_database() -> bool:
        raise OperationalError("server closed the connection\nmore")

    done: list[str] = []
    lines: list[str] = []
    jobs = [job("one", 1, fail, done), job("two", 1, fail_in_the_database, done), job("three", 1, always, done)]

    assert not Schedule(lines.append, jobs).run_due(at=NOW, may_go_on=always)

    assert done == ["one", "two", "three"]
    assert lines == [
        "one: this is a bug (ValueError). Please report it.",
        "two: the database cannot be used: server closed the connection",
    ]


def test_nothing_more_is_begun_when_the_end_is_asked_for() -> None:
    done: list[str] = []
    schedule = Schedule(lambda _: None, [job("one", 1, always, done), job("two", 1, always, done)])

    schedule.run_due(at=NOW, may_go_on=lambda: not done)

    assert done == ["one"]


@pytest.mark.django_db
def test_due_sources_are_fetched_as_sync_sources_does(settings: Any) -> None:
    lines: list[str] = []
    assert fetch_sources(lines.append, always)
    assert lines == []
    with server() as (name, requests):
        settings.FETCH_OWN_HOSTS = [name]
        columns = {"name": "LiteLLM", "sync": True, "reader": "litellm"}
        Source.objects.create(slug="litellm", url=f"http://{name}/plain", **columns)
        Source.objects.create(slug="other", url=f"http://{name}/missing", **columns)

        assert not fetch_sources(lines.append, always)
        assert fetch_sources(lines.append, always)

    run = ImportRun.objects.get()
    assert len(requests) == 2
    assert lines == [
        f"source litellm: waits for review ({run})",
        f"source other: {name.partition(':')[0]} answered 404 instead of the document.",
    ]


@pytest.mark.django_db
def test_documents_without_an_extract_are_read_once() -> None:
    lines: list[str] = []
    books.hold("litellm", books.litellm(gpt_5="2.5e-06"))

    assert read_books(lines.append, always)
    assert read_books(lines.append, always)

    assert lines == ["price books: 1 document read"]


@pytest.mark.django_db
def test_health_is_checked_once_a_day_and_only_for_webhooks_that_take_it() -> None:
    lines: list[str] = []
    world.model()
    WorkerState.start("process 1 on host", at=NOW)
    assert check_health(lines.append, always)
    assert lines == []
    world.webhook("https://hooks.example.com/", "health.found")

    assert check_health(lines.append, always)
    assert check_health(lines.append, always)

    assert len(lines) == 1
    assert lines[0].startswith("health checks: ")
    assert Event.objects.filter(type="health.found").exists()
    yesterday = timezone.now() - dt.timedelta(days=1, seconds=1)
    WorkerState.objects.update(checked_at=yesterday)
    assert check_health(lines.append, always)
    assert WorkerState.objects.exclude(checked_at=yesterday).exists()


def test_the_jobs_have_names_of_their_own() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
