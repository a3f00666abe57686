"""Keys with price limits follow announced prices: every address and every process changes its answer at that second."""

import datetime as dt
import json
from collections.abc import Iterator

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from catalog.models import AIModel
from pricing.models import PriceSheet
from tests import world
from tests.tokens.http.fast_server import Server
from tokens.access.visibility import Listing
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.explaining import explain, survey
from tokens.models import Token
from tokens.scope import Scope

# The fast path has its own connection, which sees only committed rows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
CHANGE = NOW + dt.timedelta(minutes=10)
SECOND = dt.timedelta(seconds=1)
PATHS = (
    "/v1/models",
    "/v1beta/models",
    "/v1/models/rising",
    "/api/authorize?model=rising",
    "/api/pricing?unpriced=rows",
)


@pytest.fixture
def workers() -> Iterator[list[Server]]:
    servers = [Server(), Server()]
    yield servers
    for server in servers:
        server.close()


@pytest.fixture
def key() -> str:
    """A key for models of at most 5 dollars: `rising` costs more from CHANGE on, `falling` less."""
    for name, before, after in (("rising", "5", "5.01"), ("falling", "6", "4"), ("steady", "1", "1")):
        model = world.model(name)
        world.price(model, input=before, output="9")
        world.price(model, input=after, output="9", starts_at=CHANGE)
    world.model("unpriced")
    return world.key(allow=["price:input<=5"])


def names(workers: list[Server], key: str, path: str) -> list[str]:
    bodies = [worker.get(key, path)[2] for worker in workers for _ in range(2)]
    assert len(set(bodies)) == 1
    body = json.loads(bodies[0])
    rows = body.get("data") or body.get("models")
    return sorted(row.get("id") or row.get("baseModelId") or row["model_name"] for row in rows)


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1beta/models", "/api/pricing?unpriced=rows", "/v1/models?client_version=1"]
)
def test_a_list_changes_at_the_second(workers: list[Server], key: str, path: str) -> None:
    with time_machine.travel(CHANGE - SECOND, tick=False) as clock:
        assert names(workers, key, path) == ["rising", "steady"]
        tag = workers[0].get(key, path)[1]["etag"]
        assert workers[0].get(key, path, if_none_match=tag)[0].startswith("304")
        clock.move_to(CHANGE)
        assert names(workers, key, path) == ["falling", "steady"]
        assert workers[1].get(key, path, if_none_match=tag)[0].startswith("200")


def test_single_models_and_checks_change_at_the_second(workers: list[Server], key: str) -> None:
    def statuses() -> list[set[str]]:
        paths = [
            f"{address}{name}" for name in ("rising", "falling") for address in ("/v1/models/", "/api/authorize?model=")
        ]
        return [{worker.get(key, path)[0][:3] for worker in workers for _ in range(2)} for path in paths]

    with time_machine.travel(CHANGE - SECOND, tick=False) as clock:
        assert statuses() == [{"200"}, {"204"}, {"404"}, {"403"}]
        clock.move_to(CHANGE)
        assert statuses() == [{"404"}, {"403"}, {"200"}, {"204"}]


def test_repeated_requests_do_not_reach_django_until_a_price_changes(workers: list[Server], key: str) -> None:
    server = workers[0]
    with time_machine.travel(NOW, tick=False):
        for path in PATHS:
            server.get(key, path)
        seen = server.by_django
        for path in PATHS:
            server.get(key, path)
        assert server.by_django == seen

        PriceSheet.objects.filter(model__name="rising", starts_at=world.LONG_AGO).delete()
        assert names(workers, key, "/v1/models") == ["steady"]
        assert server.get(key, "/api/authorize?model=rising")[0].startswith("403")


def test_the_rate_of_a_group_takes_effect_at_its_moment(workers: list[Server], key: str) -> None:
    world.rate(world.token_group(), "0.5", starts_at=NOW + SECOND)
    with time_machine.travel(NOW, tick=False) as clock:
        assert names(workers, key, "/v1/models") == ["rising", "steady"]
        clock.move_to(NOW + SECOND)
        assert names(workers, key, "/v1/models") == ["falling", "rising", "steady"]


def test_another_day_is_listed_with_its_prices(workers: list[Server], key: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert names(workers, key, f"/api/pricing?as_of={CHANGE:%Y-%m-%dT%H:%M:%SZ}") == ["falling", "steady"]
        assert names(workers, key, "/api/pricing") == ["rising", "steady"]


def test_a_page_after_a_model_that_became_too_expensive_is_found(workers: list[Server], key: str) -> None:
    AIModel.objects.update(released_on=dt.date(2026, 1, 1))
    AIModel.objects.filter(name="rising").update(released_on=dt.date(2026, 6, 1))
    version = {"anthropic_version": "2023-06-01"}
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        PriceSheet.objects.filter(starts_at=CHANGE).delete()
        changed_at = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        world.price(AIModel.objects.get(name="rising"), input="7", output="9", starts_at=changed_at)
        first = json.loads(workers[0].get(key, "/v1/models?limit=1", **version)[2])
        assert first["last_id"] == "rising"
        clock.move_to(changed_at + SECOND)
        second = json.loads(workers[1].get(key, "/v1/models?limit=1&after_id=rising", **version)[2])
        assert [row["id"] for row in second["data"]] == ["steady"]
        # It was never visible.
        assert workers[0].get(key, "/v1/models?after_id=falling", **version)[0].startswith("400")


def test_an_explanation_names_the_figure(key: str) -> None:
    token = Token.objects.get()
    texts = {
        name: [gate.because for gate in explain(token, name, at=NOW).gates if "pattern" in gate.asks]
        for name in ("rising", "falling", "unpriced")
    }
    assert texts == {
        "rising": ["none matches", "allow pattern price:input<=5: input costs at most $5"],
        "falling": ["none matches", "no allow pattern matches: input costs at most $6"],
        "unpriced": ["none matches", "no allow pattern matches: the price of input is unknown"],
    }
    assert [row.name for row in survey(scope_of(row_of(token)), at=NOW) if row.visible] == ["rising", "steady"]
    Token.objects.update(allow=None, deny=["price:input>5"])
    assert [gate.because for gate in explain(token, "unpriced", at=NOW).gates if gate.passed is False] == [
        "deny pattern price:input>5: the price of input is unknown"
    ]


def test_a_key_without_price_patterns_reads_no_prices(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    world.model()
    groups = (world.token_group().pk,)
    for allow in (("gpt-*",), ("context>=5", "capability:x", "gpt-4o"), ("id:free", "price:x")):
        with django_assert_num_queries(4):
            Listing(Scope(groups, allow), NOW).model("gpt-4o")
