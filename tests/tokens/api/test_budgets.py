"""A budget that is used up refuses the next call, in every process, and says when it resets."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from pricing.usage.spending import Cost, record
from tests import world
from tests.tokens.http.fast_server import Server
from tokens.models import Token, TokenGroup

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
CALL = "/api/authorize?model=gpt-4o"


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    servers = [Server(), Server()]
    yield servers
    for server in servers:
        server.close()


def spend(token: Token, amount: str, *, group: TokenGroup | None = None, at: dt.datetime = NOON) -> None:
    record([Cost(token.pk, group.pk if group else None, at, Decimal(amount), "USD")])


def test_the_call_after_the_last_one_is_refused_by_every_process(servers: list[Server], time_machine: Any) -> None:
    world.model()
    token, key = world.token(budget_amount=Decimal(1), budget_period="day")
    for server in servers:
        assert [server.get(key, CALL)[0][:3] for _ in range(3)] == ["204"] * 3
        assert server.by_django == 1

    spend(token, "0.5")
    assert [server.get(key, CALL)[0][:3] for server in servers] == ["204"] * 2
    assert [server.by_django for server in servers] == [1, 1], "a call within the budget invalidates nothing"
    spend(token, "0.5")

    for server in servers:
        status, headers, body = server.get(key, CALL)
        assert status == "403 Forbidden"
        assert headers["x-modelbook-reason"] == "insufficient_quota"
        assert headers["retry-after"] == str(12 * 3600)
        assert headers["x-modelbook-resets-at"] == "2026-11-30T00:00:00Z"
        assert b"The budget of this API key, 1 USD per day, is used up. It resets at 2026-11-30T00:00:00Z." in body

    time_machine.move_to("2026-11-30T00:00:00Z", tick=False)
    assert [server.get(key, CALL)[0][:3] for server in servers] == ["204"] * 2


@pytest.mark.parametrize("is_automatic", [False, True])
def test_the_budget_of_a_group_refuses_the_calls_charged_in_it(servers: list[Server], is_automatic: bool) -> None:
    team = world.token_group("team", budget_amount=Decimal(1), auto_position=1 if is_automatic else None)
    world.model("gpt-4o", on=world.channel("main", group="team"))
    world.model("gpt-5", on=world.channel("other", group="free"))
    groups = ["free"] if is_automatic else ["free", "team"]
    token, key = world.token(*groups, uses_auto_groups=is_automatic)
    spender = world.token("team", name="a colleague")[0]
    for server in servers:
        assert [server.get(key, path)[0][:3] for path in (CALL, "/api/authorize?model=gpt-5", CALL)] == ["204"] * 3
        before = server.by_django
        server.get(key, CALL)
        assert server.by_django == before

    spend(spender, "1", group=team)

    for server in servers:
        status, headers, body = server.get(key, CALL)
        assert (status[:3], headers["x-modelbook-reason"]) == ("403", "insufficient_quota")
        assert "retry-after" not in headers
        assert b"The budget of group team, 1 USD in total, is used up. It does not reset." in body
        assert server.get(key, "/api/authorize?model=gpt-5")[0][:3] == "204"
        assert server.get(key, "/v1/models")[0][:3] == "200"
    assert token.pk != spender.pk


def test_the_budget_of_a_group_is_not_spent_by_calls_in_another_group(client: Client) -> None:
    world.token_group("cheap", budget_amount=Decimal(0))
    world.model("gpt-4o", on=world.channel("main", group="default"))
    world.channel("main", group="cheap")
    key = world.key("default", "cheap")

    # Group default comes first, and reaches the model.
    assert client.get(CALL, headers={"authorization": f"Bearer {key}"}).status_code == 204


def test_a_spent_budget_warns_before_it_refuses(servers: list[Server]) -> None:
    world.model()
    token, key = world.token(budget_amount=Decimal(1), budget_period="month")
    server = servers[0]
    assert "x-modelbook-budget-warning" not in server.get(key, CALL)[1]

    spend(token, "0.8")

    text = "80% of 1 USD per month, resets at 2026-12-01T00:00:00Z"
    assert server.get(key, CALL)[1]["x-modelbook-budget-warning"] == text
    spend(token, "0.1")
    assert server.get(key, CALL)[1]["x-modelbook-budget-warning"] == text
    assert server.by_django == 2


@pytest.mark.parametrize(
    "change",
    [{"budget_amount": Decimal(2)}, {"budget_amount": None}, {"budget_period": "day"}],
)
def test_a_renewed_budget_allows_the_next_call(servers: list[Server], change: dict[str, Any]) -> None:
    world.model()
    token, key = world.token(budget_amount=Decimal(1), budget_period="month")
    spend(token, "1", at=NOON - dt.timedelta(days=1))
    assert [server.get(key, CALL)[0][:3] for server in servers] == ["403"] * 2

    for name, value in change.items():
        setattr(token, name, value)
    token.save()

    assert [server.get(key, CALL)[0][:3] for server in servers] == ["204"] * 2


def test_a_replaced_key_and_a_second_key_are_refused_with_the_token(servers: list[Server]) -> None:
    world.model()
    token, key = world.token(budget_amount=Decimal(1), budget_period="month")
    token.rotate(grace=dt.timedelta(days=1), at=NOON)
    other_key = world.key(name="other")
    requests: list[dict[str, str]] = [{}, {"x_api_key": other_key}]
    for server in servers:
        assert [server.get(key, CALL, **headers)[0][:3] for headers in requests * 2] == ["204"] * 4
        assert server.by_django == 2

    spend(token, "1")

    for server in servers:
        assert [server.get(key, CALL, **headers)[0][:3] for headers in requests] == ["403"] * 2


def test_a_budget_of_zero_refuses_at_once_and_still_lists(client: Client) -> None:
    world.model()
    key = world.key(budget_amount=Decimal(0), budget_period="day")
    headers = {"authorization": f"Bearer {key}"}

    refusal = client.get(CALL, headers=headers)

    assert refusal.status_code == 403
    assert "It does not reset." in refusal.json()["error"]["message"]
    assert "retry-after" not in refusal.headers
    assert client.get("/v1/models", headers=headers).status_code == 200


def test_the_holder_sees_what_is_left_at_once(servers: list[Server]) -> None:
    team = world.token_group("team", budget_amount=Decimal(100), budget_period="month")
    token, key = world.token(budget_amount=Decimal("2.5"), budget_period="day")
    teammate, other_key = world.token("team")
    client = Client()

    def shown(key: str) -> Any:
        return client.get("/api/token", headers={"authorization": f"Bearer {key}"}).json()["data"]

    assert shown(key)["budget"] == {"amount": "2.5", "currency": "USD", "period": "day"}
    for server in servers:
        assert b'"spent":"0"' in server.get(key, "/api/token")[2]
        assert b'"spent":"0"' in server.get(other_key, "/api/token")[2]
    spend(token, "0.0000000000000000000000000000000000000001")
    spend(teammate, "1", group=team)
    for server in servers:
        assert b'"spent":"0.0000000000000000000000000000000000000001"' in server.get(key, "/api/token")[2]
        assert b'"spent":"1"' in server.get(other_key, "/api/token")[2]

    data = shown(key)
    assert data["left"] == "2.4999999999999999999999999999999999999999"
    assert data["resets_at"] == "2026-11-30T00:00:00Z"
    assert (data["group_budgets"], data["is_over_budget"]) == ([], False)
    spend(token, "9")
    assert (shown(key)["left"], shown(key)["is_over_budget"]) == ("0", True)
    of_teammate = shown(other_key)
    assert (of_teammate["budget"], of_teammate["spent"], of_teammate["left"]) == (None, None, None)
    assert of_teammate["group_budgets"] == [
        {
            "group": "team", "budget": {"amount": "100", "currency": "USD", "period": "month"}, "spent": "1",
            "left": "99", "resets_at": "2026-12-01T00:00:00Z", "uncounted": 0,
        }
    ]  # fmt: skip
