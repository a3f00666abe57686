"""Events of imports, and of what they change."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.imports.fetching import FetchError
from catalog.models import ImportRun, Source
from catalog.sources import SOURCES
from pricing.imports import scheduled
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.imports.review import save_plan
from pricing.imports.rollback import roll_back
from tests import world
from tests.config.two_states import DOCUMENT
from tests.events import subscribe, take_events

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

OPTIONS = Options(source=SOURCES["litellm"], publish=True, channel="main")


def test_a_plan_waits_for_review_and_causes_no_other_event() -> None:
    subscribe()

    _, run = save_plan(DOCUMENT, OPTIONS, at=timezone.now())

    assert run is not None
    assert take_events() == [("import.waiting", {"source": "litellm", "run": run.pk, "counts": run.counts})]


def test_a_plan_that_a_guard_stops_says_why() -> None:
    apply_import(DOCUMENT, OPTIONS, at=timezone.now())
    subscribe()

    _, run = save_plan(DOCUMENT.replace(b"0.000003", b"0.00003"), OPTIONS, at=timezone.now())

    assert run is not None
    ((name, data),) = take_events()
    assert (name, data["run"], data["guards"]) == ("import.stopped", run.pk, run.report["guards"])
    assert data["guards"]


def test_an_import_and_its_rollback_cause_the_events_of_their_changes() -> None:
    world.channel()
    subscribe()

    _, run = apply_import(DOCUMENT, OPTIONS, at=timezone.now())
    assert run is not None
    events = take_events()
    assert Counter(name for name, _ in events) == {"model.added": 1, "price.announced": 1, "price.in_force": 1}
    assert events[0][1]["groups"] == ["default"]
    assert events[1][1]["after"]["lines"][0]["amount"] == "0.000003"

    roll_back(ImportRun.objects.get(), at=timezone.now(), dry_run=True)
    assert take_events() == []

    roll_back(ImportRun.objects.get(), at=timezone.now())
    assert [(name, data["groups"]) for name, data in take_events()] == [("model.changed", ["default"])]


def test_events_of_many_models_take_no_more_statements_than_those_of_one() -> None:
    subscribe()
    row = DOCUMENT.decode().partition(": ")[2].removesuffix("}")

    def count(number: int) -> int:
        names = ", ".join(f'"m-{number}-{place}": {row}' for place in range(number))
        with CaptureQueriesContext(connection) as captured:
            apply_import(f"{{{names}}}".encode(), OPTIONS, at=timezone.now())
        assert len(take_events()) == 3 * number
        return len(captured)

    count(1)
    assert count(60) <= count(2) + 4


def test_a_source_that_fails_is_reported_until_it_fails_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source.objects.create(slug="ours", name="Ours", reader="litellm", url="https://models.example.com/?key=a")
    subscribe()

    def fail(error: str) -> list[tuple[str, Any]]:
        def fetch(url: str, **_: Any) -> None:
            raise FetchError(error)

        monkeypatch.setattr(scheduled, "fetch", fetch)
        scheduled.fetch_and_plan(Source.objects.get(pk=source.pk), at=timezone.now())
        return take_events()

    data = {"source": "ours", "run": None, "error": "models.example.com answered 503."}
    assert fail("models.example.com answered 503.") == [("import.failed", data)]
    assert fail("models.example.com answered 503.") == []
    assert len(fail("models.example.com answered 404.")) == 1
