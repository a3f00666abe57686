"""The catalog doctor: each rule finds its fault, and nothing where there is none."""

import datetime as dt
import io
import json
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Vendor
from pricing.curation.health_checks import RULES, examine
from pricing.models import PopularModel
from tests import world as cast
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

Found = dict[str, list[str]]


def found() -> Found:
    """Rule -> what it says of which row."""
    return {
        rule.name: [f"{each.row}: {each.problem}" for each in findings]
        for rule, findings in examine(RULES, at=timezone.now())
    }


def sound_model(name: str = "sound", **fields: Any) -> AIModel:
    model = cast.model(name, **fields)
    cast.price(model, input="2.5", output="10")
    return model


@pytest.fixture(autouse=True)
def _sound(world: ModuleType) -> None:
    sound_model()
    world.token()


def test_a_sound_catalog_has_no_findings() -> None:
    assert found() == {}


def test_a_model_without_a_price() -> None:
    cast.model("bare")

    assert found() == {"no-price": ["bare: no list and no sell price is in force"]}


def test_the_placeholder_of_other_gateways() -> None:
    cast.price(cast.model("unset"), input="75", output="75")

    assert found()["placeholder-price"] == ["unset: input and output cost 75 per million tokens"]


def test_a_price_of_nothing_unless_the_model_says_free() -> None:
    for name, tags in (("gift", []), ("gift:free", []), ("tagged", ["Free"])):
        cast.price(cast.model(name, tags=tags), input="0", output="0")

    assert found() == {"costs-nothing": ["gift: every figure of its price is 0"]}


def test_prices_and_limits_that_contradict_themselves() -> None:
    model = cast.model("odd", context_length=1000, max_output_tokens=2000)
    cast.price(model, input="1", output="2", input__cache_read="3")

    assert {name: len(sentences) for name, sentences in found().items()} == {"odd-price": 1, "odd-limits": 1}


def test_a_currency_that_no_rate_turns_into_dollars() -> None:
    cast.price(cast.model("yuan"), input="1", output="2", currency="CNY")

    assert found() == {"no-currency-rate": ["yuan: its price is in CNY"]}


def test_a_price_below_cost() -> None:
    model = sound_model("loss")
    cast.price(model, role="cost", input="3", output="9")

    assert found() == {"below-cost": ["loss: Input: sold at $2.50, costs $3.00 per million tokens"]}


def test_a_price_in_another_unit_than_the_list_price() -> None:
    model = sound_model("slip")
    cast.price(model, role="list", input="0.0025", output="10")

    assert found() == {"far-from-list": ["slip: Input: sold at $2.50, listed at $0.0025 per million tokens"]}


def test_vendors_that_are_not_known_not_used_or_there_twice() -> None:
    sound_model("whose", vendor=Vendor.objects.other())
    sound_model("kling-a", vendor=cast.vendor("kuaishou", name="Kuaishou"))
    twin = cast.vendor("twin", name="快手")

    assert found() == {
        "no-vendor": ["whose: nobody knows who made it"],
        "unused-vendor": [f"{twin}: it has no model"],
        "twin-vendors": ["快手: Kuaishou is the same"],
    }


def test_endpoint_types_that_are_missing_or_not_known() -> None:
    sound_model("silent", supported_endpoint_types=[])
    sound_model("strange", supported_endpoint_types=["openai", "telepathy"])

    assert found() == {
        "unknown-endpoint-type": ["strange: telepathy"],
        "no-endpoint-type": ["silent: nobody is told how to call it"],
    }


def test_published_models_and_pins_that_nobody_sees() -> None:
    away = sound_model("away", on=None)
    PopularModel.objects.create(model=away)
    AIModel.objects.filter(name="sound").update(successor=away)

    assert found() == {
        "out-of-reach": ["away: no enabled channel of any group offers it"],
        "gone-successor": ["sound: away is not listed"],
        "hidden-popular": ["0. away: visitors do not see away"],
    }


def test_keys_that_see_nothing_name_nothing_or_lie_unused() -> None:
    blind = cast.token("empty-group")[0]
    slip = cast.token(allow=["sound", "gpt-4p", "vendor:*", "gpt-*"])[0]
    old = cast.token(name="old")[0]
    Token.objects.filter(pk=old.pk).update(created_at=timezone.now() - dt.timedelta(days=91))
    cast.token("empty-group", enabled=False)

    assert found() == {
        "blind-token": [f"{blind}: its list is empty"],
        "dead-pattern": [f"{slip}: no model is called gpt-4p"],
        "unused-token": [f"{old}: never used"],
    }


def test_the_command_exits_with_1_when_something_is_found() -> None:
    cast.model("bare")
    out = io.StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("check_catalog", stdout=out)

    assert end.value.code == 1
    assert "bare: no list and no sell price is in force" in out.getvalue()


def test_what_is_meant_can_be_left_out() -> None:
    cast.model("bare")
    out = io.StringIO()

    call_command("check_catalog", "--ignore", "no-price", stdout=out)

    assert "no findings" in out.getvalue()


def test_json_tells_every_finding() -> None:
    for number in range(12):
        cast.model(f"bare-{number:02}")
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("check_catalog", "--only", "no-price", "--format", "json", stdout=out)

    [told] = json.loads(out.getvalue())
    assert told["rule"] == "no-price"
    assert len(told["findings"]) == 12
    assert told["findings"][0]["row"] == "bare-00"


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(CommandError, match="There is no rule 'no-prize'"):
        call_command("check_catalog", "--only", "no-prize")


def test_the_admins_page_leads_to_each_row(admin_client: Client) -> None:
    model = cast.model("bare")

    page = admin_client.get("/admin/check/").content.decode()

    assert f'href="/admin/catalog/aimodel/{model.pk}/change/">bare</a>' in page
    assert "Nothing else was found" in page


def test_the_admins_page_asks_only_about_what_its_reader_may_see(client: Client) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_vendor"))
    client.force_login(reader)
    cast.model("bare")

    page = client.get("/admin/check/").content.decode()

    assert "bare" not in page
    assert "Vendors without a model" in page


def test_the_page_is_for_staff(client: Client) -> None:
    assert client.get("/admin/check/").status_code == 302
