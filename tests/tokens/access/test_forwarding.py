"""From its retirement on, a model can forward calls of its id to its successor, for keys that may call both."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import AIModel, ModelAlias
from pricing.engine.quoting import Use
from pricing.usage.charging import Reported, charge
from tests import world

pytestmark = pytest.mark.django_db
BEFORE, AFTER = dt.datetime(2026, 11, 30, 23, 59, 59, tzinfo=dt.UTC), dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.fixture
def old() -> AIModel:
    new = world.model("gpt-new")
    world.price(new, input="2", output="4")
    old = world.model("gpt-old", retires_on=AFTER.date(), successor=new, forwards_to_successor=True)
    world.price(old, input="1", output="1")
    ModelAlias.objects.create(name="older", model=old)
    return old


def ask(client: Client, key: str, name: str, *, at: dt.datetime) -> tuple[int, str, str]:
    """The status and the model of the check of a call, and of the single model."""
    with time_machine.travel(at, tick=False):
        headers = {"authorization": f"Bearer {key}"}
        check = client.get(f"/api/authorize?model={name}", headers=headers)
        single = client.get(f"/v1/models/{name}", headers=headers)
    called = check.get("X-Modelbook-Model", check.get("X-Modelbook-Reason", ""))
    return check.status_code, called, single.json().get("id", "none")


@pytest.mark.parametrize("name", ["gpt-old", "older"])
def test_calls_go_to_the_successor_from_the_second_of_the_retirement_on(
    client: Client, old: AIModel, name: str
) -> None:
    key = world.key()
    assert ask(client, key, name, at=BEFORE) == (204, "gpt-old", "gpt-old")
    assert ask(client, key, name, at=AFTER) == (204, "gpt-new", "gpt-new")
    with time_machine.travel(AFTER, tick=False):
        listed = client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).json()["data"]
    assert [row["id"] for row in listed] == ["gpt-new"]


@pytest.mark.parametrize(
    "patterns", [{"allow": ["gpt-old"]}, {"deny": ["gpt-new"]}, {"allow": ["gpt-new"]}, {"deny": ["gpt-old", "older"]}]
)
def test_a_key_must_be_allowed_both(client: Client, old: AIModel, patterns: dict[str, Any]) -> None:
    status, reason, single = ask(client, world.key(**patterns), "gpt-old", at=AFTER)
    sees_old = patterns in ({"allow": ["gpt-old"]}, {"deny": ["gpt-new"]})
    assert (status, reason, single) == (403, "model_retired" if sees_old else "model_not_allowed", "none")


@pytest.mark.parametrize("hidden", [{"status": "draft"}, {"starts_at": AFTER + dt.timedelta(1)}])
def test_a_hidden_successor_is_neither_called_nor_named(client: Client, old: AIModel, hidden: dict[str, Any]) -> None:
    AIModel.objects.filter(name="gpt-new").update(**hidden)
    assert ask(client, world.key(), "gpt-old", at=AFTER) == (403, "model_retired", "none")


def test_a_successor_that_has_retired_forwards_again(client: Client, old: AIModel) -> None:
    newest = world.model("gpt-newest")
    AIModel.objects.filter(name="gpt-new").update(retires_on=AFTER.date(), successor=newest)
    assert ask(client, world.key(), "gpt-old", at=AFTER)[1] == "model_retired"
    AIModel.objects.filter(name="gpt-new").update(forwards_to_successor=True)
    assert ask(client, world.key(), "gpt-old", at=AFTER)[1] == "gpt-newest"


def test_calls_are_quoted_and_charged_at_the_prices_of_the_successor(client: Client, old: AIModel) -> None:
    key = world.key()
    body = {"model": "gpt-old", "usage": {"input": 1_000_000}}
    for at, model, cost in ((BEFORE, "gpt-old", "1"), (AFTER, "gpt-new", "2")):
        with time_machine.travel(at, tick=False):
            quoted = client.post(
                "/api/pricing/quote", body, content_type="application/json", headers={"authorization": f"Bearer {key}"}
            )
        assert (quoted.json()["model"], str(quoted.json()["amount"])) == (model, cost)


@pytest.mark.parametrize("fields", [{"successor": None}, {"name": "gpt-old-*"}])
def test_one_id_forwards_to_one_id(old: AIModel, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(old, name, value)
    with pytest.raises(ValidationError) as error:
        old.full_clean()
    assert "forwards_to_successor" in error.value.message_dict


def test_a_reported_call_is_charged_to_the_model_of_its_moment(old: AIModel) -> None:
    token, _ = world.token()
    calls = [Reported(token.key_id, "older", "", at, {"input": Use(Decimal(1_000_000))}, {}) for at in (BEFORE, AFTER)]
    new = AIModel.objects.get(name="gpt-new")
    assert [(charged.model, charged.cost) for charged in charge(calls)] == [(old.pk, Decimal(1)), (new.pk, Decimal(2))]


def test_a_check_of_an_id_that_forwards_takes_one_query_more(client: Client, old: AIModel) -> None:
    headers = {"authorization": f"Bearer {world.key()}"}

    def count(name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/api/authorize?model={name}", headers=headers).status_code == 204
        return len(queries)

    with time_machine.travel(AFTER, tick=False):
        count("gpt-new")
        assert count("gpt-old") == count("older") == count("gpt-new") + 1
