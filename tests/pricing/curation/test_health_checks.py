"""Each rule of the health checks finds its problem, and nothing in a correct catalog."""

import datetime as dt
import io
import json
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import AIModel, Vendor
from pricing.curation.health_checks import RULES, run_checks
from pricing.models import PopularModel
from tests import world as cast
from tokens.models import Token

pytestmark = pytest.mark.django_db

Found = dict[str, list[str]]


def run_all() -> Found:
    """Rule -> rows and problems."""
    return {
        rule.name: [f"{finding.row}: {finding.problem}" for finding in findings]
        for rule, findings in run_checks(RULES, at=timezone.now())
    }


def correct_model(name: str = "correct", **fields: Any) -> AIModel:
    model = cast.model(name, **fields)
    cast.price(model, input="2.5", output="10")
    return model


@pytest.fixture(autouse=True)
def _correct(world: ModuleType) -> None:
    correct_model()
    world.token()


def test_a_correct_catalog_has_no_findings() -> None:
    assert run_all() == {}


def test_a_model_without_a_price() -> None:
    cast.model("bare")

    assert run_all() == {"no-price": ["bare: it has no current list or sell price"]}


def test_a_chat_model_without_an_output_price() -> None:
    cast.price(cast.model("half"), input="2.5")
    cast.price(cast.model("other-half"), output="10")
    cast.price(cast.model("given-away"), input="2.5", output="0")
    cast.line(cast.price(cast.model("speaking"), input="2.5"), "output.audio", "80")
    for name, types in (
        ("vectors", ["embeddings"]),
        ("ranks", ["jina-rerank"]),
        ("listener", ["audio-transcription"]),
        ("clips", ["openai-video"]),
        ("omni-moderation-latest", ["openai"]),
        ("titan-embed", ["openai"]),
    ):
        cast.price(cast.model(name, supported_endpoint_types=types), input="0.1")
    cast.line(cast.price(cast.model("painter", output_modalities=["image"]), input="5"), "output.image", "40")
    cast.line(cast.price(cast.model("caller")), "request", "0.04", per=1, unit="request")
    cast.line(cast.price(cast.model("auto")), "", None, kind="dynamic", unit="")

    assert run_all() == {
        "no-output-price": [
            "given-away: its input is paid, and its output costs 0",
            "half: its input has a price, and its output has none",
            "other-half: its output has a price, and its input has none",
            "speaking: its input has a price, and its output has none",
        ]
    }


def test_the_placeholder_of_other_gateways() -> None:
    cast.price(cast.model("unset"), input="75", output="75")

    assert run_all()["placeholder-price"] == ["unset: input and output cost $75 per million tokens"]


def test_a_price_of_0_unless_the_model_is_marked_as_free() -> None:
    for name, tags in (("gift", []), ("gift:free", []), ("tagged", ["Free"])):
        cast.price(cast.model(name, tags=tags), input="0", output="0")

    assert run_all() == {"costs-nothing": ["gift: all of its prices are 0"]}


def test_a_price_far_from_the_same_model_under_another_id() -> None:
    cast.price(cast.model("far-one"), input="2.5", output="10")
    cast.price(cast.model("azure/far-one"), input="50", output="40")

    assert run_all() == {
        "far-from-same-model": [
            "azure/far-one: Input ($50.00 per million tokens) is 20 times higher than far-one ($2.50)",
            "far-one: Input ($2.50 per million tokens) is 20 times lower than azure/far-one ($50.00)",
        ]
    }


def test_unusual_prices_and_limits() -> None:
    model = cast.model("odd", context_length=1000, max_output_tokens=2000)
    cast.price(model, input="1", output="2", input__cache_read="3")

    assert {name: len(sentences) for name, sentences in run_all().items()} == {"odd-price": 1, "odd-limits": 1}


def test_contradictory_limits() -> None:
    fine = cast.model("fine", context_length=400_000, max_input_tokens=272_000, max_output_tokens=128_000)
    equal = cast.model("equal", context_length=8_000, max_output_tokens=8_000)
    deep = cast.model("deep", context_length=8_000, max_input_tokens=9_000, max_output_tokens=4_000)
    for model in (fine, equal, deep):
        cast.price(model, input="1", output="2")

    assert run_all() == {
        "odd-limits": [
            "deep: the input limit (9,000 tokens) is larger than the context window (8,000 tokens)",
        ],
        "output-equals-window": ["equal: both are 8,000 tokens, which leaves no room for input"],
    }


def test_a_currency_without_a_rate() -> None:
    cast.price(cast.model("yuan"), input="1", output="2", currency="CNY")

    assert run_all() == {"no-currency-rate": ["yuan: its price is in CNY"]}


def test_price_lines_without_a_unit() -> None:
    sheet = cast.price(cast.model("early"), input="1", output="2")
    cast.line(sheet, "x.litellm.fedramp_uplift_multiplier", "1.1", unit="", per=1)
    cast.line(sheet, "x.litellm.input_dbu_cost_per_token", "1", facts={"currency": "DBU"})

    named = "x.litellm.fedramp_uplift_multiplier, x.litellm.input_dbu_cost_per_token"
    assert run_all() == {"no-unit": [f"{sheet}: {named}"]}


