"""CSV lines with dates make up past, current and scheduled prices, and are exported with their dates."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog.models import AIModel
from pricing.models import PriceSheet
from tests.cases.importing import import_case, quote
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db

INPUT = {"input": 1_000_000}


def prices(days: tuple[str, ...], model: str = "promo-test") -> list[str | None]:
    return [quote(model, INPUT, at=f"{day}T12:00:00Z")["amount"] for day in days]


def test_a_promotion_applies_between_its_dates() -> None:
    import_case("csv_dated_lines")
    days = ("2026-12-09", "2026-12-10", "2026-12-15", "2026-12-23", "2026-12-24", "2026-12-28")
    assert prices(days) == ["2", "1", "1", "1", "2", "2"]
    both = {**INPUT, "output": 1_000_000}
    assert quote("promo-test", both, at="2026-12-15T00:00:00Z")["amount"] == "9"


def test_a_price_with_only_a_start_in_the_past_is_current_and_past() -> None:
    import_case("csv_dated_lines")
    assert quote("onlydated", INPUT)["amount"] == "1"
    assert prices(("2026-01-01", "2026-06-01", "2027-06-01"), "onlydated") == ["1", "1", "1"]


def export() -> str:
    out = io.StringIO()
    call_command("export_catalog", "csv", stdout=out)
    return out.getvalue()


def test_the_export_has_the_dates_and_imports_to_the_same_prices(tmp_path: Path) -> None:
    import_case("csv_dated_lines")
    text = export()
    rows = [line.split(",") for line in text.splitlines() if line.startswith(("promo-test", "onlydated"))]
    assert [(row[0], row[3], row[4], row[9], row[10]) for row in rows] == [
        ("onlydated", "input", "1", "2026-01-01", ""),
        ("promo-test", "input", "2", "", "2026-12-10"),
        ("promo-test", "output", "8", "", "2026-12-10"),
        ("promo-test", "input", "1", "2026-12-10", "2026-12-24"),
        ("promo-test", "output", "8", "2026-12-10", "2026-12-24"),
        ("promo-test", "input", "2", "2026-12-24", ""),
        ("promo-test", "output", "8", "2026-12-24", ""),
    ]
    again = run("csv", text, tmp_path, "--apply", "--channel", "c", "--publish")
    assert (again.code, again.report["counts"]["changed_prices"], again.report["counts"]["announced_prices"]) == (
        0,
        0,
        0,
    )

    AIModel.objects.all().delete()
    assert run("csv", text, tmp_path, "--apply", "--channel", "c", "--publish").code == 0
    assert prices(("2026-12-09", "2026-12-15", "2026-12-28")) == ["2", "1", "2"]
    assert prices(("2026-06-01", "2027-06-01"), "onlydated") == ["1", "1"]
    assert export() == text


KINDS = """model,meter,amount,per,unit,currency,condition,valid_from,valid_to,kind,period,tier_mode
kinds-test,input.audio,0.18,1,hour,USD,,,,,,
kinds-test,input.audio,10,1,second,USD,,,,minimum,,
kinds-test,input,2,1000000,token,USD,,,,,,graduated
kinds-test,input,4,1000000,token,USD,prompt_tokens>200000,,,,,
kinds-test,output,8,1000000,token,USD,,,,,,
kinds-test,output,x0.5,1,,USD,service_tier=batch,,,,,
kinds-test,,x0.9,1,,USD,,,,,,
kinds-test,web_search,0.01,1,query,USD,,,,,,
kinds-test,web_search,1500,1,query,USD,,,,allowance,day,
kinds-test,web_search,2,1,query,USD,,,,allowance,,
kinds-test,maps,dynamic,1,,USD,,,,,,
kinds-test,ocr,included,1,page,USD,,,,,,
"""


@pytest.mark.parametrize("form", ["csv", "yaml"])
def test_every_kind_of_line_survives_an_export(form: str, tmp_path: Path) -> None:
    assert run("csv", KINDS, tmp_path, "--apply", "--channel", "c", "--publish").code == 0

    def stored() -> list[tuple[object, ...]]:
        sheet = PriceSheet.objects.get(model__name="kinds-test")
        columns = ("kind", "meter", "amount", "per", "unit", "conditions")
        periods = [line.facts.get("period", "request") for line in sheet.lines.order_by("position")]
        return [sheet.facts, *sheet.lines.order_by("position").values_list(*columns), *periods]

    before = stored()
    out = io.StringIO()
    call_command("export_catalog", form, stdout=out)
    again = run(form, out.getvalue(), tmp_path, "--apply")
    assert (again.code, again.report["counts"]["changed_prices"]) == (0, 0)
    AIModel.objects.all().delete()
    assert run(form, out.getvalue(), tmp_path, "--apply").code == 0
    assert stored() == before
