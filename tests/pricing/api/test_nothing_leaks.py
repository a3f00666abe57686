"""No response about prices contains a hidden model, group or vendor, or a cost, for random catalogs."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog import caches
from catalog.models import Offer
from pricing.models import DiscountRule, PopularModel, PriceSheet
from pricing.usage.totals import Report, record_usage
from tests import world
from tests.sizes import size

GETS = (
    "/api/pricing",
    "/api/pricing?discount=folded&as_of=2030-01-01",
    "/api/pricing?as_of=2026-02-01",
    "/api/pricing?explain=1&unpriced=rows",
    "/api/ratio_config",
    "/api/prices",
    "/api/newapi/models.json",
    "/api/newapi/vendors.json",
    "/api/pricing/changes?since=2020-01-01",
    "/api/pricing/changes.atom?since=2020-01-01",
)
GROUPS = ("group-public", "group-own", "group-hidden")
# What only a cost sheet, or only a hidden model's sheet, holds.
SECRET_COST = "7.1234567"
YESTERDAY = dt.datetime.now(tz=dt.UTC).date() - dt.timedelta(days=1)

MODELS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["published", "draft"]),
        "enabled": st.booleans(),
        "channel": st.booleans(),
        "groups": st.sets(st.sampled_from(GROUPS)),
        "denied": st.booleans(),
        "role": st.sampled_from(["sell", "list", "cost"]),
        # Prices for one group only, and for all groups except one.
        "only": st.sets(st.sampled_from(GROUPS)),
        "but": st.sampled_from([None, *GROUPS]),
    }
)


class TestNothingLeaks(TestCase):
    @settings(max_examples=size(12, full=60), deadline=None)
    @given(st.lists(MODELS, min_size=1, max_size=4), st.booleans())
    def test_no_response_names_hidden_rows(self, drawn: list[dict[str, object]], has_key: bool) -> None:
        caches.clear_all()
        for number, slug in enumerate(GROUPS):
            group = world.token_group(slug, is_public=slug == "group-public")
            world.rate(group, f"0.9{number}")
        _, key = world.token("group-own", deny=[f"model-{n}." for n, spec in enumerate(drawn) if spec["denied"]])
        for number, spec in enumerate(drawn):
            self.make(number, spec)
        headers = {"authorization": f"Bearer {key}"} if has_key else {}
        mine = "group-own" if has_key else "group-public"
        hidden = [slug for slug in GROUPS if slug != mine]
        for number, spec in enumerate(drawn):
            if not self.is_visible(spec, mine, has_key=has_key):
                hidden += [f"model-{number}.", f"vendor-{number}."]
        for answer in self.answers(len(drawn), headers):
            for name in [*hidden, SECRET_COST]:
                assert name not in answer, name

    def make(self, number: int, spec: dict[str, object]) -> None:
        channel = world.channel(f"channel-{number}", group=None, enabled=spec["channel"])
        vendor = world.vendor(f"vendor-{number}", name=f"vendor-{number}.")
        model = world.model(f"model-{number}.", on=None, vendor=vendor, status=spec["status"], series=vendor.name)
        Offer.objects.create(model=model, channel=channel, enabled=bool(spec["enabled"]))
        channel.groups.set([world.token_group(slug) for slug in spec["groups"]])  # type: ignore[attr-defined]
        sheet = world.price(model, role=str(spec["role"]), input="2" if spec["role"] != "cost" else SECRET_COST)
        self.price_by_group(sheet, spec)
        world.price(model, role="cost", input=SECRET_COST, starts_at=dt.datetime(2029, 1, 1, tzinfo=dt.UTC))
        DiscountRule.objects.create(
            vendor=vendor, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO, reason=SECRET_COST
        )
        PopularModel.objects.create(model=model)
        record_usage([Report(model.name, YESTERDAY, 5)], reporter="r", today=YESTERDAY + dt.timedelta(days=1))

    def price_by_group(self, sheet: PriceSheet, spec: dict[str, Any]) -> None:
        for group in sorted(spec["only"]):
            world.line(sheet, "input", "1", conditions=[{"dim": "group", "op": "eq", "value": group}])
        world.line(sheet, "output", "1", conditions=[{"dim": "group", "op": "in", "value": sorted(spec["only"])}])
        if spec["but"]:
            world.line(sheet, "output", "3", conditions=[{"dim": "group", "op": "ne", "value": spec["but"]}])
        prices = [{"group_name": group, "price": 1} for group in GROUPS]
        PriceSheet.objects.filter(pk=sheet.pk).update(facts={"video_pricing": {"group_prices": prices}})

    def is_visible(self, spec: dict[str, object], group: str, *, has_key: bool) -> bool:
        is_offered = spec["status"] == "published" and spec["enabled"] and spec["channel"]
        reaches = group in spec["groups"]  # type: ignore[operator]
        return bool(is_offered and reaches and not (has_key and spec["denied"]))

    def answers(self, number: int, headers: dict[str, str]) -> list[str]:
        client = Client()
        answers = [client.get(address, headers=headers) for address in GETS]
        assert {answer.status_code for answer in answers} == {200}
        texts = [answer.content.decode() for answer in answers]
        if not headers:
            texts += [client.get(address).content.decode() for address in ("/", "/compare", "/llms.txt")]
            texts += [client.get(f"/api/export/{form}").content.decode() for form in ("litellm.json", "prices.csv")]
        for name in (f"model-{index}." for index in range(number)):
            question = json.dumps({"model": name, "usage": {"input": 1}})
            posted = client.post("/api/pricing/quote", question, content_type="application/json", headers=headers)
            listed = client.get(f"/api/pricing/history/{name}", headers=headers)
            # Both responses name a hidden model only because the request named it.
            texts += [answer.content.decode() for answer in (posted, listed) if answer.status_code == 200]
        return texts
