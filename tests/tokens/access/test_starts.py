"""A model exists from its start on, to the second, and a release states another start for a group."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel
from tests import world
from tokens.access.visibility import Listing
from tokens.models import ModelRelease, TokenGroup
from tokens.scope import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
START = NOW + dt.timedelta(hours=1)
SECOND = dt.timedelta(seconds=1)
LISTS = ("/v1/models", "/anthropic/v1/models", "/v1beta/models", "/v1/models?client_version=1")


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def release(model: AIModel, group: str, starts_at: dt.datetime | None) -> ModelRelease:
    return ModelRelease.objects.create(model=model, group=world.token_group(group), starts_at=starts_at)


def beta() -> TokenGroup:
    """A group that reaches what the default group reaches."""
    group = world.token_group("beta")
    group.channels.add(world.channel())
    return group


def sees(client: Client, key: str) -> dict[str, bool]:
    """Where a key finds the model new-1."""
    headers = {"authorization": f"Bearer {key}"}
    question = {"model": "new-1", "usage": {"input": 1_000_000}}
    found = {address: "new-1" in client.get(address, headers=headers).content.decode() for address in LISTS}
    for address in ("/v1/models/new-1", "/api/authorize?model=new-1", "/api/pricing/history/new-1"):
        found[address] = client.get(address, headers=headers).status_code < 400
    found["quote"] = (
        client.post("/api/pricing/quote", question, content_type="application/json", headers=headers).status_code == 200
    )
    for address in ("/api/pricing", "/api/prices", "/api/ratio_config", "/api/pricing/changes"):
        found[address] = "new-1" in client.get(address, headers=headers).content.decode()
    return found


def test_a_model_exists_from_the_second_of_its_start_on(client: Client, time_machine: Any) -> None:
    world.model("old-1")
    world.price(world.model("new-1", starts_at=START), input="2", output="8")
    key = world.key()

    for moment, expected in ((NOW, False), (START - SECOND, False), (START, True), (START + SECOND, True)):
        time_machine.move_to(moment, tick=False)
        found = sees(client, key)
        assert set(found.values()) == {expected}, (moment, found)


def test_visitors_and_pages_get_it_at_its_start(client: Client, time_machine: Any) -> None:
    world.price(world.model("new-1", starts_at=START), input="2", output="8")
    exports = ("/api/export/litellm.json", "/api/export/openrouter.json", "/api/export/models_dev.json", "/llms.txt")
    addresses = ("/api/pricing", "/", "/models/new-1", "/api/export/prices.csv", *exports)
    browser = {"accept": "text/html"}

    for moment, expected in ((NOW, False), (START - SECOND, False), (START, True)):
        time_machine.move_to(moment, tick=False)
        for address in addresses:
            answer = client.get(address, headers=browser if address in ("/", "/models/new-1") else {})
            has_it = "new-1" in answer.content.decode() and answer.status_code == 200
            assert has_it == expected, (address, moment)


def test_a_release_is_the_start_of_its_group(client: Client, time_machine: Any) -> None:
    beta()
    model = world.model("new-1", starts_at=START + dt.timedelta(days=1))
    world.price(model, input="2", output="8")
    world.rate(world.token_group("beta"), "0.5")
    release(model, "beta", START)
    of_beta, of_both, of_default = world.key("beta"), world.key("default", "beta"), world.key()

    assert not any(any(sees(client, key).values()) for key in (of_beta, of_both, of_default))
    time_machine.move_to(START, tick=False)
    assert all(sees(client, of_beta).values())
    assert all(sees(client, of_both).values())
    assert not any(sees(client, of_default).values())
    row = client.get("/api/pricing", headers={"authorization": f"Bearer {of_both}"}).json()["data"][0]
    assert row["enable_groups"] == ["beta"]
    allowed = client.get("/api/authorize?model=new-1", headers={"authorization": f"Bearer {of_both}"})
    assert allowed["X-Modelbook-Group"] == "beta"
    time_machine.move_to(START + dt.timedelta(days=1), tick=False)
    row = client.get("/api/pricing", headers={"authorization": f"Bearer {of_both}"}).json()["data"][0]
    assert sorted(row["enable_groups"]) == ["beta", "default"]
    assert all(sees(client, of_default).values())


def test_a_release_can_be_later_than_the_start_of_others_and_at_once(client: Client) -> None:
    beta()
    late, early = world.model("late-1"), world.model("new-1", starts_at=START)
    world.price(early, input="2", output="8")
    release(late, "beta", START)
    release(early, "beta", None)
    key = world.key("beta")

    assert all(sees(client, key).values())
    assert client.get("/v1/models/late-1", headers={"authorization": f"Bearer {key}"}).status_code == 404


def test_a_group_with_a_release_that_does_not_reach_the_model_gets_nothing(client: Client) -> None:
    model = world.model("new-1", starts_at=START)
    world.price(model, input="2", output="8")
    release(model, "elsewhere", None)

    assert not any(sees(client, world.key("default", "elsewhere")).values())


def test_a_price_list_of_a_later_moment_has_the_model_and_one_of_an_earlier_moment_has_not(
    client: Client, time_machine: Any
) -> None:
    world.price(world.model("new-1", starts_at=START), input="2", output="8")

    def listed(as_of: dt.datetime) -> bool:
        answer = client.get("/api/pricing", {"as_of": as_of.isoformat()})
        return "new-1" in answer.content.decode()

    for now in (NOW, START + dt.timedelta(days=2)):
        time_machine.move_to(now, tick=False)
        assert [listed(START - SECOND), listed(START), listed(START + dt.timedelta(days=3))] == [False, True, True]


def test_the_history_of_a_model_begins_at_its_start(client: Client, time_machine: Any) -> None:
    model = world.model("new-1", starts_at=START)
    world.price(model, input="2", output="8")
    world.price(model, input="1", output="4", starts_at=START + dt.timedelta(days=1))
    time_machine.move_to(START, tick=False)

    history = client.get("/api/pricing/history/new-1").json()["data"]["history"]
    changes = client.get("/api/pricing/changes", {"since": (START - SECOND).isoformat()}).json()["data"]

    assert [row["starts_at"] for row in history] == ["2026-12-01T13:00:00Z", "2026-12-02T13:00:00Z"]
    assert sorted((row["kind"], row["at"], row["told_at"]) for row in changes) == [
        ("new", "2026-12-01T13:00:00Z", "2026-12-01T13:00:00Z"),
        ("price", "2026-12-01T13:00:00Z", "2026-12-01T13:00:00Z"),
        ("price", "2026-12-02T13:00:00Z", "2026-12-01T13:00:00Z"),
    ]


def test_a_refusal_does_not_tell_that_the_model_exists(client: Client) -> None:
    world.model("new-1", starts_at=START)
    headers = {"authorization": f"Bearer {world.key()}"}

    for address in ("/api/authorize?model={}", "/v1/models/{}", "/v1beta/models/{}", "/anthropic/v1/models/{}"):
        ahead, missing = (client.get(address.format(name), headers=headers) for name in ("new-1", "new-2"))
        assert ahead.status_code == missing.status_code
        assert ahead.content.replace(b"new-1", b"new-2") == missing.content or "request_id" in ahead.json()


def test_the_lists_of_one_process_follow_each_write(time_machine: Any) -> None:
    model = world.model("new-1")
    scope = Scope(groups=(world.token_group().pk,))

    def listed() -> list[str]:
        return [entry.name for entry in Listing(scope, timezone.now()).listed()]

    assert listed() == ["new-1"]
    AIModel.objects.filter(pk=model.pk).update(starts_at=START)
    assert listed() == []
    granted = release(model, "default", NOW)
    assert listed() == ["new-1"]
    granted.delete()
    assert listed() == []
    time_machine.move_to(START, tick=False)
    assert listed() == ["new-1"]
