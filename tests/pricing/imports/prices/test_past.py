"""Past prices that a source has with dates fill the time before the first stored price."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, FieldPin, ImportRun, Source
from catalog.models.pin import price_field
from catalog.sources import SOURCES
from pricing.admin.import_rows import names_of, row_of
from pricing.imports.options import Options
from pricing.imports.review import apply_run, plan_of, save_plan
from pricing.imports.rollback import roll_back
from pricing.imports.text_report import summary
from pricing.models import PriceLine, PriceSheet
from tests import world
from tests.pricing.imports.running import Outcome, run, state
from tests.samples import sample, sample_or_real

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
RELEASE, JULY, SEPTEMBER = (dt.datetime(2026, *day, tzinfo=dt.UTC) for day in ((6, 10), (7, 30), (9, 1)))
CONTENT = sample("genai_prices.json")


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def imported(folder: Path, *arguments: str, content: bytes = CONTENT, source: str = "genai_prices") -> Outcome:
    outcome = run(source, content, folder, "--apply", *arguments)
    assert outcome.code == 0, outcome
    return outcome


def spans(name: str = "gpt-dated", role: str = "list") -> list[tuple[Any, ...]]:
    """Start, end and input price of each sheet that has taken effect."""
    sheets = PriceSheet.objects.filter(model__name=name, role=role, starts_at__lte=NOW).order_by("starts_at", "pk")
    return [(sheet.starts_at, sheet.ends_at, sheet.lines.order_by("position")[0].amount) for sheet in sheets]


def later_sheet(model: AIModel, amount: str, source: str, trust: int) -> None:
    """The list price since September of this source; the genai sample has 0.2."""
    snapshot = Source.objects.create(slug=source, name=source, trust=trust).snapshots.create(sha256="0" * 64, size=0)
    by = ImportRun.objects.create(source=snapshot.source, snapshot=snapshot, status=ImportRun.Status.APPLIED)
    sheet = PriceSheet.objects.create(model=model, role="list", starts_at=SEPTEMBER, run=by)
    world.line(sheet, "input", amount)


def test_each_past_price_ends_at_the_next_one_and_the_last_at_the_import(tmp_path: Path) -> None:
    world.model("gpt-dated", released_on=RELEASE.date())
    outcome = imported(tmp_path, "--only", "gpt-dated")
    assert spans() == [(RELEASE, JULY, 1), (JULY, NOW, Decimal("0.2")), (NOW, None, Decimal("0.2"))]
    assert outcome.report["counts"]["past_prices"] == 2
    past_prices = outcome.report["prices"]["past"]["gpt-dated"]
    assert [(price["from"][:10], price["until"] and price["until"][:10]) for price in past_prices] == [
        ("2026-06-10", "2026-07-30"),
        ("2026-07-30", None),
    ]
    assert past_prices[0]["figures"]["Input"] == "$1.00 per million tokens"


def test_a_past_price_without_a_start_needs_a_release_date(tmp_path: Path) -> None:
    imported(tmp_path, "--only", "gpt-dated")
    assert [start for start, _, _ in spans()] == [JULY, NOW]


def test_a_source_with_both_dates_is_followed(tmp_path: Path) -> None:
    world.model("claude-sample", released_on=RELEASE.date())
    imported(tmp_path, content=sample("llm_prices.json"), source="llm_prices")
    assert spans("claude-sample") == [(RELEASE, SEPTEMBER, 2), (SEPTEMBER, NOW, 3), (NOW, None, 3)]
    assert [start for start, _, _ in spans("claude-promo")] == [dt.datetime(2026, 6, 1, tzinfo=dt.UTC), NOW]


def test_an_expired_price_is_only_past(tmp_path: Path, time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2027, 8, 1, tzinfo=dt.UTC), tick=False)
    imported(tmp_path, "--only", "claude-promo", content=sample("llm_prices.json"), source="llm_prices")
    sheet = PriceSheet.objects.get()
    assert (sheet.starts_at.date(), sheet.ends_at and sheet.ends_at.date()) == (
        dt.date(2026, 6, 1),
        dt.date(2027, 6, 1),
    )


def test_only_prices_before_the_first_sheet_are_written(tmp_path: Path) -> None:
    model = world.model("gpt-dated", released_on=RELEASE.date())
    world.price(model, role="list", input="7", starts_at=SEPTEMBER)
    imported(tmp_path, "--only", "gpt-dated", "--accept-jumps", "--overrule")
    assert spans()[:3] == [(RELEASE, JULY, 1), (JULY, SEPTEMBER, Decimal("0.2")), (SEPTEMBER, None, 7)]


def test_a_later_import_does_not_write_past_prices_again(tmp_path: Path, time_machine: Any) -> None:
    world.model("gpt-dated", released_on=RELEASE.date())
    imported(tmp_path, "--only", "gpt-dated")
    before = state()
    time_machine.move_to(NOW + dt.timedelta(days=3), tick=False)
    imported(tmp_path, "--only", "gpt-dated")
    assert state() == before


@pytest.mark.parametrize("role", ["cost", "sell"])
def test_only_list_prices_have_past_prices(tmp_path: Path, role: str) -> None:
    imported(tmp_path, "--only", "gpt-dated", "--as", role)
    assert [start for start, _, _ in spans(role=role)] == [NOW]


def test_the_past_of_a_pinned_price_is_left_out(tmp_path: Path) -> None:
    model = world.model("gpt-dated", released_on=RELEASE.date())
    pin = FieldPin.objects.create(model=model, field=price_field("list"), reason="ours")
    outcome = imported(tmp_path, "--only", "gpt-dated")
    assert spans() == []
    assert outcome.report["prices"]["kept"]["gpt-dated"][2] == "pinned: ours"
    pin.refresh_from_db()
    assert pin.upstream


@pytest.mark.parametrize(
    ("trust", "amount", "is_written"),
    [(60, "0.2", False), (60, "0.3", False), (40, "0.2", True), (40, "0.3", False), (20, "0.3", True)],
)
def test_past_prices_follow_the_trust_of_the_current_price(
    tmp_path: Path, trust: int, amount: str, is_written: bool
) -> None:
    body = b'[{"id": "openai", "models": [{"id": "gpt-dated", "prices": [{"prices": {"input_mtok": 1}}, '
    body += b'{"constraint": {"start_date": "2026-07-30"}, "prices": {"input_mtok": 0.2}}]}]}]'
    later_sheet(world.model("gpt-dated", released_on=RELEASE.date()), amount, "another", trust)
    outcome = imported(tmp_path, content=body)
    assert ((RELEASE, JULY, 1) in spans()) is is_written
    assert ("gpt-dated" in outcome.report["prices"]["kept"]) is not is_written


def test_an_invalid_past_price_is_left_out_and_reported(tmp_path: Path) -> None:
    world.model("gpt-dated", released_on=RELEASE.date())
    content = CONTENT.replace(b'"input_mtok": {"base": 1,', b'"input_mtok": {"base": 100000,')
    outcome = imported(tmp_path, "--only", "gpt-dated", content=content)
    assert "a past price was left out" in outcome.findings()
    assert [start for start, _, _ in spans()] == [JULY, NOW]


def test_a_past_price_is_not_a_jump_and_is_shown_in_a_review() -> None:
    world.model("gpt-dated", released_on=RELEASE.date())
    options = Options(source=SOURCES["genai_prices"], only=("gpt-dated",))
    waits = save_plan(CONTENT, options, at=NOW)[1]
    assert waits is not None
    later = NOW + dt.timedelta(minutes=9)
    plan = plan_of(waits, at=NOW)
    assert (plan.guards, names_of(plan)["prices"]) == ([], ["gpt-dated"])
    notes = [line.note for line in row_of(plan, "gpt-dated").lines if line.name == "Past list price"]
    assert notes == ["from 2026-06-10 until 2026-07-30", "from 2026-07-30 until now"]
    assert "Past prices: 2 of gpt-dated, before the first stored one." in summary(plan)
    apply_run(waits, at=later, seen=plan.fingerprint, chosen=["gpt-dated"])
    assert spans()[1][:2] == (JULY, later)


def test_a_rollback_removes_past_prices_and_leaves_what_was_charged(tmp_path: Path) -> None:
    model = world.model("gpt-dated", released_on=RELEASE.date())
    world.price(model, role="list", input="0.2", starts_at=SEPTEMBER)
    imported(tmp_path, "--only", "gpt-dated", "--accept-jumps", "--overrule")
    end = timezone.now() + dt.timedelta(hours=1)
    roll_back(ImportRun.objects.get(), at=end)
    assert [(start, end) for start, end, _ in spans()] == [(SEPTEMBER, None), (NOW, end)]
    assert not PriceLine.objects.filter(sheet__starts_at__lt=SEPTEMBER).exists()


@pytest.mark.parametrize(
    ("name", "model"),
    [("genai_prices.json", "gpt-dated"), ("genai-prices/data_v2_2026-08-21.json", "gpt-5.6-luna")],
)
def test_the_price_list_in_july_differs_from_today(client: Client, tmp_path: Path, name: str, model: str) -> None:
    world.model(model, released_on=RELEASE.date())
    content = sample_or_real(name)
    imported(tmp_path, "--publish", content=content)
    ratios = [
        row["model_ratio"]
        for day in ("2026-07-01", "2026-11-22T12:00:00Z")
        for row in client.get(f"/api/pricing?as_of={day}").json()["data"]
        if row["model_name"] == model
    ]
    assert len(ratios) == 2
    assert ratios[0] > ratios[1]
    before = state()
    imported(tmp_path, "--publish", content=content)
    assert state() == before
