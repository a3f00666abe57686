"""The management API refuses a row with the words of the admin's form."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.test import RequestFactory
from django.utils import timezone

from catalog.exact import write_json
from catalog.models import AIModel, Channel, EndpointType, Offer, Vendor
from pricing.admin_api.errors import WHOLE_ROW
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PopularModel, PriceSheet
from tests import world
from tokens.models import TokenGroup

pytestmark = pytest.mark.django_db

HIDDEN, LONG = "a\u200bb", "x" * 300
VALID: Mapping[str, tuple[type[models.Model], dict[str, Any]]] = {
    "vendors": (Vendor, {"slug": "new", "name": "New"}),
    "endpoint-types": (EndpointType, {"name": "new", "path": "/new", "method": "POST"}),
    "channels": (Channel, {"slug": "new", "name": "New", "priority": 0, "weight": 0}),
    "models": (AIModel, {"name": "new", "vendor": "openai", "status": "draft"}),
    "offers": (Offer, {"channel": "west", "model": "gpt-4o"}),
    "groups": (TokenGroup, {"slug": "new", "label": "New", "budget_currency": "USD", "budget_period": "total"}),
    "group-rates": (GroupRate, {"group": "default", "ratio": "1"}),
    "discounts": (DiscountRule, {"series": "gpt", "multiplier": "0.9"}),
    "currency-rates": (CurrencyRate, {"currency": "CNY", "per_usd": "7", "as_of": f"{timezone.now():%Y-%m-%d}"}),
    "popular-models": (PopularModel, {"model": "gpt-4o", "position": 1}),
}
INVALID: list[tuple[str, dict[str, Any]]] = [
    ("vendors", {"slug": ""}),
    ("vendors", {"slug": "a b"}),
    ("vendors", {"slug": LONG}),
    ("vendors", {"slug": "openai"}),
    ("vendors", {"name": "\uff2fpenai"}),
    ("vendors", {"name": HIDDEN}),
    ("endpoint-types", {"name": "Path"}),
    ("endpoint-types", {"name": "path"}),
    ("endpoint-types", {"path": "v1"}),
    ("endpoint-types", {"method": "PUT"}),
    ("channels", {"base_url": "https://user:secret@example.com/"}),
    ("channels", {"base_url": "nowhere"}),
    ("channels", {"slug": "main"}),
    ("channels", {"slug": "m\u0430in"}),
    ("channels", {"weight": -1}),
    ("channels", {"priority": 2**70}),
    ("models", {"name": " a,b"}),
    ("models", {"name": HIDDEN}),
    ("models", {"name": "a/../b"}),
    ("models", {"name": "gpt-4\u043e"}),
    ("models", {"name": "gpt-4o"}),
    ("models", {"name": LONG}),
    ("models", {"name": "", "status": "gone"}),
    ("models", {"supported_endpoint_types": ["openai", "x", "y"]}),
    ("models", {"default_parameters": {"heat": 1}}),
    ("models", {"default_parameters": {"top_p": 2}}),
    ("models", {"deprecated_on": "2030-02-01", "retires_on": "2030-01-01"}),
    ("models", {"forwards_to_successor": True}),
    ("models", {"context_length": -1}),
    ("models", {"context_length": 2**64}),
    ("models", {"series": LONG}),
    ("offers", {"channel": "main"}),
    ("offers", {"upstream_name": LONG}),
    ("groups", {"slug": "a,b"}),
    ("groups", {"slug": HIDDEN}),
    ("groups", {"slug": "default"}),
    ("groups", {"slug": "\uff44efault"}),
    ("groups", {"label": ""}),
    ("groups", {"rate_limit": "many"}),
    ("groups", {"rate_limit": "0/minute"}),
    ("groups", {"auto_position": 0}),
    ("groups", {"budget_amount": "-1"}),
    ("groups", {"budget_currency": "XXY"}),
    ("groups", {"budget_period": "year"}),
    ("group-rates", {"ratio": "-1"}),
    ("group-rates", {"ratio": "0.00000001"}),
    ("group-rates", {"ratio": "10000000"}),
    ("group-rates", {"starts_at": "2026-01-01T00:00:00Z"}),
    ("discounts", {"multiplier": "0"}),
    ("discounts", {"multiplier": "-0.5"}),
    ("discounts", {"multiplier": "1001"}),
    ("discounts", {"multiplier": "0.00000001"}),
    ("discounts", {"series": ""}),
    ("discounts", {"all_models": True}),
    ("discounts", {"vendor": "openai"}),
    ("discounts", {"starts_at": "2026-01-01T00:00:00Z"}),
    ("discounts", {"starts_at": "2040-01-02T00:00:00Z", "ends_at": "2040-01-01T00:00:00Z"}),
    ("currency-rates", {"currency": "USD"}),
    ("currency-rates", {"currency": "XXY"}),
    ("currency-rates", {"per_usd": "0"}),
    ("currency-rates", {"per_usd": "-1"}),
    ("currency-rates", {"per_usd": "0.00000001"}),
    ("currency-rates", {"as_of": "2026-01-01"}),
    ("popular-models", {"position": -1}),
]


@pytest.fixture
def form_errors(db: None) -> Any:
    request = RequestFactory().get("/")
    request.user = User.objects.create_superuser("root")

    def read(table: type[models.Model], values: Mapping[str, Any]) -> dict[str, list[str]]:
        """Field -> messages of the admin's form with these values."""
        form_class: Any = admin.site.get_model_admin(table).get_form(request)
        form = form_class({name: part for each in values for name, part in posted(table, each, values[each])})
        return {name: list(map(str, messages)) for name, messages in form.errors.items()}

    return read


