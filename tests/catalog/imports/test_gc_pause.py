"""The garbage collector is paused during an import, and runs again afterwards."""

import gc
from collections.abc import Iterator

import pytest
from django.utils import timezone

from catalog.imports.facts import plan_facts
from catalog.imports.gc_pause import pause_gc
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import, make_plan

CSV = b"model,input,output\nalpha-1,1,2\n"


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_is_paused_inside_and_runs_again_after_an_error() -> None:
    seen = []

    @pause_gc()
    def fails() -> None:
        seen.append(gc.isenabled())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert seen == [False]
    assert gc.isenabled()


def test_an_inner_pause_does_not_end_the_outer_one() -> None:
    with pause_gc():
        with pause_gc():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_disabled_collector_stays_disabled() -> None:
    gc.disable()
    with pause_gc():
        pass
    assert not gc.isenabled()


@pytest.mark.django_db
def test_imports_are_planned_and_applied_while_it_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def record(*args: object, **kwargs: object) -> object:
        seen.append(gc.isenabled())
        return plan_facts(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("pricing.imports.pipeline.plan_facts", record)
    options = Options(source=SOURCES["csv"])
    make_plan(CSV, options, at=timezone.now())
    apply_import(CSV, options, at=timezone.now())
    assert seen == [False, False]
    assert gc.isenabled()
