"""The cost of a request in queries, ETags and compression, and the limits of the cache of bodies."""

import datetime as dt
import gzip
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Channel
from tests import world
from tokens.http.bodies import BODIES, Body, BodyCache

pytestmark = pytest.mark.django_db


def ask(client: Client, key: str, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/v1/models", headers={"authorization": f"Bearer {key}"} | named)


def test_a_warm_list_costs_one_query(client: Client, django_assert_num_queries: Any) -> None:
    world.model()
    key = world.key()
    tag = ask(client, key)["etag"]

    with django_assert_num_queries(1):  # the token, by digest, with its groups and the counters
        assert ask(client, key).status_code == 200
    with django_assert_num_queries(1):  # the same
        assert ask(client, key, if_none_match=tag).status_code == 304


def test_a_cold_list_costs_seven_queries(client: Client, django_assert_num_queries: Any) -> None:
    for number in range(50):
        world.model(f"model-{number}", vendor=world.vendor(f"vendor-{number % 5}"))
    key = world.key()
    BODIES.clear()

    # The token; the starts; offers, aliases, vendors, models, and the channels of groups.
    with django_assert_num_queries(7):
        assert len(ask(client, key).json()["data"]) == 50


@pytest.mark.parametrize(("name", "queries"), [("gpt-4o", 4), ("hidden", 4), ("missing", 3)])
def test_a_single_model_costs_few_queries(
    client: Client, django_assert_num_queries: Any, name: str, queries: int
) -> None:
    world.model()
    world.model("hidden", status="draft")
    key = world.key()

    with django_assert_num_queries(queries):  # the token; the starts; the key of the name; the model with its vendor
        client.get(f"/v1/models/{name}", headers={"authorization": f"Bearer {key}"})


def test_keys_with_the_same_rules_share_a_body(client: Client, django_assert_num_queries: Any) -> None:
    world.model()
    ask(client, world.key())
    # When, from where and whether it may call makes no difference to what it sees.
    end = timezone.now() + dt.timedelta(hours=1)
    other = world.key(name="another customer", networks=["127.0.0.0/8"], expires_at=end, is_over_budget=True)

    with django_assert_num_queries(1):
        assert ask(client, other).status_code == 200


def test_the_tag_changes_exactly_when_the_body_does(client: Client) -> None:
    model, key = world.model(), world.key()
    first = ask(client, key)

    AIModel.objects.filter(pk=model.pk).update(series="not shown in this dialect")
    unseen = ask(client, key)
    AIModel.objects.filter(pk=model.pk).update(context_length=5)
    seen = ask(client, key)
    AIModel.objects.filter(pk=model.pk).update(context_length=None)
    back = ask(client, key)

    assert first["etag"] == unseen["etag"] == back["etag"] != seen["etag"]
    assert first.content == back.content != seen.content


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/"other",{}', "*", " {} "])
def test_every_form_of_if_none_match_is_understood(client: Client, form: str) -> None:
    key = world.key()
    tag = ask(client, key)["etag"]

    answer = ask(client, key, if_none_match=form.format(tag))

    assert (answer.status_code, answer.content, answer["etag"]) == (304, b"", tag)
    assert answer["cache-control"].startswith("private, max-age=")
    assert "Authorization" in answer["vary"]


@pytest.mark.parametrize("form", ['"other"', "nonsense", "", '"', "**", '"{}'])
def test_another_tag_gets_the_body(client: Client, form: str) -> None:
    assert ask(client, world.key(), if_none_match=form).status_code == 200


@pytest.mark.parametrize(
    ("offered", "packed"),
    [
        ("gzip", True), ("gzip, deflate, br, zstd", True), ("br;q=1.0, gzip;q=0.8", True), ("GZIP", True), ("", False),
        ("identity", False), ("br", False), ("gzip;q=0", False), ("gzip;q=0.0, br", False), ("gzip ; q=0.000", False),
        ("x-gzip", False),
    ],
)  # fmt: skip
def test_a_body_is_compressed_if_the_client_accepts_it(client: Client, offered: str, packed: bool) -> None:
    for number in range(20):
        world.model(f"model-{number}")
    key = world.key()
    plain = ask(client, key)

    answer = ask(client, key, accept_encoding=offered)

    assert answer.has_header("content-encoding") is packed
    assert (gzip.decompress(answer.content) if packed else answer.content) == plain.content
    assert answer["etag"] == plain["etag"]
    assert "Accept-Encoding" in answer["vary"]


def test_a_small_body_is_not_compressed(client: Client) -> None:
    assert not ask(client, world.key(), accept_encoding="gzip").has_header("content-encoding")


def test_a_change_of_a_token_applies_to_the_next_request(client: Client) -> None:
    world.model("a")
    world.model("b")
    token, key = world.token()
    assert len(ask(client, key).json()["data"]) == 2

    token.deny = ["b"]
    token.save()
    assert [row["id"] for row in ask(client, key).json()["data"]] == ["a"]

    Channel.objects.set_enabled(False)
    assert ask(client, key).json()["data"] == []

    token.delete()
    assert ask(client, key).status_code == 401


def test_the_cache_keeps_to_its_memory() -> None:
    cache = BodyCache(memory=100_000)

    for number in range(2_000):
        cache.get_or_render(number, partial(str.encode, f"{number:2000}"))
        assert cache.used <= cache.memory

    assert len(cache._bodies) > 10
    assert cache.used == sum(body.size for body in cache._bodies.values())
    assert cache.get_or_render("too large", lambda: b"x" * 200_000).plain == b"x" * 200_000
    assert "too large" not in cache._bodies


def test_many_tiny_bodies_count_with_what_they_take_beside() -> None:
    cache = BodyCache(memory=100_000)

    for number in range(2_000):
        cache.get_or_render(number, partial(str.encode, str(number)))

    assert len(cache._bodies) < 100


def test_the_longest_unused_body_goes_first() -> None:
    cache = BodyCache(memory=3 * Body.of(b"x" * 100).size)
    for key in "abc":
        cache.get_or_render(key, partial(str.encode, key * 100))
    cache.get_or_render("a", lambda: b"never called")

    cache.get_or_render("d", lambda: b"d" * 100)

    assert set(cache._bodies) == {"a", "c", "d"}
