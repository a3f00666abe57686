"""The filters of the lists about prices show the matching rows."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from catalog.db import bulk
from catalog.models import Vendor
from pricing.models import CurrencyRate, DiscountRule, PopularModel, UsageCount
from tests import world

DAY = dt.timedelta(days=1)


def names_in(client: Client, page: str, *names: str) -> list[str]:
    """Which of the names the rows of a list hold."""
    body = client.get(f"/admin/{page}").content.decode()
    rows = body.partition('id="result_list"')[2].partition("</table>")[0]
    return [name for name in names if name in rows]


@pytest.mark.parametrize("state", ["current", "scheduled", "past"])
def test_discount_rules_by_state(admin_client: Client, state: str) -> None:
    now = timezone.now()
    spans = {"current": (-DAY, None), "scheduled": (DAY, None), "past": (-2 * DAY, -DAY)}
    rules = [
        DiscountRule(
            all_models=True,
            multiplier=Decimal("0.9"),
            reason=f"Of {name}",
            starts_at=now + start,
            ends_at=now + end if end else None,
        )
        for name, (start, end) in spans.items()
    ]
    # Past what people may write: a rule of theirs begins now or later.
    bulk.create_rows(rows=rules)

    listed = names_in(admin_client, f"pricing/discountrule/?state={state}", *(f"Of {name}" for name in spans))

    assert listed == [f"Of {state}"]
    assert {rule.state(at=now) for rule in DiscountRule.objects.in_state(state, at=now)} == {state}


def test_filters_of_the_other_lists(admin_client: Client) -> None:
    here, there = world.model("here"), world.model("there", vendor=world.vendor("anthropic"))
    for model in (here, there):
        PopularModel.objects.create(model=model)
        UsageCount.objects.create(model=model, name=model.name, day=timezone.now().date(), reporter="x")
    for currency in ("CNY", "EUR"):
        CurrencyRate.objects.create(currency=currency, per_usd=Decimal(7), as_of=timezone.now().date())
    for slug, is_public in (("acme", False), ("zeta", True)):
        world.rate(world.token_group(slug, is_public=is_public), 1)
    Vendor.objects.create(slug="idle", name="Idle")

    for page in ("popularmodel", "usagecount"):
        address = f"pricing/{page}/?model__vendor__id__exact={here.vendor_id}"
        assert names_in(admin_client, address, "here", "there") == ["here"]
    assert names_in(admin_client, "pricing/currencyrate/?currency=EUR", "CNY", "EUR") == ["EUR"]
    assert names_in(admin_client, "pricing/grouprate/?group__is_public__exact=0", "acme", "zeta") == ["acme"]
    assert names_in(admin_client, "catalog/vendor/?models=none", "Openai", "Idle") == ["Idle"]
    assert names_in(admin_client, "catalog/vendor/?models=some", "Openai", "Idle") == ["Openai"]
