"""/api/pricing/changes and its feed also list models that are new, retire, or get a successor."""

import datetime as dt
from typing import Any
from xml.etree import ElementTree as ET  # noqa: ICN001, N817, RUF100

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.models import AIModel
from pricing.published.changes import listing
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ADDRESS = "/api/pricing/changes"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def old(time_machine: Any) -> AIModel:
    """A model whose retirement was announced an hour after it was created, and whose successor came an hour later."""
    time_machine.move_to(NOW, tick=False)
    old = world.model("gpt-old")
    world.price(old, input="1", starts_at=NOW)
    time_machine.move_to(NOW + HOUR, tick=False)
    old.retires_on = (NOW + 3 * DAY).date()
    old.save()
    time_machine.move_to(NOW + 2 * HOUR, tick=False)
    old.successor = world.model("gpt-new")
    world.price(old.successor, input="2", starts_at=NOW + 2 * HOUR)
    old.save()
    return old


def get(client: Client, key: str = "", **query: str) -> list[dict[str, Any]]:
    answer = client.get(ADDRESS, query, headers={"authorization": f"Bearer {key}"} if key else {})
    assert answer.status_code == 200, answer.content
    data: list[dict[str, Any]] = read_json(answer.content)["data"]
    return data


def summary(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["kind"], row["model_name"], row["told_at"]) for row in rows]


def test_every_change_has_its_kind(client: Client, old: AIModel, time_machine: Any) -> None:
    last, first = "2026-11-23T14:00:00Z", "2026-11-23T12:00:00Z"
    rows = get(client)
    assert summary(rows) == [
        ("new", "gpt-new", last),
        ("price", "gpt-new", last),
        ("successor", "gpt-old", last),
        ("retiring", "gpt-old", "2026-11-23T13:00:00Z"),
        ("new", "gpt-old", first),
        ("price", "gpt-old", first),
    ]
    successor, retiring = rows[2], rows[3]
    assert (successor["successor"], successor["announced"]) == ("gpt-new", False)
    assert [successor[name]["prices"][0]["amount"] for name in ("before", "after")] == [1, 2]
    assert (retiring["at"], retiring["announced"]) == ("2026-11-26T00:00:00Z", True)
    assert retiring["after"] == {"pricing_status": "unpriced"}
    assert all(("successor" in row) == (row["kind"] == "successor") for row in rows)
    time_machine.move_to(NOW + 4 * DAY, tick=False)
    assert summary(get(client))[0] == ("retired", "gpt-old", "2026-11-26T00:00:00Z")


def test_the_end_of_a_model_without_a_price_is_a_change(client: Client, time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    world.model(retires_on=(NOW + DAY).date())
    time_machine.move_to(NOW + 2 * DAY, tick=False)
    assert [row["kind"] for row in get(client)] == ["retired", "retiring", "new"]


def test_what_was_set_while_the_model_was_a_draft_is_told_once_it_is_published_again(
    client: Client, old: AIModel, time_machine: Any
) -> None:
    for hours, fields in ((3, {"status": "draft"}), (4, {"retires_on": (NOW + 9 * DAY).date()})):
        time_machine.move_to(NOW + hours * HOUR, tick=False)
        AIModel.objects.filter(pk=old.pk).update(**fields)
        AIModel.objects.get(pk=old.pk).save()
    time_machine.move_to(NOW + 5 * HOUR, tick=False)
    AIModel.objects.filter(pk=old.pk).set_status("published")
    told = summary(get(client, since=f"{NOW + 4 * HOUR:%Y-%m-%dT%H:%M:%SZ}"))
    assert told == [(kind, "gpt-old", "2026-11-23T17:00:00Z") for kind in ("retiring", "successor")]


@pytest.mark.parametrize("days", [0, 3])
@pytest.mark.parametrize("has_price", [True, False])
def test_a_retirement_that_is_recorded_late_is_not_missed(
    client: Client, time_machine: Any, days: int, has_price: bool
) -> None:
    """A program that polls every hour learns of it, although its day has begun or is over."""
    time_machine.move_to(NOW - 10 * DAY, tick=False)
    old = world.model()
    world.model("known", retires_on=(NOW - 2 * DAY).date())
    world.model("never seen", retires_on=(NOW - 20 * DAY).date())
    if has_price:
        world.price(old, input="1")
    time_machine.move_to(NOW, tick=False)
    old.retires_on = (NOW - days * DAY).date()
    old.save()
    for model in AIModel.objects.exclude(pk=old.pk):
        model.description = "Changed."
        model.save()
    time_machine.move_to(NOW + HOUR, tick=False)
    for kinds in ({}, {"kind": "price,retired"}):
        (row,) = get(client, since=f"{NOW - HOUR:%Y-%m-%dT%H:%M:%SZ}", **kinds)
        assert (row["kind"], row["model_name"], row["told_at"]) == ("retired", "gpt-4o", "2026-11-23T12:00:00Z")
        assert row["at"] == f"{NOW - days * DAY:%Y-%m-%dT00:00:00Z}"
    assert get(client, since=f"{NOW:%Y-%m-%dT%H:%M:%SZ}") == []


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("retiring", ["retiring"]),
        ("retiring,new", ["new", "retiring", "new"]),
        ("", None),
        ("price", ["price", "price"]),
    ],
)
def test_kinds_are_selected(client: Client, old: AIModel, kind: str, kinds: list[str] | None) -> None:
    rows = get(client)
    assert [row["kind"] for row in get(client, kind=kind)] == (kinds or [row["kind"] for row in rows])


