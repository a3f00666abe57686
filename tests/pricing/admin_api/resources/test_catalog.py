"""Endpoint types, channels, aliases, offers, pinned fields and popular models by the management API."""

from typing import Any

import pytest

from catalog.models import EndpointType, FieldPin, ModelAlias, Offer
from pricing.models import PopularModel
from tests import world

pytestmark = pytest.mark.django_db

API = "/api/admin/v1"


@pytest.mark.parametrize(
    ("address", "values", "change", "row"),
    [
        ("endpoint-types", {"name": "openai-x", "path": "/v1/x"}, {"label": "X"}, "openai-x"),
        ("channels", {"slug": "east", "name": "East", "priority": 3}, {"enabled": False}, "east"),
        ("aliases", {"name": "openai/latest", "model": "openai/gpt-4o"}, {"listed": True}, "openai/latest"),
        ("offers", {"channel": "west", "model": "openai/gpt-4o"}, {"upstream_name": "gpt"}, None),
        ("popular-models", {"model": "openai/gpt-4o", "position": 2}, {"position": 1}, "openai/gpt-4o"),
        ("pins", {"model": "openai/gpt-4o", "field": "tags", "reason": "ours"}, {"reason": "Ours"}, None),
    ],
)
def test_a_row_is_created_changed_and_deleted(
    api: Any, address: str, values: dict[str, Any], change: dict[str, Any], row: str | None
) -> None:
    world.model("openai/gpt-4o")
    world.channel("west")
    created = api.post(f"{API}/{address}", values)
    assert created.status_code == 201, created.content
    body = created.json()
    assert body.items() >= values.items()
    assert created["Location"] == f"{API}/{address}/{row or body['id']}"
    read = api.get(created["Location"])
    assert (read.json(), read["ETag"]) == (body, created["ETag"])
    changed = api.patch(created["Location"], change, headers={"If-Match": read["ETag"]})
    assert changed.status_code == 200, changed.content
    etag = {"etag": changed["ETag"]}
    assert changed.json() == {**body, **change, **etag}
    assert api.get(f"{API}/{address}?limit=1000").json()["results"].count(changed.json()) == 1
    assert api.delete(created["Location"]).status_code == 204
    assert api.get(created["Location"]).status_code == 404


def test_an_alias_says_what_it_changes_for_keys(api: Any) -> None:
    world.model("gpt-5.5")
    world.token(name="shop", allow=["claude-*"])
    created = api.post(f"{API}/aliases", {"name": "claude-default", "model": "gpt-5.5"})
    (warning,) = created.json()["warnings"]
    assert warning.startswith("The alias claude-default shows gpt-5.5 to 1 key (shop), because the alias matches")
    listed = api.patch(f"{API}/aliases/claude-default", {"listed": True})
    assert listed.json()["warnings"] == []


def test_a_batch_changes_the_offer_of_a_channel_and_model(api: Any) -> None:
    model, channel = world.model("a"), world.channel("main")
    world.model("b", on=None)
    rows = [{"channel": "main", "model": "a", "enabled": False}, {"channel": "main", "model": "b"}]
    stored = api.post(f"{API}/offers/batch?accept_loss=1", rows)
    assert stored.status_code == 201, stored.content
    assert Offer.objects.get(model=model, channel=channel).enabled is False
    assert Offer.objects.count() == 2
    assert [row["model"] for row in api.get(f"{API}/offers?channel=main&enabled=true").json()["results"]] == ["b"]


def test_a_used_endpoint_type_is_not_deleted(api: Any) -> None:
    EndpointType.objects.get_or_create(name="openai", defaults={"path": "/v1/chat/completions"})
    world.model("a")
    refused = api.delete(f"{API}/endpoint-types/openai")
    assert refused.status_code == 409
    assert "a" in refused.json()["detail"]


def test_disabling_a_channel_is_guarded_with_its_impact(api: Any) -> None:
    world.model("a")
    token = world.token(name="shop")[0]
    refused = api.patch(f"{API}/channels/main", {"enabled": False})
    assert refused.status_code == 409
    assert [(key["key_id"], key["loses"]) for key in refused.json()["impact"]["keys"]] == [(token.key_id, ["a"])]
    assert api.get(f"{API}/channels/main").json()["enabled"] is True
    assert api.patch(f"{API}/channels/main?accept_loss=1", {"enabled": False}).json()["enabled"] is False


def test_a_look_alike_name_is_a_guard_and_an_invisible_one_an_error(api: Any) -> None:
    world.model("gpt-4o")
    values = {"name": "GPT-4o", "model": "gpt-4o"}
    assert api.post(f"{API}/aliases", values).status_code == 201
    world.model("claude-5")
    values["name"] = "CLAUDE-5"
    refused = api.post(f"{API}/aliases", values)
    message = "CLAUDE-5 looks like the model claude-5, which differs only by upper and lower case."
    assert refused.status_code == 409
    assert [error["message"] for error in refused.json()["errors"]] == [message]
    assert api.post(f"{API}/aliases?accept_loss=1", values).status_code == 201
    values["name"] = "cl\u0430ude-5"
    assert api.post(f"{API}/aliases?accept_loss=1", values).status_code == 400
    assert ModelAlias.objects.count() == 2


def test_a_pin_has_its_author_and_what_sources_state(api: Any) -> None:
    model = world.model("a")
    created = api.post(f"{API}/pins", {"model": "a", "field": "sell_price", "reason": "contract"}).json()
    assert created["author_name"].startswith("alice, with the admin key ")
    pin = FieldPin.objects.get(model=model)
    assert str(pin.author) == "alice"
    assert api.post(f"{API}/pins", {"model": "a", "field": "sell_price", "reason": "again"}).status_code == 400
    assert api.post(f"{API}/pins", {"model": "a", "field": "colour", "reason": "x"}).status_code == 400


def test_popular_models_are_listed_by_position(api: Any) -> None:
    for position, name in ((2, "a"), (1, "b")):
        PopularModel.objects.create(model=world.model(name), position=position)
    assert [row["model"] for row in api.get(f"{API}/popular-models").json()["results"]] == ["b", "a"]


@pytest.mark.parametrize("body", [b"5", b"null", b"{}"])
def test_a_batch_of_offers_is_a_list(api: Any, body: bytes) -> None:
    refused = api.generic("POST", f"{API}/offers/batch", body, content_type="application/json")
    assert (refused.status_code, refused.json()["detail"]) == (400, "The body must be a list of 1 to 1,000 rows.")
