"""`retirements` lists for operators who is concerned by a retirement, and what changes for them."""

import datetime as dt
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from icalendar import Calendar

from catalog.models import AIModel, ModelAlias
from pricing.models import UsageCount
from tests import world
from tokens.access.many_scopes import ManyScopes
from tokens.access.visibility import Listing
from tokens.auth.authentication import scopes_of
from tokens.models import Token

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def old() -> AIModel:
    new = world.model("gpt-new")
    world.price(new, input="2", output="4")
    old = world.model("gpt-old", retires_on=TODAY + dt.timedelta(10), successor=new)
    world.price(old, input="1", output="4")
    return old


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("retirements", *arguments, stdout=output)
    return output.getvalue()


def rows(*arguments: str) -> dict[str, Any]:
    return {row["model_name"]: row for row in json.loads(run("--format", "json", *arguments))}


def test_it_names_keys_usage_successor_and_prices(old: AIModel) -> None:
    ModelAlias.objects.create(name="nick", model=old)
    world.key(name="by alias", allow=["nick"])
    world.key(name="both")
    world.key(name="other", allow=["gpt-new"])
    world.key(name="disabled", enabled=False)
    world.rate(world.token_group("default"), "0.5")
    UsageCount.objects.create(
        model=old, name="gpt-old", day=TODAY - dt.timedelta(3), reporter="g", requests=7, tokens=9
    )

    row = rows()["gpt-old"]

    assert [(key["name"], key["may_call_successor"]) for key in row["keys"]] == [("both", True), ("by alias", False)]
    assert row["usage"] == {"days": 30, "requests": 7, "tokens": 9}
    assert (row["successor"], row["forwards_to_successor"]) == ("gpt-new", False)
    (paid,) = row["prices"]
    assert (paid["group"], paid["keys"]) == ("default", 2)
    assert paid["changes"] == [
        {"line": "Input", "before": "$0.50 per million tokens", "after": "$1.00 per million tokens"}
    ]
    text = run()
    assert "gpt-old: retires on 2026-12-10, in 10 days" in text
    assert "Input: $0.50 → $1.00 per million tokens" in text


def test_what_is_not_known_is_no_number(old: AIModel) -> None:
    world.key()
    old.sheets.all().delete()
    row = rows()["gpt-old"]
    assert row["usage"] is None
    assert row["prices"][0]["before"] == {"pricing_status": "unpriced"}
    assert row["prices"][0]["changes"] == []
    assert "Usage: not reported" in run()
    assert "Price, group default: unknown" in run()


@pytest.mark.parametrize(
    ("fields", "is_listed"),
    [
        ({"retires_on": TODAY + dt.timedelta(90)}, True),
        ({"retires_on": TODAY + dt.timedelta(91)}, False),
        ({"retires_on": TODAY + dt.timedelta(91), "deprecated_on": TODAY}, True),
        ({"deprecated_on": TODAY - dt.timedelta(900)}, True),
        ({"deprecated_on": TODAY + dt.timedelta(90)}, True),
        ({"deprecated_on": TODAY + dt.timedelta(91)}, False),
        ({"retires_on": TODAY}, True),
        ({"retires_on": TODAY - dt.timedelta(29)}, True),
        ({"retires_on": TODAY - dt.timedelta(30), "deprecated_on": TODAY - dt.timedelta(60)}, False),
        ({"retires_on": TODAY, "status": "draft"}, False),
        ({}, False),
    ],
)
def test_the_horizon_is_whole_days(fields: dict[str, Any], is_listed: bool) -> None:
    world.model("m", **fields)
    assert ("m" in rows()) is is_listed


def test_the_horizon_is_validated() -> None:
    assert rows("--within", "1d") == {}
    with pytest.raises(CommandError, match="'soon' is not a valid duration"):
        run("--within", "soon")


def test_the_calendar_has_the_same_models(old: AIModel) -> None:
    calendar = Calendar.from_ical(run("--format", "ics"))
    assert [str(event["summary"]) for event in calendar.walk("VEVENT")] == ["gpt-old retires"]


@pytest.mark.sql
def test_the_keys_are_those_of_the_one_resolver(old: AIModel) -> None:
    """Also of models that have retired, by aliases, and by the ids for which a wildcard model stands."""
    AIModel.objects.filter(pk=old.pk).update(retires_on=TODAY)
    ModelAlias.objects.create(name="nick", model=old)
    wild = world.model("wild/*", retires_on=TODAY + dt.timedelta(1))
    names = {old.pk: ["gpt-old", "nick"], wild.pk: ["wild/*", "wild/x"]}
    for allow in (None, [], ["gpt-old"], ["nick"], ["n*"], ["wild/x"], ["wild/*"], ["vendor:openai"], ["other"]):
        for deny in ([], ["nick"], ["gpt-*"], ["wild/x"]):
            world.key(name=f"{allow} {deny}", allow=allow, deny=deny)
    world.key("nowhere")
    many = ManyScopes(at=NOW)
    for _, scope in scopes_of(Token.objects.all()):
        listing = Listing(scope, NOW)
        for key, called in names.items():
            seen = any(listing.model(name, retired=True) is not None for name in called)
            assert many.contains(many.callable(scope), key) == seen, (scope, called)