def test_an_unknown_kind_is_refused(client: Client) -> None:
    for address in (ADDRESS, f"{ADDRESS}.atom"):
        answer = client.get(address, {"kind": "retiring,gone"})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "kind")


def test_nothing_is_said_of_models_that_the_caller_cannot_see(client: Client, old: AIModel) -> None:
    world.model("draft", status="draft", successor=old, retires_on=(NOW + DAY).date())
    world.model("ahead", starts_at=NOW + DAY, retires_on=(NOW + 2 * DAY).date())
    assert {row["model_name"] for row in get(client)} == {"gpt-old", "gpt-new"}
    limited = get(client, world.key(deny=["gpt-new"]))
    assert "gpt-new" not in str(limited)
    assert {row["kind"] for row in limited} == {"new", "price", "retiring"}


@pytest.mark.parametrize("kind", ["", "new,price"])
def test_pages_have_every_kind_once(client: Client, old: AIModel, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The cursor alone continues the list, with the kinds that were selected."""
    whole = get(client, kind=kind)
    monkeypatch.setattr(listing, "MOST_CHANGES", 1)
    listed, body = [], read_json(client.get(ADDRESS, {"since": "2026-11-01", "kind": kind}).content)
    while True:
        listed += body["data"]
        if body["next"] is None:
            break
        body = read_json(client.get(ADDRESS, {"cursor": body["next"]}).content)
    assert listed == whole


def test_entries_of_the_feed_keep_their_ids(client: Client, old: AIModel, time_machine: Any) -> None:
    def entries() -> dict[str, str]:
        root = ET.fromstring(client.get(f"{ADDRESS}.atom").content)  # noqa: S314
        found = root.iter(f"{ATOM}entry")
        return {str(entry.findtext(f"{ATOM}id")): str(entry.findtext(f"{ATOM}title")) for entry in found}

    first = entries()
    prefix = "tag:testserver,2026:"
    assert {key.removeprefix(prefix): title for key, title in first.items()} == {
        "new/gpt-new": "gpt-new: new model since 2026-11-23 14:00 UTC",
        "price/gpt-new/2026-11-23T14:00:00Z": "gpt-new: new price since 2026-11-23 14:00 UTC",
        "successor/gpt-old/gpt-new": "gpt-old: its successor is gpt-new",
        "retiring/gpt-old/2026-11-26": "gpt-old: retires on 2026-11-26",
        "new/gpt-old": "gpt-old: new model since 2026-11-23 12:00 UTC",
        "price/gpt-old/2026-11-23T12:00:00Z": "gpt-old: new price since 2026-11-23 12:00 UTC",
    }
    time_machine.move_to(NOW + 4 * DAY, tick=False)
    assert first.items() <= {**entries()}.items()
    assert entries()[f"{prefix}price/gpt-old/2026-11-26T00:00:00Z"] == "gpt-old: retired on 2026-11-26"


def test_it_costs_the_same_queries_however_many_models_changed(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        world.model(f"model-{number}", retires_on=(dt.datetime.now(dt.UTC) + DAY).date())
    with django_assert_max_num_queries(32):
        assert len(get(client)) == 40
