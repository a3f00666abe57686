"""Past prices remain available after a model retired: quotes, history, lists, pages and feeds agree about each day."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog.caches import clear_all
from catalog.exact import read_json
from catalog.models import AIModel, Channel, Offer
from pricing.models import DiscountRule, PriceSheet
from tests import world
from tests.cases.importing import import_case, quote
from tests.pricing.pages import shop
from tests.sizes import size

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MILLION = {"input": 1_000_000}


def post(body: Any, **headers: str) -> Any:
    return Client(headers=headers).post("/api/pricing/quote", body, content_type="application/json")


def ask(name: str, at: dt.datetime | str) -> Any:
    return post({"model": name, "usage": MILLION, "at": at if isinstance(at, str) else at.isoformat()})


def history(name: str) -> Any:
    answer = Client().get(f"/api/pricing/history/{name}")
    assert answer.status_code == 200, answer.content
    return read_json(answer.content)["data"]


def listed(at: str) -> list[str]:
    return [row["model_name"] for row in Client().get("/api/pricing", {"as_of": at}).json()["data"]]


def retired(name: str = "old", *, on: str = "2026-10-20", **fields: Any) -> AIModel:
    model = world.model(name, retires_on=dt.date.fromisoformat(on), **fields)
    world.price(model, input="1.25", output="10", starts_at=START)
    return model


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC), tick=False)


def test_a_past_price_is_quoted_and_listed_after_the_model_retired() -> None:
    import_case("llm_prices_before_retirement")
    import_case("litellm_retired")

    assert quote("gemini-8-pro", MILLION, at="2026-05-01")["amount"] == "1.25"
    assert "gemini-8-pro" in listed("2026-05-01")
    assert history("gemini-8-pro")["history"][0]["prices"][0]["amount"] == Decimal("1.25")


def test_the_day_of_the_retirement_is_the_first_without_a_price() -> None:
    retired()
    for at, status in (
        ("2026-10-19T23:59:59Z", 200),
        ("2026-10-20T00:00:00Z", 404),
        ("2026-10-20T07:59:00+08:00", 200),
    ):
        assert ask("old", at).status_code == status
        assert ("old" in listed(at)) == (status == 200)
    data = history("old")
    assert data["retires_on"] == "2026-10-20"
    assert [(row["starts_at"], row["ends_at"], row["pricing_status"]) for row in data["history"]] == [
        ("2026-01-01T00:00:00Z", "2026-10-20T00:00:00Z", "priced"),
        ("2026-10-20T00:00:00Z", None, "unpriced"),
    ]


def test_a_refused_quote_states_when_the_model_retired() -> None:
    retired()
    error = post({"model": "old", "usage": MILLION}).json()["error"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert error["message"] == "The model 'old' retires on 2026-10-20. It has a price only before that day (UTC)."


def test_a_quote_after_a_retirement_that_lies_ahead_is_refused() -> None:
    retired(on="2027-02-01")
    assert [ask("old", at).status_code for at in ("2027-01-31", "2027-02-01")] == [200, 404]
    assert ("old" in listed("2027-01-31"), "old" in listed("2027-02-01")) == (True, False)


def test_a_price_after_the_retirement_is_in_no_history_and_no_list_of_changes() -> None:
    world.price(retired(), input="9", starts_at=START.replace(month=12))
    assert [row["pricing_status"] for row in history("old")["history"]] == ["priced", "unpriced"]
    changes = Client().get("/api/pricing/changes?since=2026-10-01").json()["data"]
    assert [(change["at"][:10], change["after"]["pricing_status"]) for change in changes] == [
        ("2026-01-01", "priced"), ("2026-10-20", "unpriced"),
    ]  # fmt: skip


def test_a_retirement_is_a_change_when_it_takes_effect_and_not_before(time_machine: Any) -> None:
    retired(on="2026-12-24")
    PriceSheet.objects.update(created_at=START)
    address = "/api/pricing/changes?kind=price,retired&since=2026-11-01"
    assert Client().get(address).json()["data"] == []
    assert history("old")["history"][-1]["announced"]

    time_machine.move_to(dt.datetime(2026, 12, 25, tzinfo=dt.UTC), tick=False)
    (change,) = Client().get(address).json()["data"]
    assert (change["at"], change["told_at"], change["announced"]) == (
        "2026-12-24T00:00:00Z", "2026-12-24T00:00:00Z", False,
    )  # fmt: skip
    feed = Client().get("/api/pricing/changes.atom?kind=price,retired&since=2026-11-01").content.decode()
    assert "old: retired on 2026-12-24" in feed
    assert Client().get("/api/pricing/changes?kind=price,retired&since=2026-12-24").json()["data"] == []


@pytest.mark.parametrize("case", ["unpublished", "offer disabled", "channel disabled", "no offer", "another group"])
def test_what_an_operator_hides_today_is_hidden_for_every_day(case: str) -> None:
    model = retired()
    if case == "unpublished":
        AIModel.objects.update(status="draft")
    elif case == "offer disabled":
        Offer.objects.update(enabled=False)
    elif case == "channel disabled":
        Channel.objects.update(enabled=False)
    elif case == "no offer":
        Offer.objects.all().delete()
    else:
        world.token_group("default").channels.clear()
    hidden = ask(model.name, "2026-05-01")
    missing = ask("missing", "2026-05-01")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.json()["error"]["message"] == missing.json()["error"]["message"].replace("missing", model.name)
    assert Client().get("/api/pricing/history/old").status_code == 404
    assert listed("2026-05-01") == []
    assert Client().get("/api/pricing/changes?since=2026-01-01").json()["data"] == []
    assert Client().get("/models/old", headers=shop.BROWSER).status_code == 404


def test_a_key_sees_the_past_of_the_models_that_it_may_see_today() -> None:
    for name in ("old", "older"):
        retired(name)
    headers = {"authorization": f"Bearer {world.key(deny=['older'])}"}
    body = {"usage": MILLION, "at": "2026-05-01"}
    assert [post({"model": name, **body}, **headers).status_code for name in ("old", "older")] == [200, 404]


def test_the_page_of_a_retired_model_shows_its_past_prices() -> None:
    heir = world.model("new", display_name="New One")
    world.price(heir, input="1")
    retired(successor=heir)

    html = shop.get(Client(), "/models/old")
    text = shop.text_of(html)

    assert "This model retired on 2026-10-20. Its successor is New One" in text
    assert "Price no longer offered" in text
    assert "2026-10-20 no longer offered" in text
    assert "2026-01-01 Input: $1.25 per million tokens" in text
    assert '<meta name="robots" content="noindex">' in html
    assert "sets the price" not in text
    assert "What would it cost?" not in text
    assert "Code examples" not in text
    assert "old" not in shop.text_of(shop.get(Client(), "/"))


def test_a_retired_model_is_compared_without_a_price() -> None:
    retired(context_length=8_000)
    world.price(world.model("new"), input="1")
    text = shop.text_of(shop.get(Client(), "/compare?m=old&m=new"))
    assert "Price no longer offered" in text
    assert "8K tokens" in text


def test_only_another_charge_of_tiers_is_a_step_of_the_page_and_an_entry_of_the_feed() -> None:
    model = world.model()
    for starts_at, facts in ((START, {}), (START + 60 * DAY, {"tier_mode": "graduated"})):
        sheet = world.price(model, input="1", starts_at=starts_at)
        PriceSheet.objects.filter(pk=sheet.pk).update(facts=facts)
        world.line(sheet, "input", "2", conditions=shop.ABOVE_200K)

    text = shop.text_of(shop.get(Client(), "/models/gpt-4o"))
    assert "2026-03-02 Tiers: the whole prompt at one tier → each part of a prompt at its own tier" in text
    assert "Each part of a prompt is charged at the price of its own tier." in text
    feed = Client().get("/api/pricing/changes.atom?since=2026-01-02").content.decode()
    assert "Tiers: the whole prompt at one tier → each part of a prompt at its own tier" in feed


DAYS = st.integers(0, 8)


class TestEveryDay(TestCase):
    """The list as of a moment, the quote at it, the history and the page state the same price, or none."""

    @settings(max_examples=size(20, full=150), deadline=None)
    @given(
        sheets=st.lists(st.tuples(st.sampled_from(["sell", "list"]), DAYS, st.none() | DAYS), max_size=4),
        discount=st.none() | DAYS,
        retires=st.none() | DAYS,
        status=st.sampled_from(["published", "published", "published", "draft"]),
        is_offered=st.sampled_from([True, True, True, False]),
    )
    def test_they_agree(
        self,
        sheets: list[tuple[str, int, int | None]],
        discount: int | None,
        retires: int | None,
        status: str,
        is_offered: bool,
    ) -> None:
        # The revision is rolled back after each example, so that numbers are used again.
        clear_all()
        retires_on = None if retires is None else (START + retires * DAY).date()
        model = world.model(retires_on=retires_on, status=status, on="main" if is_offered else None)
        for number, (role, first, last) in enumerate(sheets, start=1):
            sheet = world.price(model, role=role, input=str(number), output="1", starts_at=START + first * DAY)
            if last is not None and last > first:
                PriceSheet.objects.filter(pk=sheet.pk).update(ends_at=START + last * DAY)
        if discount is not None:
            DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=START + discount * DAY)
        answer = Client().get("/api/pricing/history/gpt-4o")
        periods = read_json(answer.content)["data"]["history"] if answer.status_code == 200 else []
        for half_days in range(-1, 20, 3):
            at = START + half_days * DAY / 2
            assert price_in(periods, at) == quoted(at) == price_listed(at), at


def price_in(periods: list[Any], at: dt.datetime) -> Decimal | None:
    """The price of a million tokens of input in the history."""
    current = [row for row in periods if dt.datetime.fromisoformat(row["starts_at"]) <= at]
    if not current or not current[-1].get("prices"):
        return None
    return Decimal(current[-1]["prices"][0]["amount"] * current[-1]["discount"])


def quoted(at: dt.datetime) -> Decimal | None:
    answer = ask("gpt-4o", at)
    amount = answer.json()["amount"] if answer.status_code == 200 else None
    return None if amount is None else Decimal(amount)


def price_listed(at: dt.datetime) -> Decimal | None:
    body = read_json(Client().get("/api/pricing", {"as_of": at.isoformat(), "discount": "folded"}).content)
    rows = [row for row in body["data"] if row["model_name"] == "gpt-4o" and "model_ratio" in row]
    return rows[0]["model_ratio"] * 2 if rows else None
