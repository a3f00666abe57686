"""A waiting plan is made again when it is applied, and only the reviewed plan is applied."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.error_messages import InputError
from catalog.models import AIModel, Channel, ImportRun, Vendor
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import apply_run, discard_run, plan_of, save_plan
from pricing.models import PriceSheet
from tests.pricing.imports.running import state

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
ROW = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": 1000, "input_cost_per_token": 2e-06}
OPTIONS = Options(source=SOURCES["litellm"], channel="main")


def document(*names: str, **fields: Any) -> bytes:
    return json.dumps(dict.fromkeys(names or ("gpt-a", "gpt-b", "claude-c"), ROW | fields)).encode()


def waiting(content: bytes | None = None, options: Options = OPTIONS) -> ImportRun:
    run = save_plan(content or document(), options, at=timezone.now(), origin="test")[1]
    assert run is not None
    return run


def apply(run: ImportRun, **options: Any) -> Any:
    now = timezone.now()
    return apply_run(run, at=now, **{"seen": plan_of(run, at=now).fingerprint} | options)


def status(run: ImportRun) -> str:
    run.refresh_from_db()
    return run.status


def test_nothing_is_written_before_it_is_applied() -> None:
    run = waiting()
    assert (run.status, run.counts["new"]) == ("planned", 3)
    assert not AIModel.objects.exists()
    apply(run, actor=User.objects.create_superuser("maria"))
    run.refresh_from_db()
    assert (run.status, str(run.actor), run.report["new"]) == ("applied", "maria", ["gpt-a", "gpt-b", "claude-c"])
    assert AIModel.history.filter(run=run).count() == 3


def test_a_plan_without_changes_does_not_wait() -> None:
    apply(waiting())
    assert save_plan(document(), OPTIONS, at=timezone.now())[1] is None


def test_the_shown_plan_is_current() -> None:
    run = waiting()
    apply(waiting(document("gpt-a"), Options(source=SOURCES["litellm"])))
    plan = plan_of(run, at=timezone.now())
    assert (list(plan.facts.new), plan.facts.unchanged) == (["gpt-b", "claude-c"], 1)


def test_a_plan_that_changed_since_the_review_is_not_applied() -> None:
    run = waiting()
    seen = plan_of(run, at=timezone.now()).fingerprint
    Channel.objects.create(slug="main", name="Main")
    before = state()
    with pytest.raises(InputError, match="has changed since"):
        apply(run, seen=seen)
    assert state() == before
    assert status(run) == "planned"


def test_an_unrelated_change_does_not_prevent_it(world: Any) -> None:
    run = waiting()
    seen = plan_of(run, at=timezone.now()).fingerprint
    world.model("another", vendor=world.vendor("acme"), on=None)
    apply(run, seen=seen)
    assert status(run) == "applied"


def test_selected_models_are_applied_and_the_rest_waits() -> None:
    run = waiting()
    _, rest = apply(run, chosen={"gpt-a"})
    assert list(AIModel.objects.values_list("name", flat=True)) == ["gpt-a"]
    assert not Vendor.objects.filter(slug="anthropic").exists()
    assert rest.counts == {"left": 2}
    assert "2 others wait" in ImportRun.objects.get(pk=run.pk).remark
    apply(rest)
    assert PriceSheet.objects.count() == 3


def test_without_a_selection_nothing_is_applied() -> None:
    run = waiting()
    with pytest.raises(InputError, match="The selected rows change nothing"):
        apply(run, chosen={"gpt-z"})
    assert status(run) == "planned"


def test_a_guard_stops_it_unless_it_is_confirmed() -> None:
    apply(waiting())
    run = waiting(document("gpt-a", "gpt-b", "claude-c", input_cost_per_token=9e-05))
    assert run.status == "stopped"
    with pytest.raises(InputError, match="Confirm it"):
        apply(run)
    with pytest.raises(InputError, match="Confirm it"):
        apply(run, accepted={"allow_removals"})
    apply(run, accepted={"accept_jumps"})
    assert status(run) == "applied"
    assert ImportRun.objects.get(pk=run.pk).options["accept_jumps"]


def test_a_selection_without_the_jump_needs_no_confirmation() -> None:
    apply(waiting())
    rows = {"gpt-a": ROW | {"input_cost_per_token": 9e-05}, "gpt-b": ROW | {"max_input_tokens": 7}, "claude-c": ROW}
    run = waiting(json.dumps(rows).encode())
    apply(run, chosen={"gpt-b"})
    assert AIModel.objects.get(name="gpt-b").context_length == 7


def test_a_run_is_decided_only_once() -> None:
    run = waiting()
    seen = plan_of(run, at=timezone.now()).fingerprint
    apply(run)
    before = state()
    with pytest.raises(InputError, match="is already applied"):
        apply(run, seen=seen)
    with pytest.raises(InputError, match="is not waiting"):
        discard_run(run, at=timezone.now())
    assert state() == before


def test_a_discarded_plan_names_the_person() -> None:
    run = waiting()
    discard_run(run, at=timezone.now(), actor=User.objects.create_user("maria"))
    assert status(run) == "discarded"
    assert run.remark.startswith("Discarded by maria on 20")


def test_the_plan_is_cached_between_pages(django_assert_max_num_queries: Any) -> None:
    run = waiting()
    first = plan_of(run, at=timezone.now())
    with django_assert_max_num_queries(3):  # the revision, the pins, the sources
        assert plan_of(run, at=timezone.now()) is first
