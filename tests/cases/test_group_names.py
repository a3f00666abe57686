"""A group with a Chinese name has this name in every list, header, page, file and command."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from catalog.exact import read_json
from catalog.models import AIModel, Channel
from catalog.sources.conditions import read_conditions, write_conditions
from pricing.models import GroupRate, PriceSheet, UsageEvent, UsageReporter
from pricing.usage.spending import Cost, record
from tests import world
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db

NAME = "官转 ⚡️限时特价"
ENCODED = quote(NAME, safe=" ")
CALL = {"x-original-uri": "/v1/chat/completions?model=gpt-4o"}


@pytest.fixture
def group() -> TokenGroup:
    """A public group that pays half of the price, and $7 for the input of gpt-4o."""
    group = world.token_group(NAME, label="官方转发", is_public=True, auto_position=1)
    world.rate(group, "0.5")
    model = world.model(on=world.channel("fast", group=NAME))
    sheet = world.price(model, input="1", output="2")
    world.line(sheet, "input", "14", conditions=[{"dim": "group", "op": "eq", "value": NAME}])
    return group


def run(command: str, *arguments: str) -> str:
    call_command(command, *arguments, stdout=(out := io.StringIO()))
    return out.getvalue()


def body(response: Any) -> Any:
    assert response.status_code == 200, response.content
    return read_json(response.content)


def test_the_check_of_a_call_states_it_percent_encoded(client: Client, group: TokenGroup) -> None:
    token, key = world.token(NAME)
    record([Cost(token.pk, group.pk, timezone.now(), Decimal("0.9"), "USD")])
    group.budget_amount = Decimal(1)
    group.save()

    allowed = client.get("/api/authorize?model=gpt-4o", headers={**CALL, "authorization": f"Bearer {key}"})

    assert allowed.status_code == 204
    assert allowed.headers["X-Modelbook-Group"] == quote(NAME, safe=" ")
    assert f"of group {ENCODED}" in allowed.headers["X-Modelbook-Budget-Warning"]
    assert all(value.isascii() and not value.startswith("=?") for value in allowed.headers.values())

    record([Cost(token.pk, group.pk, timezone.now(), Decimal("0.2"), "USD")])
    refused = client.get("/api/authorize?model=gpt-4o", headers={**CALL, "authorization": f"Bearer {key}"})

    assert (refused.status_code, refused.headers["X-Modelbook-Reason"]) == (403, "insufficient_quota")
    assert f"The budget of group {NAME}" in refused.json()["error"]["message"]
    assert ENCODED in refused.headers["X-Modelbook-Message"]


@pytest.mark.parametrize("written", [NAME, ENCODED, quote(NAME)])
def test_a_reported_call_names_it_as_it_is_or_as_in_the_header(client: Client, group: TokenGroup, written: str) -> None:
    token, _ = world.token(NAME)
    reporter, reporting = world.token(name="gateway")
    UsageReporter.objects.create(token=reporter)
    call = {"id": "1", "key_id": token.key_id, "model": "gpt-4o", "at": timezone.now().isoformat(), "group": written}
    event = call | {"usage": {"input": 1_000_000}}
    headers = {"authorization": f"Bearer {reporting}"}

    taken = body(client.post("/api/usage", {"events": [event]}, "application/json", headers=headers))

    assert (taken["taken"], taken["unpriced"]) == (1, 0)
    stored = UsageEvent.objects.get()
    assert (stored.group, stored.cost) == (NAME, 7)


def test_a_reported_call_may_also_name_the_model_as_in_the_header(client: Client, group: TokenGroup) -> None:
    AIModel.objects.update(name="通义 千问")
    token, _ = world.token(NAME)
    reporter, reporting = world.token(name="gateway")
    UsageReporter.objects.create(token=reporter)
    call = {"id": "1", "key_id": token.key_id, "model": quote("通义 千问"), "at": timezone.now().isoformat()}
    event = call | {"usage": {"output": 1_000_000}}
    headers = {"authorization": f"Bearer {reporting}"}

    taken = body(client.post("/api/usage", {"events": [event]}, "application/json", headers=headers))

    assert (taken["taken"], taken["unknown"]) == (1, [])
    assert UsageEvent.objects.get().cost == 1


def test_price_lists_quotes_and_the_key_itself_name_it(client: Client, group: TokenGroup) -> None:
    key = world.key(NAME)
    headers = {"authorization": f"Bearer {key}"}

    for listed in (body(client.get("/api/pricing", headers=headers)), body(client.get("/api/pricing"))):
        assert listed["group_ratio"][NAME] == Decimal("0.5")
        assert listed["usable_group"][NAME] == "官方转发"
        assert NAME in listed["auto_groups"]
        assert listed["data"][0]["enable_groups"] == [NAME]
    assert body(client.get("/api/token", headers=headers))["data"]["groups"] == [{"name": NAME, "label": "官方转发"}]
    question = {"model": "gpt-4o", "usage": {"input": 1_000_000}, "group": NAME}
    answer = body(client.post("/api/pricing/quote", question, "application/json", headers=headers))
    assert (answer["group"], answer["amount"]) == (NAME, "7")
    refused = client.post("/api/pricing/quote", question | {"group": "官转"}, "application/json", headers=headers)
    assert refused.status_code == 400
    past = body(client.get("/api/pricing?as_of=2026-06-01", headers=headers))
    assert past["group_ratio"] == {NAME: Decimal("0.5")}


def test_pages_offer_it_as_a_choice(client: Client, group: TokenGroup) -> None:
    world.token_group("default")
    TokenGroup.objects.get(slug="default").channels.set(Channel.objects.all())

    page = client.get("/", {"group": NAME}, headers={"accept": "text/html"})

    assert "$7.00" in page.content.decode()
    assert f"group={quote(NAME, safe='')}".replace("%20", "+") in page.content.decode()
    model = client.get("/models/gpt-4o", {"group": NAME}, headers={"accept": "text/html"})
    assert "$7.00" in model.content.decode()


@pytest.mark.parametrize("name", ["litellm", "openrouter", "models_dev", "new_api", "csv", "llms_txt", "one_hub"])
def test_exports_are_written(group: TokenGroup, name: str) -> None:
    call_command("export_catalog", name, stdout=(out := io.StringIO()))

    assert "gpt-4o" in out.getvalue()


def test_yaml_restores_it(tmp_path: Path, group: TokenGroup) -> None:
    file = tmp_path / "catalog.yaml"
    call_command("export_catalog", "yaml", output=str(file))
    content = file.read_bytes()
    for table in (PriceSheet, GroupRate, AIModel, Channel):
        table._default_manager.all().delete()
    TokenGroup.objects.exclude(slug="default").delete()

    call_command("import_catalog", "yaml", file=str(file), apply=True)
    call_command("export_catalog", "yaml", output=str(file))

    assert file.read_bytes() == content
    restored = TokenGroup.objects.get(slug=NAME)
    assert (restored.label, restored.rates.get().ratio) == ("官方转发", Decimal("0.5"))


@pytest.mark.parametrize(
    "name", [NAME, "VIP", "50%", "true", "1.5", "1e3", "a;b", "a=b", '"x"', "a|b", "限时，特价", "- x", "[x]", "x>=1"]
)
def test_conditions_of_prices_are_read_as_they_were_written(name: str) -> None:
    for condition in ({"dim": "group", "op": "eq", "value": name}, {"dim": "group", "op": "in", "value": [name, "b"]}):
        assert read_conditions(write_conditions([condition])) == (condition,)


def test_commands_accept_it(group: TokenGroup) -> None:
    run("issue_token", "customer", "--group", NAME, "--first-group", NAME)

    stored = Token.objects.get(name="customer")
    assert [one.slug for one in stored.groups.all()] == [NAME]
    assert stored.first_group == group
    explained = run("explain_token", stored.key_id, "gpt-4o")
    assert f"reached by group {NAME}" in explained
    with pytest.raises(CommandError, match="There is no group '官转'"):
        run("issue_token", "another", "--group", "官转")


def test_the_past_of_a_renamed_group_continues(client: Client, group: TokenGroup) -> None:
    key = world.key(NAME)
    group.slug = "特价"
    group.save()

    headers = {"authorization": f"Bearer {key}"}
    answer = body(client.get(f"/api/pricing?as_of={dt.date(2026, 6, 1)}", headers=headers))

    assert answer["group_ratio"] == {"特价": Decimal("0.5")}
    assert answer["data"][0]["model_ratio"] == 7
