"""The vendors' own SDKs recognise a refusal for too many requests.

They are imported where they are used: each worker collects this module, and one runs it.
"""

import pytest

from tests.live.deployment import Operator, Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(operator: Operator) -> str:
    key: str = operator.run("result = world.key('rates', rate_limit='1/hour')")
    return key


def until_refused(ask: object) -> None:
    """Each worker counts for itself without Redis, so not always the second request is refused."""
    for _ in range(40):
        ask()  # type: ignore[operator]


def test_openais(server: Server, key: str) -> None:
    import openai

    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0) as client,
        pytest.raises(openai.RateLimitError) as refusal,
    ):
        until_refused(lambda: list(client.models.list()))

    assert refusal.value.code == "rate_limit_exceeded"
    assert int(refusal.value.response.headers["retry-after"]) > 0
    assert refusal.value.response.headers["x-ratelimit-remaining-requests"] == "0"


def test_anthropics(server: Server, key: str) -> None:
    import anthropic

    with (
        anthropic.Anthropic(base_url=server.url, api_key=key, max_retries=0) as client,
        pytest.raises(anthropic.RateLimitError) as refusal,
    ):
        until_refused(lambda: list(client.models.list()))

    assert refusal.value.response.headers["anthropic-ratelimit-requests-remaining"] == "0"


def test_googles(server: Server, key: str) -> None:
    from google import genai
    from google.genai import errors, types

    client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=server.url))

    with pytest.raises(errors.ClientError) as refusal:
        until_refused(lambda: list(client.models.list(config={"query_base": True})))

    assert (refusal.value.code, refusal.value.status) == (429, "RESOURCE_EXHAUSTED")