def test_a_price_below_cost() -> None:
    model = correct_model("loss")
    cast.price(model, role="cost", input="3", output="9")

    assert run_all() == {"below-cost": ["loss: Input: sold at $2.50, costs $3.00 per million tokens"]}


def test_a_price_in_another_unit_than_the_list_price() -> None:
    model = correct_model("slip")
    cast.price(model, role="list", input="0.0025", output="10")

    assert run_all() == {"far-from-list": ["slip: Input: sold at $2.50, listed at $0.0025 per million tokens"]}


def test_unknown_unused_and_duplicate_vendors() -> None:
    correct_model("whose", vendor=Vendor.objects.other())
    correct_model("kling-a", vendor=cast.vendor("kuaishou", name="Kuaishou"))
    twin = cast.vendor("twin", name="快手")

    assert run_all() == {
        "no-vendor": ["whose: its vendor is unknown"],
        "unused-vendor": [f"{twin}: it has no models"],
        "twin-vendors": ["快手: it is the same vendor as Kuaishou"],
    }


def test_missing_and_unknown_endpoint_types() -> None:
    correct_model("silent", supported_endpoint_types=[])
    correct_model("strange", supported_endpoint_types=["openai", "telepathy"])

    assert run_all() == {
        "unknown-endpoint-type": ["strange: unknown: telepathy"],
        "no-endpoint-type": ["silent: it has no endpoint type that customers can call"],
    }


def test_published_models_and_pins_that_are_not_visible() -> None:
    away = correct_model("away", on=None)
    PopularModel.objects.create(model=away)
    AIModel.objects.filter(name="correct").update(successor=away)

    assert run_all() == {
        "out-of-reach": ["away: no group can reach an enabled channel that offers it"],
        "gone-successor": ["correct: away is not listed"],
        "hidden-popular": ["0. away: away is not visible to visitors"],
    }


def test_a_key_for_single_ids_of_a_wildcard_model_is_neither_blind_nor_wrong() -> None:
    correct_model("wild-*")
    cast.token(allow=["wild-x1"])
    cast.token(allow=["wild-y*"], deny=["wild-y1"])

    assert run_all() == {}


def test_keys_that_see_no_models_name_unknown_models_or_are_unused() -> None:
    blind = cast.token("empty-group")[0]
    slip = cast.token(allow=["correct", "gpt-4p", "vendor:*", "gpt-*"])[0]
    old = cast.token(name="old")[0]
    Token.objects.filter(pk=old.pk).update(created_at=timezone.now() - dt.timedelta(days=91))
    cast.token("empty-group", enabled=False)

    assert run_all() == {
        "blind-token": [f"{blind}: its list of models is empty"],
        "dead-pattern": [f"{slip}: unknown: gpt-4p"],
        "unused-token": [f"{old}: never used"],
    }


def test_the_number_of_queries_does_not_depend_on_the_number_of_tokens() -> None:
    counts = []
    for number in (0, 40):
        for place in range(number):
            cast.token(allow=[f"nothing-{place}", f"other-{place}*"], deny=[f"x{place}*"])
        with CaptureQueriesContext(connection) as queries:
            found = run_all()
        assert len(found.get("blind-token", [])) == len(found.get("dead-pattern", [])) == number
        # The names of the findings' tokens.
        counts.append(len(queries) - (number > 0))
    assert counts[1] <= counts[0] + 3


def test_the_command_exits_with_1_when_something_is_found() -> None:
    cast.model("bare")
    out = io.StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("check_catalog", stdout=out)

    assert end.value.code == 1
    assert "bare: it has no current list or sell price" in out.getvalue()


def test_a_rule_can_be_ignored() -> None:
    cast.model("bare")
    out = io.StringIO()

    call_command("check_catalog", "--ignore", "no-price", stdout=out)

    assert "no findings" in out.getvalue()


def test_json_has_every_finding() -> None:
    for number in range(12):
        cast.model(f"bare-{number:02}")
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("check_catalog", "--only", "no-price", "--format", "json", stdout=out)

    [result] = json.loads(out.getvalue())
    assert result["rule"] == "no-price"
    assert len(result["findings"]) == 12
    assert result["findings"][0]["row"] == "bare-00"


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(CommandError, match="There is no rule 'no-prize'"):
        call_command("check_catalog", "--only", "no-prize")


def test_the_admins_page_links_to_each_row(admin_client: Client) -> None:
    model = cast.model("bare")

    page = admin_client.get("/admin/check/").content.decode()

    assert f'href="/admin/catalog/aimodel/{model.pk}/change/">bare</a>' in page
    assert "No other problems found" in page


def test_the_admins_page_checks_only_what_its_reader_may_view(client: Client) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_vendor"))
    client.force_login(reader)
    cast.model("bare")

    page = client.get("/admin/check/").content.decode()

    assert "bare" not in page
    assert "Vendors without a model" in page


def test_the_page_is_for_staff(client: Client) -> None:
    assert client.get("/admin/check/").status_code == 302