def posted(table: type[models.Model], name: str, value: Any) -> list[tuple[str, Any]]:
    """The fields of a form that a browser sends for a value."""
    field: Any = table._meta.get_field(name)
    if field.is_relation:
        rows = field.related_model._default_manager
        return [(name, rows.get(**{"name" if field.related_model is AIModel else "slug": value}).pk)]
    match value:
        case list():
            return [(name, ", ".join(value))]
        case dict():
            return [(name, write_json(value).decode())]
        case str() if "T00:00:00Z" in value:
            return [(f"{name}_0", value[:10]), (f"{name}_1", value[11:-1])]
    return [(name, value)]


@pytest.mark.parametrize(("address", "changes"), INVALID)
def test_a_wrong_row_gets_the_message_of_the_form(
    address: str, changes: dict[str, Any], api: Any, form_errors: Any
) -> None:
    world.model("gpt-4o")
    world.channel("west")
    table, valid = VALID[address]
    refused = api.post(f"/api/admin/v1/{address}", valid | changes)
    assert refused.status_code == 400, refused.content
    errors: dict[str, list[str]] = {}
    for error in refused.json()["errors"]:
        errors.setdefault(NON_FIELD_ERRORS if error["field"] == WHOLE_ROW else error["field"], []).append(
            error["message"]
        )
    expected = form_errors(table, valid | changes)
    # A choice between two options, which bodies do not have.
    expected.pop("public_endpoint_types", None)
    assert errors == expected


def a_line(**changes: Any) -> dict[str, Any]:
    return {"meter": "input", "amount": "1", "per": 1_000_000, "unit": "token", "kind": "absolute"} | changes


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [a_line(), a_line()],
        [a_line(), a_line(meter="colour")],
        [a_line(amount="-1")],
        [a_line(amount="10001")],
        [a_line(per=1), a_line(amount="0.00000000000000000001", meter="output")],
        [a_line(per=0)],
        [a_line(unit="")],
        [a_line(unit="credit")],
        [a_line(kind="dynamic")],
        [a_line(kind="multiplier", amount="10000000")],
        [a_line(kind="price")],
        [a_line(conditions=[{"dim": "prompt_tokens", "op": "near", "value": 1}])],
    ],
)
def test_wrong_lines_of_a_price_get_the_messages_of_the_form(lines: list[dict[str, Any]], api: Any) -> None:
    world.model("gpt-4o")
    refused = api.post("/api/admin/v1/price-sheets", {"model": "gpt-4o", "lines": lines})
    assert refused.status_code == 400, refused.content
    errors = sorted((error["field"].replace("lines.", ""), error["message"]) for error in refused.json()["errors"])

    request = RequestFactory().get("/")
    request.user = User.objects.create_superuser("root")
    (inline,) = admin.site.get_model_admin(PriceSheet).get_inline_instances(request)
    data = {"lines-TOTAL_FORMS": str(len(lines)), "lines-INITIAL_FORMS": "0"}
    for place, line in enumerate(lines):
        data |= {
            f"lines-{place}-{name}": write_json(value).decode() if isinstance(value, list) else str(value)
            for name, value in line.items()
        }
    forms: Any = inline.get_formset(request)(data=data, instance=PriceSheet(currency="USD"), prefix="lines")
    expected = [("lines", message) for message in forms.non_form_errors()]
    for place, of_line in enumerate(forms.errors):
        for name, messages in of_line.items():
            expected += [(f"{place}.{name}".removesuffix(".__all__"), message) for message in messages]
    assert errors == sorted(expected)
