"""A model whose id ends in * answers every id that begins with the rest and has no row of its own."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, ModelAlias
from catalog.models.aimodel import wildcards_of
from tests import world
from tests.pricing.pages.shop import BROWSER
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.explaining import survey

pytestmark = pytest.mark.django_db
WILD = "chan-wild-*"


@pytest.fixture
def wild() -> AIModel:
    model = world.model(WILD)
    world.price(model, input="2", output="8")
    return model


def authorized(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def may_call(client: Client, key: str, name: str) -> bool:
    status = client.get("/api/authorize", {"model": name}, headers=authorized(key)).status_code
    assert status in (204, 403)
    return status == 204


def listed(client: Client, key: str) -> list[str]:
    return [row["id"] for row in client.get("/v1/models", headers=authorized(key)).json()["data"]]


def quote(client: Client, key: str, name: str) -> Any:
    question = {"model": name, "usage": {"input": 1_000_000}}
    headers = authorized(key)
    return client.post("/api/pricing/quote", question, content_type="application/json", headers=headers).json()


def test_it_is_listed_as_it_is_and_any_name_with_its_prefix_is_callable(client: Client, wild: AIModel) -> None:
    key = world.key()
    assert listed(client, key) == [WILD]
    for name in ("chan-wild-x1", "chan-wild-", WILD, "chan-wild-a/b:c", "chan-wild-" + "x" * 3000):
        assert may_call(client, key, name), name
    for name in ("chan-wild", "Chan-wild-x1", "xchan-wild-x1", "chan-wild-x ", "chan-wild-x,y", "chan-wild-\x00"):
        assert not may_call(client, key, name), name


@pytest.mark.parametrize("name", ["chan-wild-x/", "chan-wild-x//y", "chan-wild-x/../gpt-4o", "chan-wild-x/./y"])
def test_an_address_that_a_gateway_may_read_as_another_model_is_not_allowed(
    client: Client, wild: AIModel, name: str
) -> None:
    assert not may_call(client, world.key(), name)


def test_the_key_may_be_allowed_single_names_which_lists_nothing(client: Client, wild: AIModel) -> None:
    key = world.key(allow=["chan-wild-x1", "chan-wild-y*"])
    assert listed(client, key) == []
    assert [may_call(client, key, f"chan-wild-{end}") for end in ("x1", "x2", "y", "y7", "*")] == [
        True, False, True, True, False
    ]  # fmt: skip
    assert client.get("/v1/models/chan-wild-x1", headers=authorized(key)).json()["id"] == "chan-wild-x1"
    assert client.get("/v1/models/chan-wild-x2", headers=authorized(key)).status_code == 404


def test_the_literal_id_allows_the_model_and_none_of_its_names(client: Client, wild: AIModel) -> None:
    ModelAlias.objects.create(name="alias-of-wild", model=wild)
    key = world.key(allow=["id:chan-wild-*", "alias-of-wild"])
    assert listed(client, key) == [WILD]
    assert [may_call(client, key, name) for name in (WILD, "alias-of-wild", "chan-wild-x1")] == [True, True, False]
    assert not may_call(client, world.key(deny=["id:chan-wild-*"]), "chan-wild-x1")
    assert may_call(client, world.key(allow=["vendor:openai"]), "chan-wild-x1")


def test_the_key_may_be_denied_single_names(client: Client, wild: AIModel) -> None:
    key = world.key(deny=["chan-wild-x1", "chan-wild-y*"])
    assert listed(client, key) == [WILD]
    assert [may_call(client, key, f"chan-wild-{end}") for end in ("x1", "x2", "y", "y7")] == [False, True, False, False]
    assert not may_call(client, world.key(deny=[WILD]), "chan-wild-x2")


@pytest.mark.parametrize("hidden", [{"status": "draft"}, {"on": None}, {"retires_on": "2026-01-01"}])
def test_a_model_of_that_name_decides_even_if_it_is_hidden(
    client: Client, wild: AIModel, hidden: dict[str, Any]
) -> None:
    world.model("chan-wild-x9", **hidden)
    key = world.key()
    assert not may_call(client, key, "chan-wild-x9")
    assert client.get("/v1/models/chan-wild-x9/", headers=authorized(key)).status_code == 404
    assert may_call(client, key, "chan-wild-x8")


def test_a_model_or_alias_of_that_name_comes_first(client: Client, wild: AIModel) -> None:
    own = world.model("chan-wild-own")
    ModelAlias.objects.create(name="chan-wild-alias", model=own)
    world.price(own, input="5", output="5")
    key = world.key()
    for name in ("chan-wild-own", "chan-wild-alias", "chan-wild-own/"):
        assert quote(client, key, name)["model"] == own.name
    assert client.get("/v1/models/chan-wild-own/", headers=authorized(key)).json()["id"] == own.name


def test_the_visible_model_with_the_longest_prefix_answers(client: Client, wild: AIModel) -> None:
    world.price(world.model("chan-*"), input="1", output="1")
    world.price(world.model("chan-wild-x*", status="draft"), input="9", output="9")
    key = world.key()
    assert quote(client, key, "chan-wild-x1")["model"] == WILD
    assert quote(client, key, "chan-w")["model"] == "chan-*"
    assert quote(client, world.key(deny=[WILD]), "chan-wild-")["error"]["code"] == "model_not_found"


def test_prices_are_those_of_the_pattern(client: Client, wild: AIModel) -> None:
    key = world.key()
    body = quote(client, key, "chan-wild-x1")
    assert (body["model"], body["amount"]) == (WILD, "2")
    histories = [client.get(f"/api/pricing/history/{name}", headers=authorized(key)) for name in ("chan-wild-x1", WILD)]
    assert histories[0].json()["success"] is True
    assert histories[0].content == histories[1].content


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
def test_one_model_is_described_under_the_requested_id(client: Client, wild: AIModel, dialect: str) -> None:
    path = "/v1beta/models" if dialect == "gemini" else "/v1/models"
    for name in ("chan-wild-x1", "chan-wild-x1/", WILD):
        body = client.get(f"{path}/{name}?dialect={dialect}", headers=authorized(world.key())).json()
        assert body["name" if dialect == "gemini" else "id"].removeprefix("models/") == name.rstrip("/")
    wild.refresh_from_db()
    assert wild.name == WILD


def test_the_page_of_the_pattern_is_the_page_of_its_names(client: Client, wild: AIModel) -> None:
    for name in (WILD, "chan-wild-x1"):
        page = client.get(f"/models/{name}", headers=BROWSER)
        assert page.status_code == 200
        text = page.content.decode()
        assert WILD in text
        assert "Every id that begins with <code>chan-wild-</code> has this price" in text
        assert "chan-wild-NAME" in text


def test_explain_token_follows(wild: AIModel, capsys: pytest.CaptureFixture[str]) -> None:
    token, _ = world.token(allow=["chan-wild-x1"])
    call_command("explain_token", token.key_id, "models/chan-wild-x1")
    answer = capsys.readouterr().out
    assert f"the model exists: wildcard model {WILD}" in answer
    assert "an allow pattern matches the model: allow pattern chan-wild-x1" in answer
    world.model("chan-wild-x1", status="draft")
    with pytest.raises(SystemExit):
        call_command("explain_token", token.key_id, "chan-wild-x1", format="json")
    gates = json.loads(capsys.readouterr().out)["gates"]
    assert next(gate["asks"] for gate in gates if gate["passed"] is False) == "the model is published"


def test_the_visible_models_of_a_key_show_which_names_it_may_call(wild: AIModel) -> None:
    token, _ = world.token(allow=["chan-wild-x1", "chan-wild-y*", "gpt-*"])
    (explanation,) = survey(scope_of(row_of(token)), at=timezone.now())
    assert explanation.obstacle is not None
    assert explanation.obstacle.because == "no allow pattern matches; calls of chan-wild-x1, chan-wild-y* are allowed"


def test_the_candidates_are_ids_that_a_model_can_have() -> None:
    assert wildcards_of("abc") == ["abc*", "ab*", "a*"]
    assert wildcards_of("a*c") == ["a*"]
    assert wildcards_of("*") == wildcards_of("") == []
    assert [len(name) for name in wildcards_of("x" * 9999)] == list(range(255, 1, -1))


def test_an_alias_is_one_id(wild: AIModel) -> None:
    with pytest.raises(ValidationError, match="An alias is one id"):
        ModelAlias(name="other-*", model=wild).full_clean()


def test_a_star_elsewhere_has_no_meaning(client: Client) -> None:
    for name in ("*", "a*b", "c*d*"):
        world.model(name)
    key = world.key()
    assert [may_call(client, key, name) for name in ("*", "a*b", "c*d*", "x", "axb", "c*dx", "cxdx")] == [
        True, True, True, False, False, False, False
    ]  # fmt: skip
