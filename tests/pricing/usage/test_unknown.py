"""Usage of unknown models waits under its name, and is assigned and priced when a model or an alias has the name."""

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client

from catalog.models import AIModel
from pricing.models import Spending, UsageCount, UsageEvent, UsageReporter
from pricing.usage.unknown import (
    Assigned,
    assign,
    assign_known,
    count_unknown,
    create_alias,
    create_draft,
    suggest_models,
    unknown_names,
)
from tests import world
from tokens.models import Token

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def report(client: Client, *names: str) -> Token:
    """Two calls of each of these names."""
    token, key = world.token(name="gateway")
    UsageReporter.objects.create(token=token)
    send(client, key, [event(token, name, f"{name} {number}") for name in names for number in range(2)])
    return token


def event(token: Token, name: str, call: str) -> dict[str, Any]:
    usage = {"input": 1000, "output": 200}
    return {"id": call, "key_id": token.key_id, "model": name, "at": "2026-11-23T11:00:00Z", "usage": usage}


def send(client: Client, key: str, events: list[dict[str, Any]]) -> None:
    headers = {"authorization": f"Bearer {key}"}
    response = client.post("/api/usage", json.dumps({"events": events}), "application/json", headers=headers)
    assert response.status_code == 200, response.content


def test_unknown_names_are_listed_for_a_month(client: Client, time_machine: Any) -> None:
    report(client, "openai/gpt-4o", "absent")
    world.model()
    first, second = unknown_names(on=TODAY, most=5)
    assert (first.name, first.requests, first.tokens, first.reporters) == ("absent", 2, 2400, 1)
    assert (second.name, second.first, second.last) == ("openai/gpt-4o", TODAY, TODAY)
    assert suggest_models(["absent", "openai/gpt-4o"]) == {"openai/gpt-4o": "gpt-4o"}
    assert count_unknown(on=TODAY) == 2
    assert count_unknown(on=TODAY + dt.timedelta(days=31)) == 0


def test_an_alias_gets_the_stored_usage_at_the_price_of_its_time(client: Client) -> None:
    customer = report(client, "openai/gpt-4o")
    model = world.model()
    sheet = world.price(model, input="2.5", output="10")
    world.price(model, input="9", output="9", starts_at=NOW)
    unknown = Spending.objects.get()
    assert (unknown.calls, unknown.uncounted, unknown.currency) == (2, 2, "")
    create_alias("openai/gpt-4o", model, reason="It is the same model.")
    assert assign(["openai/gpt-4o"]) == Assigned(requests=2, events=2, priced=2)
    assert set(UsageEvent.objects.values_list("model", "cost", "group")) == {(model.pk, Decimal("0.0045"), "default")}
    assert UsageCount.objects.get().model == model
    rows = {row.currency: row for row in Spending.objects.all()}
    assert (rows[""].calls, rows[""].uncounted) == (0, 0)
    assert (rows["USD"].token_key, rows["USD"].amount, rows["USD"].calls) == (customer.pk, Decimal("0.009"), 2)
    assert count_unknown(on=TODAY) == 0
    assert sheet.currency == "USD"


def test_a_draft_gets_the_usage_and_its_cost_stays_unknown(client: Client) -> None:
    report(client, "claude-next")
    anthropic = world.vendor("anthropic")
    model = create_draft("claude-next", reason="It is used.")
    assert (model.status, model.vendor) == (AIModel.Status.DRAFT, anthropic)
    assert assign(["claude-next"]) == Assigned(requests=2, events=2, priced=0)
    assert set(UsageEvent.objects.values_list("model", "cost")) == {(model.pk, None)}
    assert Spending.objects.get(currency="").uncounted == 2
    assert assign(["claude-next"]) == Assigned()


def test_usage_is_assigned_when_an_import_has_added_the_model(client: Client) -> None:
    report(client, "gpt-4o", "absent")
    out = io.StringIO()
    call_command("sync_sources", stdout=out)
    assert "assigned" not in out.getvalue()
    world.price(world.model(), input="1", output="1")
    call_command("sync_sources", stdout=out)
    assert "Usage of models that were unknown: 2 calls assigned." in out.getvalue()
    assert UsageEvent.objects.filter(cost__isnull=False).count() == 2
    assert count_unknown(on=TODAY) == 1


def test_calls_before_the_import_are_found_after_those_that_follow_it(client: Client) -> None:
    gateway, key = world.token(name="gateway", budget_amount=1)
    UsageReporter.objects.create(token=gateway)
    send(client, key, [event(gateway, "gpt-4o", "before")])
    model = world.model()
    world.price(model, input="2.5", output="10")
    send(client, key, [event(gateway, "gpt-4o", "after")])
    assert assign_known(on=TODAY) == Assigned(requests=2, events=1, priced=1)
    assert set(UsageEvent.objects.values_list("model", "cost")) == {(model.pk, Decimal("0.0045"))}
    count = UsageCount.objects.get()
    assert (count.model, count.requests, count.tokens) == (model, 2, 2400)
    gateway.refresh_from_db()
    assert (gateway.spent, gateway.uncounted) == (Decimal("0.009"), 0)
    send(client, key, [event(gateway, "gpt-4o", "later")])
    assert UsageCount.objects.get().model == model


def test_an_interrupted_assignment_is_found_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    report(client, "gpt-4o")
    world.price(world.model(), input="1", output="1")
    with monkeypatch.context() as patched:
        patched.setattr("pricing.usage.unknown.record", Mock(side_effect=InterruptedError))
        with pytest.raises(InterruptedError):
            assign_known(on=TODAY)
    assert assign_known(on=TODAY) == Assigned(requests=2, events=2, priced=2)


def test_a_name_that_no_model_may_have_is_refused(client: Client) -> None:
    report(client, "gpt-4o, please")
    with pytest.raises(ValidationError, match="not a valid model id"):
        create_draft("gpt-4o, please", reason="")
    assert assign(["gpt-4o, please"]) == Assigned()
