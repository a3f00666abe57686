"""Visitors have a rate limit per address: generous, counted with or without the fast path, and not for keys."""

from typing import Any

import pytest
from django.test import Client

from tests import world
from tokens.rate_limits import VISITS

pytestmark = pytest.mark.django_db

ADDRESSES = ["/", "/compare", "/api/pricing", "/api/pricing/changes", "/api/export/litellm.json", "/llms.txt"]
HTML = {"accept": "text/html,*/*"}


@pytest.fixture(autouse=True)
def _limit(settings: Any) -> None:
    settings.VISITORS_PER_MINUTE = 2


def statuses(client: Client, path: str, times: int, **headers: Any) -> list[int]:
    return [client.get(path, headers=headers).status_code for _ in range(times)]


@pytest.mark.parametrize("path", ADDRESSES)
def test_more_requests_than_the_limit_are_refused(client: Client, path: str) -> None:
    answered = 404 if path == "/compare" else 200
    assert statuses(client, path, 3) == [answered, answered, 429]

    answer = client.get(path)

    assert 1 <= int(answer["retry-after"]) <= 60
    assert answer["cache-control"] == "no-store"
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize("path", ["/", "/compare", "/models/gpt-4o"])
@pytest.mark.parametrize(("language", "text"), [("en", "Too many requests"), ("zh", "请求过多")])
def test_browsers_get_a_page(client: Client, path: str, language: str, text: str) -> None:
    world.model()
    headers = HTML | {"accept_language": language}
    assert statuses(client, path, 2, **headers) == [200, 200]

    answer = client.get(path, headers=headers)

    assert (answer.status_code, answer["cache-control"]) == (429, "no-store")
    assert 1 <= int(answer["retry-after"]) <= 60
    assert answer["content-type"].startswith("text/html")
    assert f"<h1>{text}</h1>" in answer.content.decode()


def test_a_refusal_needs_no_query(client: Client, django_assert_num_queries: Any) -> None:
    statuses(client, "/", 2)

    with django_assert_num_queries(0):
        assert statuses(client, "/", 1, **HTML) == [429]


def test_0_turns_the_limit_off(client: Client, settings: Any) -> None:
    settings.VISITORS_PER_MINUTE = 0

    assert statuses(client, "/api/pricing", 5) == [200] * 5


def test_keys_have_their_own_rates(client: Client) -> None:
    authorization = f"Bearer {world.key()}"

    assert statuses(client, "/api/pricing", 4, authorization=authorization) == [200] * 4


def test_a_wrong_key_counts_as_a_visitor(client: Client) -> None:
    assert statuses(client, "/api/pricing", 3, authorization="Bearer sk-of-another-service") == [200, 200, 429]


def test_each_address_is_counted_by_itself(client: Client, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"]

    answers = {address: statuses(client, "/api/pricing", 2, x_forwarded_for=address) for address in addresses}

    # The addresses of one /64 network are one visitor.
    assert answers == {
        **{address: [200, 200] for address in addresses},
        "2001:db8::2": [429, 429],
        "2001:db8::3": [429, 429],
    }


def test_addresses_that_cost_nothing_are_not_counted(client: Client) -> None:
    for path in ("/robots.txt", "/docs", "/openapi.json", "/livez"):
        assert statuses(client, path, 4) == [200] * 4

    assert VISITS.refuse("127.0.0.1") is None
