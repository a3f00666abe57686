"""A budget that is used up ends the calls of both workers, and a renewal allows them again."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.live.deployment import Operator, Server

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CALL = "/api/authorize?model=live-budget"
# Requests on connections of their own: each worker gets some of them.
REQUESTS = 12


def post(server: Server, path: str, key: str, body: Any) -> Any:
    request = urllib.request.Request(server.url + path, json.dumps(body).encode())  # noqa: S310
    request.add_header("Authorization", f"Bearer {key}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return json.load(response)


def statuses(server: Server, key: str) -> set[int]:
    return {server.get(CALL, key=key).status for _ in range(REQUESTS)}


def test_a_reseller_renews_a_budget_between_calls(server: Server, operator: Operator) -> None:
    operator.run("world.price(world.model('live-budget', on=world.channel('budgets', group='budgets')), input='10')")
    gateway = operator.run(
        "from pricing.models import UsageReporter; token, result = world.token(name='budget gateway'); "
        "UsageReporter.objects.create(token=token)"
    )
    key = operator.run("result = world.key('budgets', name='budget customer', budget_amount=1, budget_period='total')")
    key_id = operator.run("result = Token.objects.get(name='budget customer').key_id")
    at = operator.run("from django.utils import timezone; result = timezone.now().isoformat()")
    assert statuses(server, key) == {204}

    def use(number: int, tokens: int) -> None:
        event = {"id": f"e{number}", "key_id": key_id, "model": "live-budget", "at": at, "usage": {"input": tokens}}
        assert post(server, "/api/usage", gateway, {"events": [event]})["taken"] == 1

    use(1, 99_999)
    assert statuses(server, key) == {204}
    use(2, 1)
    assert statuses(server, key) == {403}
    assert server.get("/api/token", key=key).json()["data"]["left"] == "0"

    operator.run(
        "import io; from django.core.management import call_command; "
        f"call_command('update_token', {key_id!r}, '--budget', '2', stdout=io.StringIO())"
    )
    assert statuses(server, key) == {204}
    assert server.get("/api/token", key=key).json()["data"]["left"] == "1"


def test_reports_at_the_same_time_lose_nothing(server: Server, operator: Operator) -> None:
    operator.run("world.price(world.model('live-sum', on=world.channel('sums', group='sums')), input='10')")
    operator.run("group = world.token_group('sums'); group.budget_amount = 1000; group.save()")
    gateway = operator.run(
        "from pricing.models import UsageReporter; token, result = world.token(name='sum gateway'); "
        "UsageReporter.objects.create(token=token)"
    )
    key_ids = operator.run(
        "result = [world.token('sums', name=f'sum {n}', budget_amount=1000)[0].key_id for n in range(2)]"
    )
    at = operator.run("from django.utils import timezone; result = timezone.now().isoformat()")

    def report(number: int) -> int:
        events = [
            {"id": f"{number}-{n}", "key_id": key_ids[n % 2], "model": "live-sum", "at": at, "usage": {"input": 1000}}
            for n in range(10)
        ]
        return int(post(server, "/api/usage", gateway, {"events": events})["taken"])

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(report, range(24))) == 240

    assert operator.run("result = str(TokenGroup.objects.get(slug='sums').spent)") == "2.4"
    sums = operator.run("result = sorted(str(t.spent) for t in Token.objects.filter(name__in=['sum 0', 'sum 1']))")
    assert sums == ["1.2", "1.2"]
