"""Numbers that no price has and that are stored already, by SQL or before they were refused: unknown, never a 500."""

import contextlib
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from pricing.curation.health_checks import RULES, run_checks
from pricing.export.formats import FORMATS
from pricing.imports.exit_codes import Exit
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet
from tests import world
from tests.cases.importing import rows
from tests.pricing.imports.running import Outcome, run
from tests.sizes import FULL

pytestmark = pytest.mark.django_db

HUGE, TINY = "1e59", "1e-60"
PAGES = ("/", "/?sort=price", "/?q=m")
API = (
    "/api/pricing",
    "/api/pricing?unpriced=rows",
    "/api/pricing?explain=1",
    "/api/pricing?as_of=2026-06-01",
    "/api/pricing?group=default",
    "/api/pricing/changes",
    "/api/pricing/changes.atom",
    "/api/ratio_config",
    *(f"/api/export/{form.file}" for form in FORMATS.values() if form.file),
    "/llms.txt",
    "/v1/models",
)
ADMIN = (
    "/admin/",
    "/admin/check/",
    "/admin/verification/",
    "/admin/pricing/pricesheet/",
    "/admin/pricing/discountrule/",
    "/admin/pricing/grouprate/",
    "/admin/pricing/currencyrate/",
    "/admin/catalog/aimodel/",
)


def line(kind: str, amount: str, **fields: Any) -> Callable[[PriceSheet], None]:
    def add(sheet: PriceSheet) -> None:
        world.line(sheet, fields.pop("meter", "output"), amount, kind=kind, **fields)

    return add


LINES = {
    "huge amount": line("absolute", HUGE),
    "tiny amount": line("absolute", TINY),
    "tiny input": line("absolute", TINY, meter="input"),
    "negative": line("absolute", "-1"),
    "tier": line("absolute", HUGE, conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 1000}]),
    "own meter": line("absolute", HUGE, meter="x.test.thing", unit="request", per=1),
    "request": line("absolute", HUGE, meter="request", unit="request", per=1),
    "per": line("absolute", "1", per=10**18),
    "factor": line("multiplier", HUGE, meter="", unit="", per=1),
    "tiny factor": line("multiplier", TINY, meter="", unit="", per=1),
    "factor of a meter": line("multiplier", HUGE, meter="input", unit="", per=1),
    "factor in a case": line(
        "multiplier", HUGE, meter="", unit="", per=1, conditions=[{"dim": "service_tier", "op": "eq", "value": "batch"}]
    ),
    "free units": line("allowance", HUGE),
    "minimum": line("minimum", HUGE),
}


def sheet_of(name: str, **fields: Any) -> PriceSheet:
    return world.price(world.model(name), input="1", output="2", **fields)


def assert_everything_answers(admin_client: Client) -> None:
    client = Client(raise_request_exception=False)
    admin_client.raise_request_exception = False
    key = {"authorization": f"Bearer {world.key()}"}
    sheets = list(PriceSheet.objects.all())
    names = [sheet.model.name for sheet in sheets]
    pages = [*PAGES, *(f"/models/{name}" for name in names), "/compare?" + "&".join(f"m={name}" for name in names)]
    api = [*API, *(f"/api/pricing/history/{name}" for name in names)]
    admin = [*ADMIN, *(f"/admin/pricing/pricesheet/{sheet.pk}/change/" for sheet in sheets)]
    admin += [f"/admin/pricing/pricesheet/{sheet.pk}/new-price/" for sheet in sheets]
    admin += [f"/admin/catalog/aimodel/{sheet.model_id}/change/" for sheet in sheets]
    admin += [f"/admin/catalog/aimodel/{sheet.model_id}/set-price/?role={sheet.role}" for sheet in sheets]
    answers = {address: client.get(address, headers={"accept": "text/html,*/*"}).status_code for address in pages}
    answers |= {address: client.get(address).status_code for address in api}
    answers |= {f"{address} with a key": client.get(address, headers=key).status_code for address in api}
    answers |= {address: admin_client.get(address).status_code for address in admin}
    usage = {"input": 1000, "output": 1000, "request": 1}
    for name in names:
        for extra in ({"request": {"service_tier": "batch"}}, {"at": "2026-06-01T00:00:00Z"}):
            body = {"model": name, "usage": usage, **extra}
            answer = client.post("/api/pricing/quote", body, content_type="application/json")
            answers[f"quote of {name} {extra}"] = answer.status_code
    failed = {address: status for address, status in answers.items() if status not in (200, 302, 401)}
    assert not failed
    for name in FORMATS:
        call_command("export_catalog", name, stdout=io.StringIO())
    with contextlib.suppress(SystemExit):
        call_command("check_catalog", stdout=io.StringIO())


def import_prices(folder: Path, *arguments: str) -> Outcome:
    rows = {
        sheet.model.name: {"mode": "chat", "input_cost_per_token": "0.000001", "output_cost_per_token": "0.000002"}
        for sheet in PriceSheet.objects.exclude(model__name="ok").select_related("model")
    }
    return run("litellm", json.dumps(rows), folder, "--as", "list", *arguments)


@pytest.mark.parametrize("role", ["sell", "list", "cost"] if FULL else ["sell"])
def test_stored_lines(role: str, admin_client: Client, tmp_path: Path) -> None:
    sheet_of("ok")
    for number, add in enumerate(LINES.values()):
        add(sheet_of(f"m{number}", role=role))
    assert_everything_answers(admin_client)
    assert import_prices(tmp_path).code in (Exit.DONE, Exit.PLAN_WAITS, Exit.GUARD_STOPPED)
    assert import_prices(tmp_path, "--overrule", "--accept-jumps", "--apply").code == Exit.DONE
    with contextlib.suppress(SystemExit):
        call_command("verify_prices", stdout=io.StringIO())


def test_stored_lines_are_unknown_and_reported() -> None:
    for number, add in enumerate(LINES.values()):
        add(sheet_of(f"m{number}"))
    unpriced = {row["model_name"]: row["pricing_status"] for row in rows().values()}
    assert unpriced == {f"m{number}": "dynamic" for number in range(len(LINES))}
    [rule] = [rule for rule in RULES if rule.name == "impossible-number"]
    [(_, findings)] = run_checks([rule], at=timezone.now())
    assert len({str(finding.row) for finding in findings}) == len(LINES)


@pytest.mark.parametrize("number", [HUGE, TINY, "-1", "0"])
def test_stored_rates(number: str, admin_client: Client) -> None:
    sheet_of("discounted", role="list")
    sheet_of("yuan", role="list", currency="CNY")
    sheet_of("sold")
    at = world.LONG_AGO
    GroupRate.objects.create(group=world.token_group(), ratio=Decimal(number), starts_at=at)
    DiscountRule.objects.create(all_models=True, multiplier=Decimal(number), starts_at=at)
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(number), as_of=at.date())
    assert_everything_answers(admin_client)
