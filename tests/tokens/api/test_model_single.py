"""GET /v1/models/<id>: any id, and the same response for hidden and missing models."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from catalog.models import AIModel, ModelAlias, Offer
from tests import world

pytestmark = pytest.mark.django_db

IDS = [
    "gpt-4o",
    "meta/llama-3:free",
    "@cf/a/b@c",
    "with space",
    "模型",
    "100%",
    "a+b&c=d",
    "q?x",
    "f#g",
    "models/x",
    "a/",
]


def single(client: Client, path: str, key: str) -> Any:
    return client.get(f"/v1/models/{path}", headers={"authorization": f"Bearer {key}"})


@pytest.mark.parametrize("name", IDS)
def test_any_id_is_found_raw_and_encoded(client: Client, name: str) -> None:
    world.model(name)
    key = world.key()

    for path in (quote(name), quote(name, safe="")):
        assert single(client, path, key).json()["id"] == name


def test_it_is_an_element_of_the_list(client: Client) -> None:
    world.model(context_length=1000)
    key = world.key()

    listed = client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).json()["data"]

    assert [single(client, "gpt-4o", key).json()] == listed


HIDING: dict[str, Callable[[AIModel], object]] = {
    "draft": lambda model: AIModel.objects.filter(pk=model.pk).set_status("draft"),
    "offer off": lambda model: Offer.objects.filter(model=model).set_enabled(False),
    "channel off": lambda model: Offer.objects.get(model=model).channel.delete(),
    "missing": lambda model: model.delete(),
}


@pytest.mark.parametrize("why", HIDING)
def test_hidden_and_missing_are_the_same_to_the_byte(client: Client, why: str) -> None:
    key = world.key()
    HIDING[why](world.model("hidden-one"))

    hidden, missing = single(client, "hidden-one", key), single(client, "missing-at", key)

    assert hidden.status_code == missing.status_code == 404
    assert hidden.content.replace(b"hidden-one", b"missing-at") == missing.content
    ids = {"x-request-id", "request-id", "content-length"}
    assert {n: v for n, v in hidden.items() if n.lower() not in ids} == {
        n: v for n, v in missing.items() if n.lower() not in ids
    }


def test_denied_and_out_of_reach_are_the_same_to_the_byte(client: Client) -> None:
    world.model("secret-one")
    world.model("foreign-at", on=world.channel("vip", group="vip"))
    key = world.key(deny=["secret-*"])

    names = ("secret-one", "foreign-at", "nonesuch")
    answers = {single(client, name, key).content.replace(name.encode(), b"") for name in names}

    assert len(answers) == 1
    assert single(client, "nonesuch", key).json()["error"] == {
        "message": "The model 'nonesuch' does not exist, or this API key has no access to it.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }


@pytest.mark.parametrize(
    "path", ["%00", "a%00b", "%FF%FE", "%ED%A0%80", "%0A", "%2F", "..%2F..%2Fetc", "x" * 3000, "%25"]
)
def test_a_hostile_id_is_a_missing_model(client: Client, path: str) -> None:
    answer = single(client, path, world.key())

    assert (answer.status_code, answer["content-type"]) == (404, "application/json")


def test_an_alias_answers_with_the_models_own_id(client: Client) -> None:
    ModelAlias.objects.create(name="gpt-latest", model=world.model("gpt-4o"))
    key = world.key()

    assert single(client, "gpt-latest", key).json()["id"] == "gpt-4o"
    assert single(client, "gpt-latest", world.key(deny=["gpt-4o"])).status_code == 404


def test_ids_are_case_sensitive(client: Client) -> None:
    world.model("gpt-4o")

    assert single(client, "GPT-4O", world.key()).status_code == 404


def test_it_has_an_etag(client: Client) -> None:
    world.model()
    key = world.key()
    tag = single(client, "gpt-4o", key)["etag"]

    again = client.get("/v1/models/gpt-4o", headers={"authorization": f"Bearer {key}", "if-none-match": tag})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("dialect", ["/v1beta", "/anthropic/v1"])
def test_what_a_narrowed_list_leaves_out_is_404_in_that_dialect(client: Client, settings: Any, dialect: str) -> None:
    settings.NARROW_DIALECTS = True
    world.model("mine", supported_endpoint_types=["gemini", "anthropic"])
    world.model("gpt-4o")
    headers = {"authorization": f"Bearer {world.key()}"}

    listed = client.get(f"{dialect}/models", headers=headers).content.decode()

    assert ("mine" in listed, "gpt-4o" in listed) == (True, False)
    assert client.get(f"{dialect}/models/mine", headers=headers).status_code == 200
    assert client.get(f"{dialect}/models/gpt-4o", headers=headers).status_code == 404
    assert client.get("/v1/models/gpt-4o", headers=headers).status_code == 200


@pytest.mark.parametrize("prefix", ["/v1", "/v1beta", "/anthropic/v1"])
def test_a_404_repeats_neither_a_key_nor_a_prompt(client: Client, prefix: str) -> None:
    world.key()
    key = "AIzaSyNotOursAtAll"
    headers = {"authorization": f"Bearer {world.key(name='another')}", "x-api-key": key}

    for name in (key, f"models/{key}", "tell me a story " * 20):
        answer = client.get(f"{prefix}/models/{quote(name)}", headers=headers)

        assert answer.status_code == 404
        assert name not in answer.content.decode()
        assert key not in answer.content.decode()
    assert "'gpt-9'" in client.get(f"{prefix}/models/gpt-9", headers=headers).content.decode()
