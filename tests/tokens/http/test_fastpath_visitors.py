"""Public prices and pages are answered again without Django, for visitors and for keys."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from catalog.models import AIModel, Channel, ModelAlias
from pricing.models import DiscountRule, PopularModel, PriceSheet
from pricing.usage.totals import Report, record_usage
from tests import world
from tests.tokens.http.fast_server import Server, without_ids
from tokens.http.bodies import VISITOR_BODIES
from tokens.models import Token, TokenGroup

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

PAGES = ["/", "/?lang=zh", "/?sort=price"]
PRICES = [
    "/api/pricing",
    "/api/pricing?discount=folded",
    "/api/pricing?unpriced=rows",
    "/api/ratio_config",
    "/api/prices",
    "/api/newapi/models.json",
    "/api/pricing/changes",
    "/api/pricing/changes.atom",
    "/api/pricing/history/gpt-4o",
]
EXPORTS = ["/api/export/litellm.json", "/llms.txt"]
YESTERDAY = timezone.now().date() - dt.timedelta(days=1)


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("path", [*PAGES, *PRICES, *EXPORTS])
def test_the_second_visit_gets_the_same_bytes(server: Server, path: str, encoding: str) -> None:
    world.price(world.model(), input="2.5", output="10")

    first, second = (server.get("", path, accept_encoding=encoding) for _ in range(2))

    assert first[0] == "200 OK"
    assert without_ids(second) == without_ids(first)
    assert server.by_django == 1


@pytest.mark.parametrize("path", [*PRICES, *EXPORTS])
def test_a_key_gets_its_own_prices(server: Server, path: str) -> None:
    world.price(world.model(), input="2.5", output="10")
    key = world.key()

    first, second = (server.get(key, path) for _ in range(2))

    assert first[1]["cache-control"].startswith("private")
    assert without_ids(second) == without_ids(first)
    assert server.by_django == 1
    Token.objects.update(enabled=False)
    refused = server.get(key, path)
    assert refused[2] == server.get("", path)[2]
    assert refused[1]["cache-control"].startswith("private" if path in EXPORTS else "public")


@pytest.mark.parametrize(
    "change",
    [
        lambda: AIModel.objects.update(display_name="Renamed"),
        lambda: Channel.objects.set_enabled(False),
        lambda: ModelAlias.objects.create(name="other", model=AIModel.objects.get()),
        lambda: TokenGroup.objects.update(is_public=False),
        lambda: world.price(AIModel.objects.get(), input="1", starts_at=world.LONG_AGO + dt.timedelta(days=1)),
        lambda: PriceSheet.objects.update(ends_at=timezone.now()),
        lambda: DiscountRule.objects.create(all_models=True, multiplier="0.5", starts_at=world.LONG_AGO),
        lambda: world.rate(TokenGroup.objects.get(), "0.5"),
        lambda: PopularModel.objects.create(model=AIModel.objects.get(), position=1),
        lambda: record_usage([Report("gpt-4o", YESTERDAY, 1, 1)], reporter="x", today=timezone.now().date()),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/pricing", "/api/export/litellm.json"])
def test_every_process_shows_a_change_at_once(path: str, change: Callable[[], Any]) -> None:
    world.price(world.model(), input="2.5", output="10")
    servers = [Server(), Server()]
    for server in servers:
        server.get("", path)
        server.get("", path)
        assert server.by_django == 1

    change()

    fresh = Server()
    expected = fresh.get("", path)
    for server in servers:
        assert without_ids(server.get("", path)) == without_ids(expected)
        assert server.by_django == 2
    for server in [*servers, fresh]:
        server.close()


@pytest.mark.parametrize("path", ["/", "/api/pricing"])
def test_a_price_takes_effect_at_its_moment(server: Server, path: str) -> None:
    start = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    with time_machine.travel(start - dt.timedelta(seconds=1), tick=False) as clock:
        model = world.model()
        world.price(model, input="2.5", output="10")
        world.price(model, input="7.25", output="10", starts_at=start)
        before = [server.get("", path)[2] for _ in range(2)]
        clock.shift(1)
        after = server.get("", path)[2]

    assert before[0] == before[1] != after
    assert server.by_django == 2


def test_a_day_ends_at_midnight(server: Server) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 22, 23, 59, 59, tzinfo=dt.UTC), tick=False) as clock:
        server.get("", "/")
        assert b"2026-11-22" in server.get("", "/")[2]
        clock.shift(1)
        assert b"2026-11-23" in server.get("", "/")[2]


def test_another_language_or_format_is_another_page(server: Server) -> None:
    world.model()
    english = server.get("", "/", accept_language="en")
    chinese = server.get("", "/", accept_language="zh-CN,zh;q=0.9")

    assert english[1]["content-language"] == "en"
    assert chinese[1]["content-language"] == "zh-hans"
    page = server.get("", "/models/gpt-4o", accept="text/html")
    answer = server.get("", "/models/gpt-4o", accept="application/json")
    text = server.get("", "/models/gpt-4o", accept="*/*")
    crawler = server.get("", "/models/gpt-4o", accept="*/*", user_agent="facebookexternalhit/1.1")
    assert [found[0][:3] for found in (page, answer, text, crawler)] == ["200", "401", "200", "200"]
    assert text[1]["content-type"] == "text/markdown; charset=utf-8"
    assert page[2] == crawler[2]
    # The name of a crawler decides also where a response is stored.
    root = [server.get("", "/", accept="*/*", user_agent=name)[1]["content-type"] for name in ("bingbot/2.0", "curl/8")]
    assert root == ["text/html; charset=utf-8", "application/json"]


@pytest.mark.parametrize(
    "path",
    [
        "/?q=gpt",
        "/api/pricing?as_of=2026-11-20T00:00:01Z",
        "/api/pricing/changes?since=2026-11-20T00:00:01Z",
        "/api/pricing/changes.atom?since=2026-11-20T00:00:01Z",
        "/compare?m=gpt-4o",
        "/?context=1000",
    ],
)
def test_values_that_visitors_choose_are_not_stored(server: Server, path: str) -> None:
    world.price(world.model(), input="2.5", output="10")

    assert [server.get("", path)[0] for _ in range(2)] == ["200 OK"] * 2
    assert server.by_django == 2
    assert len(server.fast_path.visits) == 0


def test_a_visitor_with_a_wrong_key_reaches_django(server: Server) -> None:
    world.price(world.model(), input="2.5", output="10")

    assert [server.get("sk-of-another-service-entirely", "/api/pricing")[0] for _ in range(2)] == ["200 OK"] * 2
    assert server.by_django == 2


def test_a_thousand_visits_evict_no_response_of_a_key(server: Server) -> None:
    world.price(world.model(), input="2.5", output="10")
    key = world.key()
    server.get(key)
    server.get(key, "/api/pricing")
    server.fast_path.visits.memory = 40_000

    for number in range(1000):
        server.get("", f"/api/pricing?unused={number}")

    assert len(server.fast_path.visits) < 200
    before = server.by_django
    assert [server.get(key)[0], server.get(key, "/api/pricing")[0]] == ["200 OK"] * 2
    assert server.by_django == before


def test_an_evicted_body_is_rendered_again(server: Server) -> None:
    world.price(world.model(), input="2.5", output="10")
    first = server.get("", "/api/pricing")
    VISITOR_BODIES.clear()

    assert server.get("", "/api/pricing")[2] == first[2]
    assert server.by_django == 2


@pytest.mark.parametrize("path", ["/", "/api/pricing", "/api/export/litellm.json", "/llms.txt"])
def test_a_visitor_is_counted_once_on_both_paths(server: Server, settings: Any, path: str) -> None:
    settings.VISITORS_PER_MINUTE = 3
    world.price(world.model(), input="2.5", output="10")

    answers = [server.get("", path) for _ in range(5)]

    assert [status[:3] for status, _, _ in answers] == ["200"] * 3 + ["429"] * 2
    assert 1 <= int(answers[-1][1]["retry-after"]) <= 60
    # The first, and those that are refused.
    assert server.by_django == 3
    assert answers[0][1].keys() & {"x-ratelimit-remaining-requests", "retry-after"} == set()
