"""A model that operators hide from the price list: no list, page or export has it, and keys still use it."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.models import AIModel
from tests import world
from tests.pricing.pages.shop import BROWSER

pytestmark = pytest.mark.django_db

LISTS = (
    "/api/pricing",
    "/api/pricing?unpriced=rows",
    "/api/pricing?as_of=2026-02-01",
    "/api/prices",
    "/api/newapi/models.json",
    "/api/pricing/changes?since=2020-01-01",
    "/api/pricing/changes.atom?since=2020-01-01",
)
PUBLIC_FILES = ("/api/export/litellm.json", "/api/export/openrouter.json", "/api/export/models_dev.json",
                "/api/export/new_api.json", "/api/export/one_hub.json", "/api/export/prices.csv",
                "/llms.txt")  # fmt: skip


@pytest.fixture
def hidden() -> AIModel:
    shown = world.model("acme-shown")
    model = world.model("acme-hidden", in_price_list=False)
    AIModel.objects.filter(pk=shown.pk).update(successor=model)
    for each in (shown, model):
        world.price(each, input="2", output="8")
    return model


@pytest.fixture
def authorized() -> dict[str, str]:
    return {"authorization": f"Bearer {world.key()}"}


def quote(client: Client, headers: dict[str, str]) -> Any:
    question = {"model": "acme-hidden", "usage": {"input": 1_000_000}}
    return client.post("/api/pricing/quote", question, content_type="application/json", headers=headers)


@pytest.mark.parametrize("address", LISTS)
def test_no_price_list_has_the_model(client: Client, hidden: AIModel, authorized: dict[str, str], address: str) -> None:
    for headers in ({}, authorized):
        body = client.get(address, headers=headers).content.decode()
        assert "acme-shown" in body
        assert hidden.name not in body


@pytest.mark.parametrize("address", PUBLIC_FILES)
def test_no_public_file_has_the_model(client: Client, hidden: AIModel, address: str) -> None:
    body = client.get(address).content.decode()
    assert "acme-shown" in body
    assert hidden.name not in body


@pytest.mark.parametrize("address", ["/", "/?q=acme", "/models/acme-shown", "/compare?m=acme-shown&m=acme-hidden"])
def test_no_page_has_the_model(client: Client, hidden: AIModel, address: str) -> None:
    page = client.get(address, headers=BROWSER)
    assert page.status_code == 200
    assert "acme-shown" in page.content.decode()
    # The address of the comparison itself is in its links.
    assert hidden.name not in page.content.decode().replace("m=acme-hidden", "")


def test_its_own_page_is_missing(client: Client, hidden: AIModel) -> None:
    assert client.get(f"/models/{hidden.name}", headers=BROWSER).status_code == 404


def test_keys_list_call_and_quote_the_model(client: Client, hidden: AIModel, authorized: dict[str, str]) -> None:
    listed = client.get("/v1/models", headers=authorized).json()["data"]
    assert {row["id"] for row in listed} == {"acme-shown", "acme-hidden"}
    assert client.get(f"/v1/models/{hidden.name}", headers=authorized).json()["id"] == hidden.name
    assert client.get(f"/api/authorize?model={hidden.name}", headers=authorized).status_code == 204
    assert quote(client, authorized).json()["amount"] == "2"
    assert client.get(f"/api/pricing/history/{hidden.name}", headers=authorized).status_code == 200


def test_visitors_get_no_price_by_name(client: Client, hidden: AIModel) -> None:
    assert quote(client, {}).status_code == 404
    assert client.get(f"/api/pricing/history/{hidden.name}").status_code == 404


def test_gateways_that_read_ratios_still_get_its_price(client: Client, hidden: AIModel) -> None:
    assert client.get("/api/ratio_config").json()["data"]["model_ratio"][hidden.name] == 1


def test_explain_token_says_so(hidden: AIModel, capsys: pytest.CaptureFixture[str]) -> None:
    token, _ = world.token()
    call_command("explain_token", token.key_id, hidden.name)
    assert "The price list, the public pages and the exports leave the model out." in capsys.readouterr().out
    call_command("explain_token", token.key_id, hidden.name, format="json")
    assert json.loads(capsys.readouterr().out)["in_price_list"] is False
