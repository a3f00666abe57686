"""Group rates of imports are effective from the import, and a rollback does not rewrite the past."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import ImportRun
from pricing.imports.rollback import Rollback, roll_back
from pricing.models import GroupRate
from pricing.published.group_rates import group_rates
from tests import world
from tests.pricing.gateways.databases import channel, option
from tests.pricing.gateways.test_migrate_structure import migrate
from tests.pricing.imports.running import run
from tokens.models import TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
MOMENT = dt.timedelta(microseconds=1)


def gateways_list(ratio: str) -> str:
    return f'{{"data": [{{"model_name": "m", "model_ratio": 1}}], "group_ratio": {{"default": {ratio}}}}}'


def catalog(slug: str, ratio: str) -> str:
    return f"format: modelbook/1\ngroups:\n- {{slug: {slug}, label: X, rate: '{ratio}'}}\nmodels: [{{name: m}}]\n"


def applied(source: str, document: str, folder: Path) -> ImportRun:
    outcome = run(source, document, folder, "--apply")
    assert outcome.code == 0, outcome
    return ImportRun.objects.latest("pk")


def rate(slug: str = "default", *, at: dt.datetime | None = None) -> Decimal:
    return group_rates(TokenGroup.objects.filter(slug=slug), at=at or timezone.now())[slug]


def ratios() -> list[Decimal]:
    return list(GroupRate.objects.order_by("starts_at").values_list("ratio", flat=True))


def rolled_back(import_run: ImportRun) -> Rollback:
    return roll_back(import_run, at=timezone.now())


@pytest.mark.parametrize(("source", "document"), [
    ("new_api", gateways_list("0.5")), ("yaml", catalog("default", "0.5")),
])  # fmt: skip
def test_a_new_rate_is_effective_from_the_import(tmp_path: Path, source: str, document: str) -> None:
    world.rate(world.token_group(), "0.9")

    applied(source, document, tmp_path)

    changed_at = GroupRate.objects.latest("starts_at").starts_at
    assert (rate(at=changed_at - MOMENT), rate(at=changed_at)) == (Decimal("0.9"), Decimal("0.5"))
    assert ratios() == [Decimal("0.9"), Decimal("0.5")]


@pytest.mark.parametrize(("source", "document"), [
    ("new_api", gateways_list("0.5")), ("yaml", catalog("default", "0.5")),
])  # fmt: skip
def test_the_current_rate_is_not_written_again(tmp_path: Path, source: str, document: str) -> None:
    world.rate(world.token_group(), "0.9")
    world.rate(world.token_group(), "0.5", starts_at=timezone.now())
    world.rate(world.token_group(), "0.7", starts_at=timezone.now() + dt.timedelta(days=1))

    applied(source, document, tmp_path)

    assert len(ratios()) == 3


def test_the_rates_of_a_gateway_are_effective_from_its_import(tmp_path: Path) -> None:
    tables: dict[str, Any] = {"channels": [channel(1, "gpt-4o")], "tokens": []}
    for ratio in (0.5, 0.5, 0.25):
        migrate(tmp_path, **tables, options=[option("GroupRatio", {"default": ratio})])
    assert ratios() == [Decimal("0.5"), Decimal("0.25")]


@pytest.mark.parametrize("before", ["0.9", None])
def test_a_rollback_changes_a_rate_from_now(tmp_path: Path, before: str | None) -> None:
    if before:
        world.rate(world.token_group(), before)
    import_run = applied("new_api", gateways_list("0.5"), tmp_path)
    between = timezone.now()

    result = rolled_back(import_run)

    assert (rate(at=between), rate()) == (Decimal("0.5"), Decimal(before or 1))
    assert (result.restored["group rates"], result.stays) == (1, [])


def test_a_rate_that_was_replaced_since_stays_and_is_reported(tmp_path: Path) -> None:
    import_run = applied("new_api", gateways_list("0.5"), tmp_path)
    since = world.rate(world.token_group(), "0.6", starts_at=timezone.now())

    assert rolled_back(import_run).stays == [f"group rate {since}"]
    assert rate() == Decimal("0.6")


def test_runs_are_rolled_back_one_after_the_other(tmp_path: Path) -> None:
    runs = [applied("new_api", gateways_list(ratio), tmp_path) for ratio in ("0.5", "0.6")]
    for import_run, left in zip(reversed(runs), (Decimal("0.5"), Decimal(1)), strict=True):
        rolled_back(import_run)
        assert rate() == left


def test_a_rate_that_starts_at_the_moment_of_the_rollback_is_removed(tmp_path: Path) -> None:
    import_run = applied("new_api", gateways_list("0.5"), tmp_path)
    roll_back(import_run, at=GroupRate.objects.get().starts_at)
    assert ratios() == []


def test_a_group_that_the_run_created_is_removed_with_its_rate(tmp_path: Path) -> None:
    first_run = applied("yaml", catalog("new", "0.5"), tmp_path)
    again = applied("yaml", catalog("new", "0.6"), tmp_path)
    for import_run in (again, first_run):
        rolled_back(import_run)
    assert not TokenGroup.objects.filter(slug="new").exists()
    assert ratios() == []


def test_a_group_with_a_later_rate_stays(tmp_path: Path) -> None:
    import_run = applied("yaml", catalog("new", "0.5"), tmp_path)
    world.rate(TokenGroup.objects.get(slug="new"), "0.6", starts_at=timezone.now())
    assert "group new" in "; ".join(rolled_back(import_run).stays)
    assert rate("new") == Decimal("0.6")
