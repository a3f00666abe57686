"""POST /api/usage with events: each call counts once, and costs what a quote for it says."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.models import ModelAlias
from pricing.models import DiscountRule, UsageCount, UsageEvent, UsageReporter
from tests import world
from tokens.models import Token

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def gateway() -> tuple[Token, str]:
    token, key = world.token(name="gateway")
    UsageReporter.objects.create(token=token)
    return token, key


def post(client: Client, key: str, body: Any) -> Any:
    headers = {"authorization": f"Bearer {key}"}
    return client.post("/api/usage", json.dumps(body), content_type="application/json", headers=headers)


def event(number: int | str, token: Token, model: str = "gpt-4o", **fields: Any) -> dict[str, Any]:
    usage = {"input": 1000, "output": 200}
    return {
        "id": str(number), "key_id": token.key_id, "model": model, "at": "2026-11-23T11:00:00Z", "usage": usage
    } | fields  # fmt: skip


def taken(client: Client, key: str, *events: Any) -> dict[str, Any]:
    response = post(client, key, {"events": events})
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    return body


def test_an_event_is_stored_with_its_cost_and_counted(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    model = world.model()
    world.price(model, input="2.5", output="10")
    assert taken(client, gateway[1], event(1, customer)) == {
        "success": True, "taken": 1, "unknown": [],
        "repeated": 0, "conflicts": [], "unpriced": 0, "unknown_keys": [],
    }  # fmt: skip
    stored = UsageEvent.objects.get()
    assert (stored.cost, stored.currency, stored.group) == (Decimal("0.0045"), "USD", "default")
    assert (stored.token, stored.model, stored.reporter) == (customer, model, gateway[0])
    count = UsageCount.objects.get()
    assert (count.model, count.requests, count.tokens, count.source) == (model, 1, 1200, "events")
    assert (count.reporter, count.day) == (gateway[0].key_id, NOW.date())


def test_the_same_id_counts_once(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    world.price(world.model(), input="2.5", output="10")
    same = event(1, customer)
    first = taken(client, gateway[1], same, same, event(2, customer))
    assert (first["taken"], first["repeated"]) == (2, 1)
    second = taken(client, gateway[1], same, event(3, customer), event(2, customer))
    assert (second["taken"], second["repeated"]) == (1, 2)
    assert UsageEvent.objects.count() == UsageCount.objects.get().requests == 3


def test_equal_content_in_another_spelling_is_repeated(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    world.model()
    taken(client, gateway[1], event(1, customer))
    usage = {"output": {"quantity": 200}, "input": 1000.0}
    same = event(1, customer, at="2026-11-23T12:00:00+01:00", usage=usage, request={}, group=None)
    assert taken(client, gateway[1], same)["repeated"] == 1


def test_other_content_under_a_known_id_is_reported_and_the_first_counts(
    client: Client, gateway: tuple[Token, str]
) -> None:
    customer, _ = world.token()
    world.price(world.model(), input="2.5", output="10")
    first, other = event(1, customer), event(1, customer, usage={"input": 5})
    for events in ([first, other], [other, event(2, customer), first]):
        answer = taken(client, gateway[1], *events)
        assert answer["conflicts"] == ["1"]
        assert answer["taken"] + answer["repeated"] + 1 == len(events)
    assert UsageEvent.objects.get(event_id="1").cost == Decimal("0.0045")
    assert UsageCount.objects.get().requests == 2


def test_each_reporter_has_its_own_ids(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    world.model()
    other, other_key = world.token(name="another gateway")
    UsageReporter.objects.create(token=other)
    assert taken(client, gateway[1], event(1, customer))["taken"] == 1
    assert taken(client, other_key, event(1, customer))["taken"] == 1
    assert sorted(UsageCount.objects.values_list("reporter", "requests")) == sorted(
        [(gateway[0].key_id, 1), (other.key_id, 1)]
    )


def test_a_rotated_reporter_repeats_its_events_and_totals(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    world.model()
    total = {"reports": [{"model": "gpt-4o", "day": "2026-11-22", "requests": 5}]}
    taken(client, gateway[1], event(1, customer))
    post(client, gateway[1], total)
    key = gateway[0].rotate(grace=dt.timedelta(), at=NOW)
    assert taken(client, key, event(1, customer))["repeated"] == 1
    post(client, key, total)
    assert sorted(UsageCount.objects.values_list("source", "requests")) == [("", 5), ("events", 1)]


def test_retired_keys_and_keys_of_deleted_tokens_are_charged(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    world.price(world.model(), input="2.5")
    old = event(1, customer, usage={"input": 1000})
    customer.rotate(grace=dt.timedelta(), at=NOW)
    unknown = old | {"id": "2", "key_id": "GoneGone12"}
    answer = taken(client, gateway[1], old, unknown, unknown | {"id": "3", "group": "default"})
    assert (answer["taken"], answer["unpriced"], answer["unknown_keys"]) == (3, 1, ["GoneGone12"])
    costs = dict(UsageEvent.objects.values_list("event_id", "cost"))
    assert costs == {"1": Decimal("0.0025"), "2": None, "3": Decimal("0.0025")}
    assert UsageEvent.objects.get(event_id="1").token == customer


def test_an_unknown_cost_is_stored_as_unknown(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    world.model("unpriced")
    world.price(world.model("input-only"), input="1")
    world.line(world.price(world.model("dynamic")), "", None, kind="dynamic")
    world.price(world.model("free"), input="0", output="0")
    events = [event(name, customer, name) for name in ("unpriced", "input-only", "dynamic", "free", "absent")]
    answer = taken(client, gateway[1], *events, event("g", customer, "free", group="no-such-group"))
    assert (answer["taken"], answer["unpriced"], answer["unknown"]) == (6, 5, ["absent"])
    costs = dict(UsageEvent.objects.values_list("event_id", "cost"))
    assert [name for name, cost in costs.items() if cost is not None] == ["free"]
    assert (costs["free"], UsageEvent.objects.get(event_id="free").currency) == (Decimal(0), "USD")


def test_an_alias_and_its_model_are_counted_apart(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    model = world.model()
    world.price(model, input="2.5", output="10")
    ModelAlias.objects.create(name="latest", model=model)
    for number, name in enumerate(["gpt-4o", "latest", "models/gpt-4o"]):
        assert taken(client, gateway[1], event(number, customer, name))["unpriced"] == 0
    counts = UsageCount.objects.filter(model=model).values_list("name", "requests")
    assert dict(counts) == {"gpt-4o": 1, "latest": 1, "models/gpt-4o": 1}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tokens": 5}, "An event has no field 'tokens'. The fields are id, key_id, model, at, usage, group, request."),
        ({"id": None}, "id must be a text of 1 to 128 characters."),
        ({"id": "x" * 129}, "id must be a text of 1 to 128 characters."),
        ({"at": "yesterday"}, "must be a date such as"),
        ({"at": 5}, "at must be a timestamp"),
        ({"at": "2026-11-23T12:11:00Z"}, "at is in the future."),
        ({"at": "2026-10-01"}, "at is more than 31 days ago."),
        ({"usage": {}}, "usage must be an object"),
        ({"usage": {"input": -1}}, "The quantity of input must be from 0"),
        ({"usage": {"prompt_tokens": 1}}, "'prompt_tokens' is not a valid meter."),
        ({"usage": {"input": {"amount": 1}}}, "input must have only a quantity and a unit, not 'amount'."),
        ({"model": ""}, "model must be a text of 1 to 255 characters."),
        ({"key_id": 5}, "key_id must be a text of 1 to 64 characters."),
        ({"group": ["vip"]}, "group must be a text of 1 to 64 characters."),
        ({"request": []}, "request must be an object"),
        ({"request": {"service_tier": ["flex"]}}, "The value of service_tier in request must be a text"),
        ({"request": {"headers": {"Authorization": "Bearer x"}}}, "request contains a key."),
        ({"request": {"body": {"text": "x" * 5000}}}, "request must have at most 4096 characters."),
    ],
)
def test_one_invalid_event_rejects_all(
    client: Client, gateway: tuple[Token, str], fields: dict[str, Any], message: str
) -> None:
    customer, _ = world.token()
    world.model()
    response = post(client, gateway[1], {"events": [event(1, customer), event(2, customer, **fields)]})
    assert (response.status_code, UsageEvent.objects.count()) == (400, 0)
    assert message in response.json()["error"]["message"]


def test_a_key_in_place_of_its_id_is_refused_and_not_repeated(client: Client, gateway: tuple[Token, str]) -> None:
    customer, key = world.token()
    for secret in (key, "sk-proj-0123456789abcdef0123456789abcdef"):
        response = post(client, gateway[1], {"events": [event(1, customer, key_id=secret)]})
        assert (response.status_code, UsageEvent.objects.exists()) == (400, False)
        assert "Send the key id" in response.json()["error"]["message"]
        assert secret not in response.content.decode()


def test_a_key_in_another_field_is_refused(client: Client, gateway: tuple[Token, str]) -> None:
    customer, key = world.token()
    for fields in (
        {"id": f"call-{key}"},
        {"model": key},
        {"group": "sk-proj-0123456789abcdef"},
        {"request": {"x": key}},
    ):
        response = post(client, gateway[1], {"events": [event(1, customer, **fields)]})
        assert response.status_code == 400
        assert "contains a key" in response.json()["error"]["message"]
        assert key not in response.content.decode()


@pytest.mark.parametrize(
    "call_id",
    [
        "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
        "call_1764464400_9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "task-0123456789abcdef0123456789abcdef",
    ],
)
def test_long_ids_of_calls_are_no_keys(client: Client, gateway: tuple[Token, str], call_id: str) -> None:
    customer, _ = world.token()
    world.model()
    facts = {"trace": call_id}
    assert taken(client, gateway[1], event(call_id, customer, request=facts))["taken"] == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"events": [], "report": []}, "There is no field 'report'. The fields are events, reports, source."),
        ({"source": "w1"}, "The body must be an object with a list of events or of reports."),
        ({"events": {}}, "events must be a list of at most 10,000 events."),
        ({"reports": None}, "reports must be a list of at most 10,000 reports."),
        ({"reports": [{"model": "a", "day": "2026-11-22", "token": 5}]}, "A report has no field 'token'."),
        ({"reports": [], "source": "events"}, "source must not be events"),
        ({"reports": [], "source": 5}, "source must be a name"),
    ],
)
def test_an_invalid_body_is_refused_in_a_sentence(
    client: Client, gateway: tuple[Token, str], body: Any, message: str
) -> None:
    response = post(client, gateway[1], body)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


def test_sums_that_are_a_mistake_are_refused(client: Client, gateway: tuple[Token, str]) -> None:
    customer, _ = world.token()
    most = {"input": 10**15}
    assert taken(client, gateway[1], event("most", customer, usage=most))["taken"] == 1
    for usage in (
        {"input": 10**15, "output": 1},
        {f"x.a.{n}": {"quantity": 10**15, "unit": "token"} for n in range(100)},
    ):
        response = post(client, gateway[1], {"events": [event("more", customer, usage=usage)]})
        assert response.status_code == 400
        assert response.json()["error"]["message"] == "The counts of gpt-4o on 2026-11-23 are too large."
    assert UsageEvent.objects.count() == 1


def test_a_key_in_place_of_a_model_is_not_counted(client: Client, gateway: tuple[Token, str]) -> None:
    response = post(client, gateway[1], {"reports": [{"model": gateway[1], "day": "2026-11-22", "requests": 1}]})
    assert response.status_code == 400
    assert gateway[1] not in response.content.decode()
    assert not UsageCount.objects.exists()


def test_a_clock_that_is_ahead_does_not_charge_the_next_period(
    client: Client, gateway: tuple[Token, str], time_machine: Any
) -> None:
    time_machine.move_to(dt.datetime(2026, 11, 30, 23, 55, tzinfo=dt.UTC), tick=False)
    customer, _ = world.token(budget_amount=1, budget_period="month")
    world.price(world.model(), input="1")
    taken(client, gateway[1], event(1, customer, at="2026-12-01T00:01:00Z", usage={"input": 1_000_000}))
    customer.refresh_from_db()
    assert customer.spent == 1
    assert customer.spent_until == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def test_workers_of_one_reporter_do_not_replace_each_others_totals(client: Client, gateway: tuple[Token, str]) -> None:
    model = world.model()
    ModelAlias.objects.create(name="latest", model=model)
    day = {"day": "2026-11-22"}
    for source, requests in (("w1", 500), ("w2", 272), ("w1", 545)):
        reports = [{"model": "gpt-4o", "requests": requests, "source": source} | day]
        assert post(client, gateway[1], {"reports": reports}).json()["taken"] == 1
    post(client, gateway[1], {"reports": [{"model": "latest", "requests": 3} | day], "source": "w1"})
    post(client, gateway[1], [{"model": "absent", "requests": 7} | day])
    assert sum(UsageCount.objects.filter(model=model).values_list("requests", flat=True)) == 545 + 272 + 3
    absent = UsageCount.objects.get(model=None)
    assert (absent.name, absent.requests) == ("absent", 7)


def quoted(client: Client, key: str, event: dict[str, Any]) -> Any:
    question = {name: event[name] for name in ("model", "usage", "at", "group", "request") if name in event}
    body = client.post(
        "/api/pricing/quote", json.dumps(question), content_type="application/json", headers={"x-api-key": key}
    ).content
    return read_json(body)


def test_an_event_costs_what_a_quote_says(client: Client, gateway: tuple[Token, str]) -> None:
    """Discounts, rates of groups, tiers, service tiers, announced prices, retirement, wildcards and aliases."""
    vip = world.token_group("vip")
    world.channel()
    world.channel(group="vip")
    customer, key = world.token("default", "vip")
    world.rate(vip, "0.5")
    world.rate(vip, "0.7", starts_at=dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC))
    model = world.model("plain", retires_on=dt.date(2026, 11, 23))
    ModelAlias.objects.create(name="latest", model=model)
    world.price(model, role="list", input="3", output="15", input__cache_read="0.3")
    DiscountRule.objects.create(vendor=model.vendor, multiplier=Decimal("0.9"), starts_at=world.LONG_AGO)
    changing = world.model("changing")
    sheet = world.price(changing, input="1", output="2")
    above = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]
    world.line(sheet, "input", "2", conditions=above)
    flex = [{"dim": "service_tier", "op": "eq", "value": "flex"}]
    world.line(sheet, "input", "0.5", conditions=flex)
    world.line(sheet, "output", "1.9", conditions=[{"dim": "group", "op": "eq", "value": "vip"}])
    world.price(changing, input="7", output="8", starts_at=dt.datetime(2026, 11, 23, 11, tzinfo=dt.UTC))
    yen = world.model("gizmo-*")
    world.price(yen, currency="JPY", input="100", output="333")
    small, large = {"input": 1001, "output": 7}, {"input": 250_001, "output": 3, "input.cache_read": 11}
    cases: list[dict[str, Any]] = [
        {"model": name, "at": at, "usage": usage, **group, **request}
        for name in ("plain", "latest", "changing", "gizmo-x")
        for at in ("2026-11-22T23:59:59Z", "2026-11-23T09:59:59Z", "2026-11-23T10:59:59.5Z", "2026-11-23T11:00:00Z")
        for usage in (small, large)
        for group in ({}, {"group": "vip"}, {"group": "default"})
        for request in ({}, {"request": {"service_tier": "flex"}})
    ]
    events = [case | {"id": str(number), "key_id": customer.key_id} for number, case in enumerate(cases)]
    assert taken(client, gateway[1], *events)["taken"] == len(events)
    stored = {row.event_id: row for row in UsageEvent.objects.all()}
    costs = set()
    for case in events:
        quote, row = quoted(client, key, case), stored[case["id"]]
        if "amount" not in quote:
            assert "retires on 2026-11-23" in quote["error"]["message"]
            assert row.cost is None
            continue
        assert (row.group, row.cost, row.currency) == (quote["group"], Decimal(quote["amount"]), quote["currency"])
        costs.add(row.cost)
    assert len(costs) > 15


def test_the_group_is_that_of_the_time_of_the_call(
    client: Client, gateway: tuple[Token, str], time_machine: Any
) -> None:
    vip = world.token_group("vip")
    world.channel()
    world.channel(group="vip")
    world.rate(vip, "0.5")
    world.price(world.model(), input="2.5")
    time_machine.move_to(NOW - dt.timedelta(hours=2), tick=False)
    customer, _ = world.token("vip")
    time_machine.move_to(NOW - dt.timedelta(minutes=30), tick=False)
    customer.groups.set([world.token_group()])
    time_machine.move_to(NOW, tick=False)
    usage = {"input": 1000}
    before, after = "2026-11-23T11:00:00Z", "2026-11-23T11:31:00Z"
    calls = [event(1, customer, usage=usage, at=before), event(2, customer, usage=usage, at=after)]
    taken(client, gateway[1], *calls, event(3, customer, usage=usage, at=after, group="vip"))
    charged = UsageEvent.objects.order_by("event_id").values_list("group", "cost")
    assert list(charged) == [("vip", Decimal("0.00125")), ("default", Decimal("0.0025")), ("vip", Decimal("0.00125"))]


def test_many_events_take_as_many_queries_as_a_few(
    client: Client, gateway: tuple[Token, str], django_assert_max_num_queries: Any
) -> None:
    customer, _ = world.token()
    for number in range(5):
        world.price(world.model(f"m{number}"), input="2.5", output="10")
    moment = dt.datetime(2026, 11, 23, 11, tzinfo=dt.UTC)
    events = [
        event(number, customer, f"m{number % 5}", at=(moment + dt.timedelta(seconds=number)).isoformat())
        for number in range(300)
    ]
    with django_assert_max_num_queries(42):
        assert taken(client, gateway[1], *events)["unpriced"] == 0
