"""What a resource declares to take nothing from keys, takes nothing: such changes are stored without a comparison.

The world has a key for each thing that patterns read. Every declared field is changed, and every declared method is
used, in a dry run, which always compares.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

import pytest

from catalog.models import AIModel, Channel, EndpointType, FieldPin, Offer, Source
from pricing.admin_api import writes
from pricing.admin_api.resource import Resource
from pricing.admin_api.urls import RESOURCES
from pricing.impact.observing import observe
from tests import admin_world, world
from tokens.models import Token

pytestmark = pytest.mark.django_db

API = "/api/admin/v1"
PATTERNS = (
    "vendor:OpenAI Inc", "vendor:openai", "series:GPT", "tag:Chat", "endpoint:openai", "modality:input-text",
    "capability:tools", "context>=1000", "max_output>=1000", "price:input<=5", "free", "gpt-*", "gpt-4o", "latest",
    "wild-7",
)  # fmt: skip
# Field -> values that would matter most if anything read the field. Others get those of their kind.
VALUES: Mapping[str, Sequence[Any]] = {
    "name": ["openai", "other"],
    "path": ["/v1/other", "/"],
    "method": ["GET", "POST"],
    "base_url": ["https://upstream.example.com/v1", ""],
    "aliases": [["gpt-4o"], []],
    "networks": [["10.0.0.0/8"], []],
    "rate_limit": ["1/minute", ""],
    "budget": [{"amount": "0"}, None],
    "budget_amount": ["0", None],
    "budget_currency": ["EUR", "USD"],
    "budget_period": ["day", "total"],
    "metadata": [{"customer": "42"}, {}],
    "max_input_tokens": [1, None],
    "reasoning_levels": [["low"], []],
    "default_parameters": [{"temperature": 1}, {}],
    "released_on": ["2020-01-01", None],
    "knowledge_cutoff": ["2025-06", ""],
    "open_weights": [True, None],
    "deprecated_on": ["2020-01-01", None],
    "priority": [9, -9],
    "weight": [9, 0],
    "is_over_budget": [True, False],
}
TEXTS = ("vendor:other", "")
# What the world's keys read: resource, field and another value.
READ: Sequence[tuple[str, str, Any]] = (
    ("vendors", "name", "Renamed"),
    ("vendors", "slug", "renamed"),
    ("models", "name", "renamed"),
    ("models", "vendor", "other"),
    ("models", "status", "draft"),
    ("models", "series", ""),
    ("models", "tags", []),
    ("models", "capabilities", []),
    ("models", "input_modalities", []),
    ("models", "supported_endpoint_types", ["other"]),
    ("models", "context_length", None),
    ("models", "max_output_tokens", None),
    ("models", "retires_on", "2020-01-01"),
    ("models", "starts_at", "2099-01-01T00:00:00Z"),
    ("models", "listed", False),
    ("models", "offers", []),
    ("models", "aliases", []),
    ("channels", "enabled", False),
    ("offers", "enabled", False),
    ("aliases", "model", "other"),
    ("groups", "channels", []),
    ("tokens", "allow", []),
    ("tokens", "deny", ["*"]),
)
# Requests for the declared methods, by their resource.
NEW: Mapping[str, Any] = {
    "vendors": {"slug": "new", "name": "gpt-4o"},
    "endpoint-types": {"name": "new", "path": "/v1/chat/completions"},
    "channels": {"slug": "new", "name": "New"},
    "pins": {"model": "gpt-4o", "field": "context_length", "reason": "measured"},
    "popular-models": {"model": "other", "position": 1},
    "sources": {"slug": "new", "name": "New", "reader": "litellm"},
    "tokens": {"name": "New", "groups": ["default"]},
    "webhooks": {"kind": "webhook", "url": "https://hooks.example.com/new"},
}
# What is applied later, or sends something; other tests have them.
LEFT_OUT = {("import-runs", "create"), ("import-runs", "discard"), ("webhooks", "test"), ("deliveries", "send_again")}


@pytest.fixture
def rows() -> dict[str, Any]:
    """Rows by their resource, with a key for everything that patterns read, and one that sees everything."""
    everything = admin_world.one_of_everything()
    model: AIModel = everything["catalog.aimodel"]
    model.series, model.tags, model.capabilities = "GPT", ["Chat"], ["tools"]
    model.input_modalities = model.output_modalities = ["text"]
    model.context_length = model.max_output_tokens = 2000
    model.save()
    model.vendor.name = "OpenAI Inc"
    model.vendor.save()
    for name in ("other", "openai-response"):
        EndpointType.objects.get_or_create(name=name, defaults={"path": f"/v1/{name}"})
    unused = EndpointType.objects.create(name="unused", path="/v1/unused")
    other = world.vendor("other")
    world.model("other", vendor=other)
    world.model("wild-*", vendor=other)
    world.price(world.model("free", vendor=other), input="0", output="0")
    alias = model.aliases.create(name="latest")
    cheap = world.token_group("cheap", auto_position=2)
    cheap.channels.add(Channel.objects.get())
    world.rate(cheap, "0.5")
    for pattern in PATTERNS:
        world.token(name=pattern, allow=[pattern])
        world.token(name=f"not {pattern}", deny=[pattern])
    world.token(name="automatic", uses_auto_groups=True)
    everything |= {"catalog.modelalias": alias, "catalog.endpointtype": unused}
    everything |= {
        "catalog.offer": Offer.objects.get(model=model),
        "tokens.token": Token.objects.get(name="a customer"),
    }
    author = {"author_name": "root", "reason": "measured"}
    everything["catalog.fieldpin"] = FieldPin.objects.create(model=model, field="description", **author)
    return everything


def row_of(resource: type[Resource], rows: Mapping[str, Any]) -> Any:
    return rows[resource.serializer_class.Meta.model._meta.label_lower]  # type: ignore[union-attr]


def address_of(resource: type[Resource], row: Any) -> str:
    for name in resource.lookup_field.split("__"):
        row = getattr(row, name)
    return f"{API}/{resource.address}/{row}"


def impact_of(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    impact: dict[str, Any] = response.json()["impact"]
    return impact


def lost(impact: Mapping[str, Any]) -> list[Any]:
    """The keys that lose something; one that is revoked or deleted loses everything on purpose."""
    return [key for key in impact["keys"] if not key.get("end") and (key["loses"] or key.get("redirects"))]


def harmless_fields() -> Iterator[tuple[type[Resource], str]]:
    for resource in RESOURCES:
        meta = getattr(resource.serializer_class, "Meta", None)
        names = getattr(meta, "harmless_fields", ())
        if "update" in resource.takes_nothing:
            fixed = {*getattr(meta, "fixed_fields", ()), *getattr(meta, "read_only_fields", ())}
            names = [name for name in getattr(meta, "fields", ()) if name not in fixed]
        yield from ((resource, name) for name in names)


def test_a_declared_field_decides_nothing_of_what_keys_see(api: Any, rows: dict[str, Any]) -> None:
    for resource, field in harmless_fields():
        address = address_of(resource, row_of(resource, rows))
        stored = api.get(address).json().get(field)
        values = [value for value in VALUES.get(field, TEXTS) if value != stored]
        accepted = 0
        for value in values:
            response = api.patch(f"{address}?dry_run=1", {field: value})
            if response.status_code == 200:
                impact = impact_of(response)
                found = {name: impact[name] for name in ("keys", "groups", "prices") if impact[name]}
                assert not found, (resource.address, field, value)
                accepted += 1
        assert accepted or "update" in resource.takes_nothing, (resource.address, field)


def test_the_fields_that_keys_read_are_compared(api: Any, rows: dict[str, Any]) -> None:
    not_read = []
    for address, field, value in READ:
        resource = next(each for each in RESOURCES if each.address == address)
        impact = impact_of(api.patch(f"{address_of(resource, row_of(resource, rows))}?dry_run=1", {field: value}))
        not_read += [] if impact["keys"] else [(address, field)]
        meta: Any = resource.serializer_class.Meta  # type: ignore[union-attr]
        assert field not in getattr(meta, "harmless_fields", ()), (address, field)
        assert "update" not in resource.takes_nothing
    assert not not_read


def test_a_declared_method_takes_nothing(api: Any, rows: dict[str, Any]) -> None:
    # The others are needed by other rows.
    rows["catalog.vendor"] = world.vendor("unused")
    rows["catalog.source"] = Source.objects.create(slug="unused", name="Unused")
    for resource, method in ((each, method) for each in RESOURCES for method in each.takes_nothing):
        if (resource.address, method) in LEFT_OUT or method == "update":
            continue
        list_address = f"{API}/{resource.address}"
        match method:
            case "create":
                impact = impact_of(api.post(f"{list_address}?dry_run=1", NEW[resource.address]))
            case "batch":
                impact = impact_of(api.post(f"{list_address}/batch?dry_run=1", [NEW[resource.address]]))
            case "destroy":
                impact = impact_of(api.delete(f"{address_of(resource, row_of(resource, rows))}?dry_run=1"))
            case _:
                impact = impact_of(api.post(f"{address_of(resource, row_of(resource, rows))}/{method}?dry_run=1", {}))
        assert not lost(impact), (resource.address, method)


def test_only_what_may_take_is_compared(api: Any, rows: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    compared = mock.Mock(wraps=observe)
    monkeypatch.setattr(writes, "observe", compared)

    def is_compared(method: str, address: str, body: Any) -> bool:
        compared.reset_mock()
        response = getattr(api, method)(f"{API}/{address}", body)
        assert response.status_code in (200, 201, 409), response.content
        return bool(compared.called)

    assert is_compared("patch", "vendors/openai", {"name": "Open AI"})
    assert not is_compared("patch", "vendors/openai", {"description": "Of GPT"})
    assert not is_compared("post", "vendors/batch", [{"slug": "new", "name": "New"}])
    assert is_compared("post", "vendors/batch", [{"slug": "new", "name": "Newer"}])
    etag = api.get(f"{API}/models/gpt-4o").json()["etag"]
    assert not is_compared("patch", "models/gpt-4o", {"etag": etag, "description": "New"})
    assert is_compared("patch", "models/gpt-4o", {"description": "New", "tags": ["New"]})
    assert not is_compared("post", "tokens/batch", [{"name": "New", "groups": ["default"]}])


def test_prices_are_compared_if_patterns_of_a_key_compare_them(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.model("gpt-4o")
    compared = mock.Mock(wraps=observe)
    monkeypatch.setattr(writes, "observe", compared)
    line = {"meter": "input", "amount": "2.5", "per": 1_000_000, "unit": "token"}
    sheet = {"model": "gpt-4o", "role": "sell", "currency": "USD", "lines": [line]}
    world.token(allow=["org/model:free", "gpt-4o"])

    assert api.post(f"{API}/price-sheets", sheet).status_code == 201
    assert not compared.called

    token, _ = world.token(allow=["price:input<=5"])
    response = api.post(f"{API}/price-sheets", {**sheet, "lines": [{**line, "amount": "6"}]})
    assert response.status_code == 409
    assert [key["key_id"] for key in response.json()["impact"]["keys"]] == [token.key_id]


def test_a_vendor_whose_name_patterns_have_keeps_it_unless_the_loss_is_accepted(api: Any) -> None:
    world.model("gpt-4o", vendor=world.vendor("openai", name="OpenAI Inc"))
    world.token(allow=["vendor:OpenAI Inc"], name="shop")

    response = api.patch(f"{API}/vendors/openai", {"name": "Open AI"})

    assert (response.status_code, response.json()["type"]) == (409, "urn:modelbook:problem:guard")
    assert api.patch(f"{API}/vendors/openai?accept_loss=1", {"name": "Open AI"}).status_code == 200
