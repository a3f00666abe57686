"""Two imports that wrote the same rows are rolled back, the older one first: no value of either returns."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from catalog.models import AIModel, ImportRun
from pricing.imports.rollback import Rollback, roll_back
from pricing.models import GroupRate, PriceSheet
from tests import world
from tests.pricing.imports.running import run
from tests.pricing.imports.test_rollback import applied, document

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture(autouse=True)
def first(db: None, tmp_path: Path) -> ImportRun:
    return applied(document("gpt-a"), tmp_path, "--publish", "--channel", "main")


def rolled_back(import_run: ImportRun) -> Rollback:
    return roll_back(import_run, at=timezone.now())


def length() -> int | None:
    return AIModel.objects.get(name="gpt-a").context_length


def price() -> Decimal | None:
    sheet = PriceSheet.objects.in_force(at=timezone.now()).filter(model__name="gpt-a").latest("starts_at")
    amount: Decimal | None = sheet.lines.get().amount
    return amount


def test_facts_and_prices_are_those_before_both(tmp_path: Path) -> None:
    older = applied(document("gpt-a", max_input_tokens=9, input_cost_per_token=3e-06), tmp_path)
    newer = applied(document("gpt-a", max_input_tokens=10, input_cost_per_token=4e-06), tmp_path)

    assert rolled_back(older).stays == ["context length of model gpt-a"]
    assert (length(), price()) == (10, Decimal("0.000004"))
    assert rolled_back(newer).stays == []
    assert (length(), price()) == (1000, Decimal("0.000002"))


def test_values_of_a_person_between_them_are_restored(tmp_path: Path) -> None:
    older = applied(document("gpt-a", max_input_tokens=9), tmp_path)
    model = AIModel.objects.get(name="gpt-a")
    model.context_length = 77
    model.save()
    newer = applied(document("gpt-a", max_input_tokens=10), tmp_path, "--overrule")
    assert length() == 10

    rolled_back(older)
    rolled_back(newer)

    assert length() == 77


def test_a_field_that_only_the_older_run_changed_is_not_reported_as_staying(tmp_path: Path) -> None:
    older = applied(document("gpt-a", max_input_tokens=9), tmp_path)
    newer = applied(document("gpt-a", max_input_tokens=9, max_output_tokens=5), tmp_path)

    assert rolled_back(older).stays == []
    assert rolled_back(newer).stays == []

    model = AIModel.objects.get(name="gpt-a")
    assert (model.context_length, model.max_output_tokens) == (1000, None)


def test_a_groups_rate_is_the_one_before_both(tmp_path: Path) -> None:
    world.rate(world.token_group(), "0.9")
    runs = []
    for ratio in (0.5, 0.6):
        row = {"model_name": "m", "quota_type": 0, "model_ratio": 1, "completion_ratio": 1}
        listed = json.dumps({"data": [row], "group_ratio": {"default": ratio}})
        outcome = run("new_api", listed, tmp_path, "--apply", "--accept-jumps", "--allow-removals")
        assert outcome.code == 0, outcome
        runs.append(ImportRun.objects.latest("pk"))

    for import_run in runs:
        rolled_back(import_run)

    assert GroupRate.objects.in_force(at=timezone.now()).get().ratio == Decimal("0.9")
