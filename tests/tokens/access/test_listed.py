"""An unlisted model can be called and is in no list; a listed alias is a row of its own in every list."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client

from catalog.models import AIModel, ModelAlias
from tests import world
from tokens.access.visibility import listed_names

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def get(client: Client, key: str, address: str) -> Any:
    return client.get(address, headers={"authorization": f"Bearer {key}"})


def names(client: Client, key: str) -> dict[str, list[str]]:
    """The ids in the list of each dialect."""
    gemini = get(client, key, "/v1beta/models?pageSize=1000").json()["models"]
    return {
        "openai": [row["id"] for row in get(client, key, "/v1/models").json()["data"]],
        "anthropic": [row["id"] for row in get(client, key, "/anthropic/v1/models").json()["data"]],
        "gemini": [row["name"].removeprefix("models/") for row in gemini],
    }


def test_an_unlisted_model_can_be_called_and_is_in_no_list(client: Client) -> None:
    world.model("shown")
    world.price(world.model("unlisted", listed=False), input="2", output="8")
    key = world.key()

    assert names(client, key) == {"openai": ["shown"], "anthropic": ["shown"], "gemini": ["shown"]}
    for address in ("/v1/models/unlisted", "/api/authorize?model=unlisted", "/api/pricing/history/unlisted"):
        assert get(client, key, address).status_code < 300
    assert "unlisted" in get(client, key, "/api/pricing").content.decode()
    assert "unlisted" not in get(client, key, "/v1/models?client_version=1").content.decode()


def test_a_listed_alias_is_a_row_with_everything_else_of_its_model(client: Client) -> None:
    fields: dict[str, Any] = {"display_name": "GPT", "context_length": 1000, "released_on": dt.date(2026, 5, 1)}
    model = world.model("claude-sonnet-1", **fields)
    ModelAlias.objects.create(name="house-model", model=model, listed=True)
    ModelAlias.objects.create(name="quiet", model=model)
    key = world.key()

    assert set(map(tuple, names(client, key).values())) == {("claude-sonnet-1", "house-model")}
    for address, member in (("/v1/models", "data"), ("/anthropic/v1/models", "data"), ("/v1beta/models", "models")):
        rows = [json.dumps(row) for row in get(client, key, address).json()[member]]
        assert rows[1] == rows[0].replace("claude-sonnet-1", "house-model")
    assert get(client, key, "/v1/models/house-model").json()["id"] == "claude-sonnet-1"


def test_a_listed_alias_of_an_unlisted_model_is_listed_alone(client: Client) -> None:
    model = world.model("internal", listed=False)
    ModelAlias.objects.create(name="public-name", model=model, listed=True)

    assert set(map(tuple, names(client, world.key()).values())) == {("public-name",)}
    assert listed_names([model]) == {model.pk: ["public-name"]}


@pytest.mark.parametrize(("patterns", "seen"), [({"allow": ["nick"]}, True), ({"deny": ["nick"]}, False)])
def test_an_alias_is_visible_with_its_model(client: Client, patterns: dict[str, Any], seen: bool) -> None:
    ModelAlias.objects.create(name="nick", model=world.model("m-1"), listed=True)

    expected = ["m-1", "nick"] if seen else []
    assert names(client, world.key(**patterns))["openai"] == expected


def test_pages_contain_every_row_once_and_an_alias_is_a_cursor(client: Client) -> None:
    for number in range(4):
        model = world.model(f"m-{number}", listed=number != 2)
        ModelAlias.objects.create(name=f"a-{number}", model=model, listed=number % 2 == 0)
    key = world.key()
    expected = ["a-0", "a-2", "m-0", "m-1", "m-3"]

    assert names(client, key)["openai"] == expected
    for place, name in enumerate(expected):
        rows = get(client, key, f"/anthropic/v1/models?limit=2&after_id={name}").json()["data"]
        assert [row["id"] for row in rows] == expected[place + 1 :][:2]
    assert get(client, key, "/anthropic/v1/models?after_id=a-1").status_code == 400
    token, seen = "", []
    while True:
        page = get(client, key, f"/v1beta/models?pageSize=2&pageToken={token}").json()
        seen += [row["baseModelId"] for row in page["models"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert seen == expected


def test_a_cursor_remains_valid_after_its_alias_is_left_out_or_deleted(client: Client) -> None:
    for name in ("m-1", "m-3"):
        world.model(name)
    alias = ModelAlias.objects.create(name="m-2", model=AIModel.objects.get(name="m-1"), listed=True)
    key = world.key()

    for change in ("left out", "deleted"):
        if change == "left out":
            alias.listed = False
            alias.save()
        else:
            alias.delete()
        rows = get(client, key, "/anthropic/v1/models?after_id=m-2").json()["data"]
        assert [row["id"] for row in rows] == ["m-3"], change


def test_a_change_of_listed_appears_in_the_next_list(client: Client) -> None:
    model = world.model("m-1")
    alias = ModelAlias.objects.create(name="nick", model=model)
    key = world.key()
    assert names(client, key)["openai"] == ["m-1"]

    AIModel.objects.filter(pk=model.pk).set_listed(False)
    assert names(client, key)["openai"] == []
    alias.listed = True
    alias.save()
    assert names(client, key)["openai"] == ["nick"]
