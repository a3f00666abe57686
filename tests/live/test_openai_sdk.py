"""OpenAI's own SDK against a running server."""

from collections.abc import Iterator

import openai
import pytest

from tests.live.deployment import Operator, Server

# Marked to run before transactional tests, which empty the database that the live one is copied from.
pytestmark = pytest.mark.django_db

IDS = [
    "sdk-plain",
    "sdk/with/slashes",
    "sdk:with:colons",
    "sdk/both:of-them@2026",
    "sdk with spaces",
    "sdk-ümläut-模型",
]


@pytest.fixture(scope="module")
def key(operator: Operator) -> str:
    key: str = operator.run(
        f"for name in {IDS!r}: world.model(name, on='sdk')\n"
        "world.channel('sdk', group='sdk')\n"
        "world.model('sdk-hidden', on='sdk', status='draft')\n"
        "result = world.key('sdk')"
    )
    return key


@pytest.fixture
def client(server: Server, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0) as sdk_client:
        yield sdk_client


def test_it_lists_every_model(client: openai.OpenAI) -> None:
    assert sorted(model.id for model in client.models.list()) == sorted(IDS)


@pytest.mark.parametrize("name", IDS)
def test_it_retrieves_any_id(client: openai.OpenAI, name: str) -> None:
    model = client.models.retrieve(name)

    assert (model.id, model.object, model.owned_by, model.created) == (name, "model", "openai", 0)


def test_a_bad_key_is_an_authentication_error_with_a_code(server: Server) -> None:
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-unknown", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError) as refusal,
    ):
        client.models.list()

    assert (refusal.value.code, refusal.value.type) == ("invalid_api_key", "invalid_request_error")
    assert str(refusal.value.request_id).startswith("req_")


@pytest.mark.parametrize("name", ["sdk-hidden", "sdk-never-was"])
def test_a_hidden_model_is_not_found(client: openai.OpenAI, name: str) -> None:
    with pytest.raises(openai.NotFoundError) as refusal:
        client.models.retrieve(name)

    assert (refusal.value.code, refusal.value.param) == ("model_not_found", "model")


def test_deleting_a_model_is_not_part_of_this_api(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as refusal:
        client.models.delete("sdk-plain")

    assert refusal.value.status_code == 405
    assert refusal.value.response.headers["allow"] == "GET, HEAD, OPTIONS"
