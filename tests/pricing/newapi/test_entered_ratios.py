"""Operators of new-api read and enter prices as ratios; unchanged prices keep every digit."""

from decimal import Decimal

import pytest
from django.test import Client

from pricing.models import PriceSheet
from pricing.newapi.entered_ratios import INPUT, to_amounts, to_ratios
from tests import admin_world, world

OUTPUT, CACHE = "output:token", "input.cache_read:token"


def test_a_ratio_of_1_is_2_dollars_per_million() -> None:
    ratios = to_ratios({INPUT: Decimal(3), OUTPUT: Decimal(15), CACHE: Decimal("0.3")})
    assert (ratios[INPUT], ratios[OUTPUT], ratios[CACHE]) == (Decimal("1.5"), Decimal(5), Decimal("0.1"))
    assert to_amounts(ratios) | {} == {**to_amounts(ratios), INPUT: 3, OUTPUT: 15, CACHE: Decimal("0.3")}


def test_a_ratio_without_an_exact_number_stays_a_price() -> None:
    assert OUTPUT not in to_ratios({INPUT: Decimal(3), OUTPUT: Decimal(10)})
    assert OUTPUT not in to_ratios({INPUT: Decimal(0), OUTPUT: Decimal(10)})


def test_a_ratio_needs_a_model_ratio() -> None:
    with pytest.raises(ValueError, match="Enter the model ratio"):
        to_amounts({INPUT: None, OUTPUT: Decimal(2)})


def test_a_price_that_is_not_per_million_has_no_ratio() -> None:
    assert to_ratios({OUTPUT: Decimal(10), CACHE: None}) == {}
    assert to_ratios({INPUT: Decimal(2), CACHE: None}) == {INPUT: 1, CACHE: None}


@pytest.mark.django_db
@pytest.mark.parametrize("shown_as", ["prices", "ratios"])
def test_a_form_that_only_gets_an_end_keeps_every_line(admin_client: Client, shown_as: str) -> None:
    model = world.model()
    sheet = world.price(model, input="0.0000025000", output="15.00000000000000000006")
    world.line(sheet, "input.cache_read", "0.00000100", per=3)
    world.line(sheet, "input.audio", "0.30", per=1000)
    before = written(sheet)
    page = f"/admin/catalog/aimodel/{model.pk}/set-price/?role=sell&as={shown_as}"
    form = admin_world.filled_in(admin_client, page, ends_at="2099-01-01T00:00")
    asked = admin_client.post(page, form)
    done = admin_world.confirm(admin_client, page, asked) if admin_world.is_confirmation(asked) else asked
    assert done.status_code == 302
    new = PriceSheet.objects.order_by("-pk")[0]
    assert new != sheet
    assert written(new) == before


def written(sheet: PriceSheet) -> list[tuple[str, str, int]]:
    return [(line.meter, str(line.amount), line.per) for line in sheet.lines.order_by("position")]


@pytest.mark.django_db
def test_the_price_form_reads_and_writes_ratios(admin_client: Client) -> None:
    model = world.model()
    world.price(model, input="3.000000000000000000012", output="15.00000000000000000006")
    page = f"/admin/catalog/aimodel/{model.pk}/set-price/?role=sell&as=ratios"
    form = admin_world.filled_in(admin_client, page)
    assert (form[INPUT], form[OUTPUT]) == ("1.500000000000000000006", "5")
    asked = admin_client.post(page, form | {CACHE: "0.1"})
    done = admin_world.confirm(admin_client, page, asked) if admin_world.is_confirmation(asked) else asked
    assert done.status_code == 302
    lines = PriceSheet.objects.order_by("-pk")[0].lines.order_by("position")
    assert {line.meter: line.amount for line in lines} == {
        "input": Decimal("3.000000000000000000012"),
        "output": Decimal("15.00000000000000000006"),
        "input.cache_read": Decimal("0.3000000000000000000012"),
    }
