"""A plan says what it does to keys, and stops if a key loses more than 5 % of its models, or all of them."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.models import Channel, ImportRun, Source
from catalog.sources import SOURCES
from pricing.imports.exit_codes import Exit
from pricing.imports.guards import LossError
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import, make_plan
from pricing.imports.review import apply_run, plan_of, save_plan
from pricing.imports.text_report import summary
from tests import world

pytestmark = pytest.mark.django_db

SWITCHED_OFF = b"""format: modelbook/1
channels:
  - {slug: main, name: Main, enabled: false}
models:
  - {name: gpt-4o, display_name: GPT-4o}
"""
LOSS = "1 key loses more than 5 % of its models, or all of them: Acme (2 of 2)."


def switch_off(*, accept_loss: bool = False) -> Options:
    """A catalog with a key that sees two models on its only channel, and the options of an import."""
    world.model("gpt-4o")
    world.model("o1")
    world.token(name="Acme")
    return Options(source=SOURCES["yaml"], accept_loss=accept_loss)


def test_a_file_that_switches_off_the_only_channel_says_what_it_does_and_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    switch_off()
    file = tmp_path / "catalog.yaml"
    file.write_bytes(SWITCHED_OFF)
    for apply in ((), ("--apply",)):
        with pytest.raises(SystemExit) as stop:
            call_command("import_catalog", "yaml", *apply, file=str(file))
        assert stop.value.code == Exit.GUARD_STOPPED
        text = capsys.readouterr().out
        assert "main: enabled yes → no" in text
        assert "The key Acme loses all 2 models (gpt-4o, o1)." in text
        assert f"{LOSS} If this is correct, repeat with --accept-loss." in text
        assert Channel.objects.get().enabled
    with pytest.raises(SystemExit):
        call_command("import_catalog", "yaml", file=str(file), format="json")
    report = json.loads(capsys.readouterr().out)
    assert report["outcome"] == "guard_stopped"
    assert [(key["name"], key["loses"]) for key in report["impact"]["keys"]] == [("Acme", ["gpt-4o", "o1"])]
    call_command("import_catalog", "yaml", "--apply", "--accept-loss", file=str(file))
    assert not Channel.objects.get().enabled
    run = ImportRun.objects.get()
    assert run.options["accept_loss"]
    assert "The key Acme loses all 2 models (gpt-4o, o1)." in run.report["impact"]["lines"]


def test_a_plan_and_its_application_say_the_same() -> None:
    options, now = switch_off(accept_loss=True), timezone.now()
    plan = make_plan(SWITCHED_OFF, options, at=now)
    applied, run = apply_import(SWITCHED_OFF, options, at=now)
    assert plan.impact is not None
    assert applied.impact is not None
    assert run is not None
    assert plan.impact.as_json() == applied.impact.as_json()
    assert plan.fingerprint == applied.fingerprint
    assert "lines" in run.report["impact"]


def test_a_review_applies_a_loss_only_if_it_is_accepted() -> None:
    options, now = switch_off(), timezone.now()
    _, run = save_plan(SWITCHED_OFF, options, at=now)
    assert run is not None
    assert run.status == ImportRun.Status.STOPPED
    seen = plan_of(run, at=now).fingerprint
    with pytest.raises(LossError, match="Acme"):
        apply_run(run, at=now, seen=seen)
    assert Channel.objects.get().enabled
    apply_run(run, at=now, seen=seen, accepted=["accept_loss"])
    run.refresh_from_db()
    assert (run.status, run.options["accept_loss"]) == (ImportRun.Status.APPLIED, True)
    assert not Channel.objects.get().enabled


def test_a_key_that_is_issued_in_between_does_not_change_the_plan() -> None:
    options, now = switch_off(), timezone.now()
    _, run = save_plan(SWITCHED_OFF, options, at=now)
    assert run is not None
    seen = plan_of(run, at=now).fingerprint
    world.token(name="Another")
    apply_run(run, at=now, seen=seen, accepted=["accept_loss"])
    assert not Channel.objects.get().enabled


def test_a_small_loss_is_shown_and_not_guarded() -> None:
    for number in range(20):
        world.model(f"m-{number}")
    world.token(name="Acme")
    document = b"format: modelbook/1\nmodels:\n  - {name: m-7, status: draft}\n"
    plan = make_plan(document, Options(source=SOURCES["yaml"]), at=timezone.now())
    assert plan.impact is not None
    assert "The key Acme loses 1 of 20 models (m-7)." in plan.impact.lines()
    assert plan.guards == []
    assert "  The key Acme loses 1 of 20 models (m-7)." in summary(plan)


def test_a_source_that_applies_safe_changes_waits_with_a_loss() -> None:
    switch_off()
    Source.objects.create(slug="yaml", name="YAML", policy=Source.Policy.APPLY_SAFE)
    _, run = save_plan(SWITCHED_OFF, Options(source=SOURCES["yaml"]), at=timezone.now())
    assert run is not None
    assert run.report["guards"] == [f"{LOSS} If this is correct, repeat with --accept-loss."]


def test_a_rollback_that_empties_a_key_stops_until_it_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    document = b"format: modelbook/1\ngroups:\n  - {slug: default, channels: [main]}\nchannels:\n"
    document += b"  - {slug: main, name: Main, offers: [{model: m-1}]}\nmodels:\n  - {name: m-1, status: published}\n"
    _, run = apply_import(document, Options(source=SOURCES["yaml"]), at=timezone.now())
    assert run is not None
    world.token(name="Acme")
    for options in ({"dry_run": True}, {}):
        with pytest.raises(SystemExit) as stop:
            call_command("rollback_import", str(run.pk), **options)
        assert stop.value.code == Exit.GUARD_STOPPED
        text = capsys.readouterr().out
        assert "  The key Acme loses the only model (m-1).\n" in text
        assert "Acme (1 of 1). If this is correct, repeat with --accept-loss." in text
        assert Channel.objects.exists()
    call_command("rollback_import", str(run.pk), accept_loss=True)
    assert not Channel.objects.exists()
    run.refresh_from_db()
    assert "The key Acme loses the only model (m-1)." in run.report["taken_back"]["impact"]["lines"]
