"""Which addresses a key may call: those of known kinds of calls, and of the operator's endpoint types."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import EndpointType
from tests import world
from tests.tokens.api.calls import ask

pytestmark = pytest.mark.django_db

BODY = {"model": "gpt-4o"}


def check(client: Client, address: str, *, method: str = "POST", body: Any = BODY, **headers: str) -> tuple[int, str]:
    """Status and reason of a check that states the original address and method."""
    sent = {"x-original-uri": address, "x-original-method": method, **headers}
    answer = ask(client, method="POST", body=body, **sent)
    return answer.status_code, answer.get("x-modelbook-reason", "")


@pytest.mark.parametrize(
    "address", ["/get/config", "/model/info", "/key/generate", "/v1/organization/users", "/api/pull", "/custom", "/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_opens_no_address_whose_meaning_nobody_knows(
    client: Client, settings: Any, method: str, address: str
) -> None:
    settings.AUTHORIZE_TRUSTED_HEADERS = ["X-Model"]
    world.model("gpt-4o", supported_endpoint_types=[])

    assert check(client, address, method=method) == (403, "endpoint_not_supported")
    assert check(client, address, method=method, **{"x-model": "gpt-4o"}) == (403, "endpoint_not_supported")
    below = ask(client, f"/api/authorize{address}?model=gpt-4o", method="POST", body=BODY)
    assert below.status_code == 403 or address == "/"
    # The gateway's own configuration knows where its upstream reads the model.
    configured = ask(client, "/api/authorize?model=gpt-4o", **{"x-original-uri": address})
    assert configured.status_code == 204


def test_the_path_of_an_endpoint_type_is_known(client: Client) -> None:
    EndpointType.objects.create(name="answers", path="/custom/answers")
    EndpointType.objects.create(name="infer", path="/v2/models/{model}/versions/{version}/infer")
    world.model("gpt-4o", supported_endpoint_types=["answers"])
    world.model("triton", supported_endpoint_types=["infer"])

    assert check(client, "/custom/answers") == (204, "")
    assert check(client, "/custom/answers", body=b"") == (403, "model_not_named")
    assert check(client, "/custom/answers", method="GET") == (403, "endpoint_not_supported")
    assert check(client, "/custom/answers", body={"model": "triton"}) == (403, "endpoint_not_supported")
    assert check(client, "/Custom/answers") == (403, "ambiguous_address")
    assert check(client, "/v2/models/triton/versions/1/infer", body=b"") == (204, "")
    assert check(client, "/v2/models/gpt-4o/versions/1/infer", body=b"") == (403, "endpoint_not_supported")
    assert check(client, "/v2/models/secret/versions/1/infer") == (403, "model_not_allowed")


def test_a_type_of_the_operator_at_a_known_address_is_accepted_there(client: Client) -> None:
    EndpointType.objects.create(name="chat", path="/v1/chat/completions")
    world.model("gpt-4o", supported_endpoint_types=["chat"])

    assert check(client, "/v1/chat/completions") == (204, "")
    assert check(client, "/v1/messages") == (403, "endpoint_not_supported")


def test_a_method_that_the_caller_adds_changes_nothing(client: Client) -> None:
    world.model("gpt-4o", supported_endpoint_types=[])

    deletion = ask(client, "/api/authorize/v1/models/gpt-4o", method="DELETE", **{"x-original-method": "GET"})

    assert (deletion.status_code, deletion["x-modelbook-reason"]) == (403, "ambiguous_address")
    assert check(client, "/v1/models/gpt-4o", method="DELETE") == (403, "endpoint_not_supported")
    assert check(client, "/v1/models/gpt-4o", method="GET", body=b"") == (204, "")
    # GET lists what others have stored.
    assert check(client, "/v1/chat/completions", method="GET") == (403, "model_not_named")


@pytest.mark.parametrize(
    ("kind", "method", "address"),
    [
        ("models", "GET", "/v1/models"),
        ("files", "GET", "/v1/files?limit=10"),
        ("batches", "POST", "/v1/batches"),
        ("responses", "GET", "/v1/responses/resp_1?stream=true"),
        ("responses", "DELETE", "/v1/responses/resp_1"),
        ("assistants", "POST", "/v1/threads/thread_1/runs"),
        ("caches", "GET", "/v1beta/cachedContents"),
    ],
)
def test_a_call_without_a_model_needs_its_kind_in_the_setting_and_a_valid_key(
    client: Client, settings: Any, kind: str, method: str, address: str
) -> None:
    world.model("gpt-4o", supported_endpoint_types=[])
    world.model("secret", status="draft")
    assert check(client, address, method=method, body=b"") == (403, "model_not_named")
    assert check(client, address, method=method) == (403, "model_not_named")

    settings.AUTHORIZE_WITHOUT_MODEL = [kind]

    assert check(client, address, method=method, body=b"") == (204, "")
    # What is named restricts the call.
    assert check(client, address, method=method) == (204, "")
    assert check(client, address, method=method, body={"model": "secret"}) == (403, "model_not_allowed")
    named = f"{address}{'&' if '?' in address else '?'}model=secret"
    assert check(client, named, method=method, body=b"") == (403, "model_not_allowed")
    wrong = ask(client, key="sk-wrong", **{"x-original-uri": address, "x-original-method": method})
    assert wrong.status_code == 401
