"""Values of filters: what is refused in every dialect, and what a value means that no model has."""

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from tests import world

pytestmark = pytest.mark.django_db

ADDRESSES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/v1/models", {}),
    ("/models", {}),
    ("/v1beta/openai/models", {}),
    ("/anthropic/v1/models", {}),
    ("/v1/models", {"anthropic-version": "2023-06-01"}),
    ("/v1beta/models", {}),
    ("/api/pricing", {}),
)
WRONG = (
    *("max_price=-1", "max_price=x", "max_price=NaN", "max_price=Infinity", "max_price=1e99", "max_price=$5"),
    *("max_price=1,5", "max_price=1_000", "max_price=" + "9" * 70, "max_price=%D9%A3", "max_price=0x10"),
    *("min_context=-1", "min_context=1.5", "min_context=128k", "min_context=1e5", "min_context=%D9%A3"),
    *("min_context=1" + "0" * 15, "min_context=" + "9" * 5000, "min_context=%00"),
    *("sort=cheapest", "sort=Price", "sort=price,created", "sort=-created"),
)


@pytest.fixture
def headers() -> dict[str, str]:
    world.price(world.model("m", context_length=1000), input="1", output="1")
    return {"authorization": f"Bearer {world.key()}"}


def message_of(body: Any) -> str:
    return str(body["error"]["message"])


def ids(body: Any) -> list[str]:
    rows = body["data"] if "data" in body else body["models"]
    return [row.get("id") or row.get("baseModelId") or row["model_name"] for row in rows]


@pytest.mark.parametrize("query", WRONG, ids=lambda query: query[:20])
def test_a_wrong_value_is_refused_in_one_sentence(client: Client, headers: dict[str, str], query: str) -> None:
    for path, more in ADDRESSES:
        answer = client.get(f"{path}?{query}", headers=headers | more)

        assert answer.status_code == 400, path
        assert message_of(answer.json()).startswith(query.partition("=")[0] + " must be ")


@pytest.mark.parametrize(
    "query",
    [
        *("vendor=", "vendor=,", "capability=%20", "max_price=", "min_context=%20", "sort="),
        *(
            "vendor=nobody&vendor=OPENAI",
            f"vendor={quote('ｏｐｅｎａｉ')}",
            f"vendor=x{quote('，')}openai",
            "endpoint=OpenAI",
        ),
        *("max_price=1", "max_price=1.0", "max_price=1e0", "max_price=01", "max_price=0&max_price=2"),
        *("min_context=1000", "min_context=0001000", f"min_context={'0' * 4000}", "min_context=0"),
    ],
    ids=lambda query: query[:20],
)
def test_the_model_fits(client: Client, headers: dict[str, str], query: str) -> None:
    for path, more in ADDRESSES:
        assert ids(client.get(f"{path}?{query}", headers=headers | more).json()) == ["m"], path


@pytest.mark.parametrize(
    "query",
    [
        *("vendor=nobody", "vendor=open", "vendor=open*", "capability=tools", "modality=text", "endpoint=gemini"),
        *("max_price=0", "max_price=0.99", "min_context=1001", "min_context=999999999999999", "vendor=%00"),
    ],
)
def test_a_name_that_no_model_has_is_an_empty_list(client: Client, headers: dict[str, str], query: str) -> None:
    for path, more in ADDRESSES:
        assert ids(client.get(f"{path}?{query}&strict=1", headers=headers | more).json()) == [], path


def test_unknown_figures_meet_no_limit(client: Client) -> None:
    world.model("unknown")
    image = world.model("image")
    world.line(world.price(image), "output.image", "0.04", per=1, unit="image")
    headers = {"authorization": f"Bearer {world.key()}"}

    for query in ("max_price=0", "max_price=1e12", "min_context=0"):
        assert ids(client.get(f"/v1/models?{query}", headers=headers).json()) == []


def test_a_retired_model_has_no_price(client: Client) -> None:
    world.price(world.model("old", retires_on="2020-01-01"), input="1", output="1")
    headers = {"authorization": f"Bearer {world.key()}"}

    lists = [
        ids(client.get(f"/anthropic/v1/models?lifecycle=retired{more}", headers=headers).json())
        for more in ("", "&max_price=5", "&sort=price")
    ]

    assert lists == [["old"], [], ["old"]]
