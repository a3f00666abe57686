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
