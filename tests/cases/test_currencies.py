"""A currency is a code of ISO 4217, wherever one is entered; stored rows with another code remain readable."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client
from django.utils import timezone

from pricing.admin.repricing_forms import PriceForm
from pricing.imports.exit_codes import Exit
from pricing.models import CurrencyRate, PriceSheet
from tests import world
from tests.pricing.imports.running import run
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db

WRONG = ["XYZ", "ABC", "XXX", "XTS", "DEM", "usd", "US", "ＵＳＤ", ""]


@pytest.mark.parametrize("code", WRONG)
@pytest.mark.parametrize(
    ("table", "column"),
    [(PriceSheet, "currency"), (CurrencyRate, "currency"), (Token, "budget_currency"), (TokenGroup, "budget_currency")],
)
def test_a_field_refuses_another_code(table: type[models.Model], column: str, code: str) -> None:
    field: Any = table._meta.get_field(column)
    with pytest.raises(ValidationError):
        field.clean(code, None)


def test_the_price_form_refuses_it() -> None:
    form = PriceForm({"currency": "XYZ"}, now=timezone.now(), rows={}, others=[], sheet=None, current=None)
    assert "Use a code of ISO 4217" in form.errors["currency"][0]


def test_an_import_leaves_the_price_out(tmp_path: Path) -> None:
    text = "model,currency,meter,amount,per,unit\nsolar,XYZ,input,1,1000000,token\nsolar,XYZ,output,1,1000000,token\n"
    outcome = run("csv", text, tmp_path, "--apply")
    assert "Use a code of ISO 4217" in outcome.findings()
    assert not PriceSheet.objects.exists()


def test_a_yaml_file_and_a_command_cannot_set_such_a_budget(tmp_path: Path) -> None:
    group = "{slug: vip, label: VIP, budget_amount: '5', budget_currency: XYZ}"
    text = f"format: modelbook/1\ngroups:\n- {group}\nmodels:\n- {{name: solar}}\n"
    outcome = run("yaml", text, tmp_path, "--apply")
    # Without this limit, the group would spend without one.
    assert "group vip was left out: budget_currency: This is not a valid currency" in outcome.findings()
    assert not TokenGroup.objects.filter(slug="vip").exists()
    assert outcome.code == Exit.DONE
    with pytest.raises(CommandError, match="budget_currency: This is not a valid currency"):
        call_command("issue_token", "Acme", "--budget", "5", "--budget-currency", "XYZ", stdout=io.StringIO())


def test_a_stored_price_in_another_currency_is_still_shown(client: Client) -> None:
    world.price(world.model("solar"), currency="XYZ", input="27", output="54")
    [row] = client.get("/api/pricing?unpriced=rows").json()["data"]
    assert row["prices"][0]["currency"] == "XYZ"


def test_the_command_changes_a_key_with_another_stored_currency() -> None:
    token, _ = world.token(budget_amount=5, budget_currency="XYZ")
    call_command("update_token", token.key_id, "--budget", "6", stdout=io.StringIO())
    token.refresh_from_db()
    assert (token.budget_amount, token.budget_currency) == (6, "XYZ")
    with pytest.raises(CommandError, match="budget_currency: This is not a valid currency"):
        call_command("update_token", token.key_id, "--budget-currency", "ABC", stdout=io.StringIO())
