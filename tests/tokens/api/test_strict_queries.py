"""With `strict=1` an address refuses every parameter that it does not read; without it, such parameters are ignored."""

from typing import Any

import pytest
from django.test import Client

from pricing.api.openapi import document
from tests import world

pytestmark = pytest.mark.django_db

# Values with which the feed, which refuses unknown vendors and models, has something to show.
OF_THE_FEED = {"vendor": "openai", "model": "m"}
# Valid values of parameters that do not accept all texts.
VALUES = {
    "offset": "1",
    "discount": "folded", "unpriced": "rows", "explain": "1", "long_context": "unlisted", "since": "2026-11-01",
    "as_of": "2026-11-01", "max_price": "5", "min_context": "1", "sort": "price", "limit": "1", "pageSize": "1",
    "lifecycle[]": "active", "strict": "1", "dialect": "openai", "pageToken": "", "after_id": "", "before_id": "",
    "cursor": "", "complete": "1", "kind": "price", "within": "90d", "lang": "zh",
}  # fmt: skip
BY_DIALECT = {"client_version": "openai", "limit": "anthropic", "after_id": "anthropic", "before_id": "anthropic",
              "lifecycle[]": "anthropic", "pageSize": "gemini", "pageToken": "gemini"}  # fmt: skip


def documented() -> list[tuple[str, list[str]]]:
    """Each address of the document that reads a query, with its parameters."""
    whole = document()
    found = []
    for path, item in whole["paths"].items():
        parameters = [
            whole["components"]["parameters"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
            for each in item.get("get", {}).get("parameters", ())
        ]
        names = [each["name"] for each in parameters if each["in"] == "query"]
        if "strict" in names:
            found.append((path, names))
    return found


@pytest.mark.parametrize(("path", "names"), documented(), ids=lambda value: value if isinstance(value, str) else "")
def test_an_address_accepts_what_the_document_says_and_nothing_else(
    client: Client, path: str, names: list[str]
) -> None:
    path = path.replace("{model}", "m").replace("{locale}", "en")
    world.price(world.model("m", context_length=1), input="1", output="1")
    headers = {"authorization": f"Bearer {world.key()}"}

    def get(query: str) -> Any:
        return client.get(f"{path}?strict=1&{query}", headers=headers)

    for name in names:
        dialect = f"&dialect={BY_DIALECT[name]}" if "dialect" in names and name in BY_DIALECT else ""
        values = VALUES | OF_THE_FEED if path.endswith(".atom") else VALUES
        assert get(f"{name}={values.get(name, 'x')}{dialect}").status_code == 200, name
    for name in {*VALUES, "colour", "Limit", ""} - {*names}:
        assert client.get(f"{path}?{name}=1", headers=headers).status_code == 200, name
        answer = get(f"{name}=1")
        assert answer.status_code == 400, name
        assert message(answer).startswith(f"'{name}' is not a parameter of this address. It accepts ")
        assert message(answer).endswith("strict.")
    assert client.get(f"{path}?strict=yes", headers=headers).status_code == 400


def message(answer: Any) -> str:
    return str(answer.json()["error"]["message"])


def test_every_address_of_the_api_that_is_read_is_strict_on_request() -> None:
    paths = {path for path, item in document()["paths"].items() if "get" in item}

    others = paths - {path for path, _ in documented()}

    assert {path for path in others if not path.startswith("/api/authorize")} == {"/livez", "/readyz", "/openapi.json"}


@pytest.mark.parametrize(
    ("query", "dialect", "status"),
    [
        ("limit=1", "openai", 400),
        ("limit=1", "anthropic", 200),
        ("pageSize=1", "anthropic", 400),
        ("pageSize=1", "gemini", 200),
        ("client_version=1", "gemini", 400),
        ("client_version=1", "openai", 200),
        ("lifecycle=active", "anthropic", 200),
    ],
)
def test_a_dialect_refuses_the_paging_of_others(client: Client, query: str, dialect: str, status: int) -> None:
    headers = {"authorization": f"Bearer {world.key()}"}

    assert client.get(f"/v1/models?strict=1&dialect={dialect}&{query}", headers=headers).status_code == status


def test_what_sdks_add_by_themselves_is_accepted(client: Client) -> None:
    key = world.key()

    for query in (f"key={key}", "beta=true", "$alt=json;enum-encoding=int", "api-version=2024-10-21"):
        answer = client.get(f"/v1/models?strict=1&{query}", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 200, query


def test_a_key_is_refused_before_the_query(client: Client) -> None:
    assert client.get("/v1/models?strict=1&colour=red").status_code == 401


def test_the_name_of_a_parameter_is_not_repeated_if_it_is_a_key(client: Client) -> None:
    key = world.key()

    answer = client.get(f"/v1/models?strict=1&{key}=1", headers={"authorization": f"Bearer {key}"})

    assert answer.status_code == 400
    assert key not in answer.content.decode()
    assert key.rpartition("_")[2] not in answer.content.decode()


@pytest.mark.parametrize("path", ["/api/pricing/quote", "/api/usage"])
def test_an_address_that_is_posted_to_has_no_parameters(client: Client, path: str) -> None:
    headers = {"authorization": f"Bearer {world.key()}"}

    answer = client.post(f"{path}?strict=1&model=m", {}, content_type="application/json", headers=headers)

    assert answer.status_code == 400
    assert message(answer) == "'model' is not a parameter of this address. It accepts strict."


def test_the_query_of_a_call_is_its_own(client: Client) -> None:
    world.model("m")
    headers = {"authorization": f"Bearer {world.key()}"}

    answer = client.get("/api/authorize/v1/models/m?strict=1&colour=red", headers=headers)

    assert answer.status_code != 400
