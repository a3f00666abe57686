"""A rollback restores what an import changed and removes what it created; later edits stay."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog.models import AIModel, Channel, ImportRun, Offer, Vendor
from pricing.imports.rollback import roll_back
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.running import run, state
from tokens.models import TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
ROW = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": 1000, "input_cost_per_token": 2e-06}
TABLES = (AIModel, Channel, Offer, Vendor)


def document(*names: str, **fields: Any) -> str:
    return json.dumps(dict.fromkeys(names or ("gpt-a", "gpt-b"), ROW | fields))


def facts() -> dict[str, Any]:
    """All that readers could see, but for when rows were last written."""
    rows: dict[str, Any] = {}
    for table in TABLES:
        columns = [column.attname for column in table._meta.concrete_fields if column.name != "updated_at"]
        rows[table.__name__] = list(table._default_manager.order_by("pk").values(*columns))
    in_force = PriceSheet.objects.in_force(at=timezone.now())
    rows["sheets"] = list(in_force.order_by("pk").values())
    rows["lines"] = list(PriceLine.objects.filter(sheet__in=in_force).order_by("pk").values())
    rows["reach"] = list(TokenGroup.channels.through.objects.values_list("tokengroup__slug", "channel__slug"))
    return rows


def applied(document: str, folder: Path, *arguments: str) -> ImportRun:
    outcome = run("litellm", document, folder, "--apply", "--accept-jumps", *arguments)
    assert outcome.code == 0, outcome
    return ImportRun.objects.latest("pk")


@pytest.fixture(autouse=True)
def earlier(db: None, tmp_path: Path) -> ImportRun:
    return applied(document(), tmp_path, "--publish", "--channel", "main")


def test_facts_prices_models_and_offers_are_restored(tmp_path: Path) -> None:
    before = facts()
    later = document("gpt-a", "gpt-c", "claude-new", max_input_tokens=9, input_cost_per_token=1e-04)
    import_run = applied(later, tmp_path, "--publish", "--channel", "other", "--allow-removals")
    assert facts() != before

    done = roll_back(import_run, at=timezone.now())

    assert facts() == before
    assert done.restored == {"models": 1, "reach of groups": 1}
    assert done.removed == {"models": 2, "offers": 3, "price sheets": 2, "channels": 1, "vendors": 1}
    assert done.ended == {"price sheets": 1}
    assert (import_run.status, done.stays) == ("rolled_back", [])
    assert "Rolled back" in import_run.remark


def test_the_history_records_a_rollback(tmp_path: Path) -> None:
    import_run = applied(document("gpt-a", "gpt-c", max_input_tokens=9), tmp_path, "--allow-removals")
    roll_back(import_run, at=timezone.now())
    row = AIModel.history.filter(name="gpt-a").first()
    assert row is not None
    assert (row.context_length, row.run_id, row.history_change_reason) == (
        1000,
        import_run.pk,
        f"Rollback of import {import_run}",
    )
    assert list(AIModel.history.filter(name="gpt-c").values_list("history_type", flat=True)) == ["-", "+"]


def test_later_edits_stay_and_are_reported(tmp_path: Path) -> None:
    import_run = applied(document("gpt-a", "gpt-c", max_input_tokens=9), tmp_path, "--allow-removals")
    for name in ("gpt-a", "gpt-c"):
        model = AIModel.objects.get(name=name)
        model.context_length = 77
        model.save()

    done = roll_back(import_run, at=timezone.now())

    assert set(AIModel.objects.filter(context_length=77).values_list("name", flat=True)) == {"gpt-a", "gpt-c"}
    assert done.stays == ["context length of model gpt-a", "model gpt-c"]
    assert PriceSheet.objects.get(model__name="gpt-c").ends_at is not None
    assert done.ended == {"price sheets": 1}


def test_rows_that_others_refer_to_stay(tmp_path: Path, world: Any) -> None:
    import_run = applied(document("gpt-a", "gpt-c"), tmp_path, "--allow-removals")
    world.price(AIModel.objects.get(name="gpt-c"), input="5")
    assert roll_back(import_run, at=timezone.now()).stays == ["model gpt-c"]
    assert PriceSheet.objects.in_force(at=timezone.now()).get(model__name="gpt-c").run is None


SUCCESSION = """
format: modelbook/1
vendors: [{slug: acme, name: Acme}]
models:
- {name: acme-1, vendor: acme, status: published, successor: acme-2}
- {name: acme-2, vendor: acme, status: published, successor: acme-3}
- {name: acme-3, vendor: acme, status: published}
"""


def test_models_are_removed_together_with_their_successors(tmp_path: Path) -> None:
    before = facts()
    assert run("yaml", SUCCESSION, tmp_path, "--apply").code == 0
    import_run = ImportRun.objects.latest("pk")

    done = roll_back(import_run, at=timezone.now())

    assert (done.stays, done.removed) == ([], {"models": 3, "vendors": 1})
    assert facts() == before


def test_the_successors_of_a_model_that_stays_stay(tmp_path: Path, world: Any) -> None:
    assert run("yaml", SUCCESSION, tmp_path, "--apply").code == 0
    import_run = ImportRun.objects.latest("pk")
    world.price(AIModel.objects.get(name="acme-2"), input="5")

    done = roll_back(import_run, at=timezone.now())

    assert sorted(done.stays) == ["model acme-2", "model acme-3", "vendor Acme"]
    assert done.removed == {"models": 1}


def test_runs_are_rolled_back_one_after_the_other(tmp_path: Path, earlier: ImportRun) -> None:
    import_run = applied(document(max_input_tokens=9), tmp_path)
    roll_back(import_run, at=timezone.now())
    roll_back(earlier, at=timezone.now())
    assert not AIModel.objects.exists()
    assert not Channel.objects.exists()


def test_a_rollback_of_the_older_run_leaves_the_values_of_the_newer(tmp_path: Path, earlier: ImportRun) -> None:
    applied(document("gpt-a", max_input_tokens=9), tmp_path, "--allow-removals")
    assert "model gpt-a" in roll_back(earlier, at=timezone.now()).stays
    assert list(AIModel.objects.values_list("name", "context_length")) == [("gpt-a", 9)]


def test_a_second_rollback_does_nothing(earlier: ImportRun) -> None:
    roll_back(earlier, at=timezone.now())
    before = state()
    assert str(roll_back(earlier, at=timezone.now())) == "Nothing to roll back."
    assert state() == before


def test_the_same_document_can_be_imported_again(tmp_path: Path, earlier: ImportRun) -> None:
    before = facts()
    roll_back(earlier, at=timezone.now())
    applied(document(), tmp_path, "--publish", "--channel", "main")
    assert [row["name"] for row in facts()["AIModel"]] == [row["name"] for row in before["AIModel"]]


def test_the_source_may_change_its_own_values_after_a_rollback(tmp_path: Path) -> None:
    roll_back(applied(document(max_input_tokens=9), tmp_path), at=timezone.now())
    applied(document(max_input_tokens=10), tmp_path)
    assert AIModel.objects.get(name="gpt-a").context_length == 10


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("rollback_import", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_has_a_dry_run(earlier: ImportRun) -> None:
    before = state()
    assert "2 models removed" in command(str(earlier.pk), "--dry-run")
    assert state() == before
    assert json.loads(command(f"#{earlier.pk}", "--format", "json"))["removed"]["models"] == 2
    assert not AIModel.objects.exists()


@pytest.mark.parametrize("name", ["0", "x", "²", "9" * 30])
def test_an_unknown_run_is_reported_in_one_sentence(name: str) -> None:
    with pytest.raises(CommandError, match="There is no import run"):
        command(name)
