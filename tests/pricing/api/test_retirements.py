"""/api/retirements and its calendar: models that end, as far as the caller may see them."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from catalog.models import AIModel
from tests import world

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
ICS = "/api/retirements.ics"


@pytest.fixture(autouse=True)
def clock(time_machine: Any) -> Any:
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def old() -> AIModel:
    new = world.model("gpt-new")
    world.price(new, input="2", output="4")
    old = world.model("gpt-old", deprecated_on=TODAY, retires_on=TODAY + dt.timedelta(10), successor=new)
    world.price(old, input="1", output="4")
    return old


def rows(client: Client, key: str = "", query: str = "") -> list[dict[str, Any]]:
    response = client.get(f"/api/retirements{query}", headers={"authorization": f"Bearer {key}"} if key else {})
    assert response.status_code == 200, response.content
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def unfold(content: bytes) -> list[str]:
    """The content lines (RFC 5545, 3.1); every line ends with CRLF and has at most 75 octets."""
    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    return content.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


def test_a_row_has_dates_successor_and_the_prices_of_the_caller(client: Client, old: AIModel) -> None:
    world.rate(world.token_group("default"), "0.5")
    (row,) = rows(client, world.key())
    assert row == {
        "model_name": "gpt-old",
        "vendor": "openai",
        "lifecycle": "deprecated",
        "deprecated_on": "2026-11-30",
        "retires_on": "2026-12-10",
        "retires_at": "2026-12-10T00:00:00Z",
        "successor": "gpt-new",
        "forwards_to_successor": False,
        "group": "default",
        "price": row["price"],
        "successor_price": row["successor_price"],
    }
    paid = [[str(line["amount"]) for line in row[name]["prices"]] for name in ("price", "successor_price")]
    assert [[float(amount) for amount in amounts] for amounts in paid] == [[0.5, 2], [1, 2]]


def test_models_and_successors_that_the_caller_cannot_see_are_not_named(client: Client, old: AIModel) -> None:
    world.model("hidden", on=None, retires_on=TODAY)
    world.model("draft", status="draft", retires_on=TODAY)
    world.model("ahead", starts_at=NOW + dt.timedelta(1), retires_on=TODAY + dt.timedelta(5))
    world.model("keys-only", in_price_list=False, retires_on=TODAY + dt.timedelta(5))
    AIModel.objects.filter(name="gpt-new").update(status="draft")
    assert [(row["model_name"], row["successor"]) for row in rows(client)] == [("gpt-old", None)]
    assert {row["model_name"] for row in rows(client, world.key())} == {"gpt-old", "keys-only"}
    assert rows(client, world.key(deny=["gpt-*", "keys-*"])) == []
    assert b"gpt-new" not in client.get(ICS).content
    AIModel.objects.filter(name="gpt-new").update(status="published")
    assert rows(client, world.key(allow=["gpt-old"]))[0]["successor"] is None
    assert rows(client, world.key(allow=["gpt-old", "gpt-new"]))[0]["successor"] == "gpt-new"


def test_a_model_enters_and_leaves_with_the_day(client: Client, old: AIModel, clock: Any) -> None:
    """A stored answer ends with the day, and with each start of a model."""
    key, headers = world.key(), {}
    AIModel.objects.filter(pk=old.pk).update(deprecated_on=None)
    headers = {"authorization": f"Bearer {key}"}
    for day, lifecycle in ((-81, None), (-80, "active"), (9, "active"), (10, "retired"), (39, "retired"), (40, None)):
        clock.move_to(dt.datetime.combine(TODAY + dt.timedelta(day), dt.time(23, 59, 59), tzinfo=dt.UTC), tick=False)
        first = client.get("/api/retirements", headers=headers).json()["data"]
        assert [row["lifecycle"] for row in first] == ([lifecycle] if lifecycle else []), day
        assert client.get("/api/retirements", headers=headers).json()["data"] == first


def test_the_horizon_and_the_filters_select(client: Client, old: AIModel) -> None:
    AIModel.objects.filter(pk=old.pk).update(deprecated_on=None)
    world.model("claude", vendor=world.vendor("anthropic"), retires_on=TODAY + dt.timedelta(3))
    assert [row["model_name"] for row in rows(client)] == ["claude", "gpt-old"]
    assert [row["model_name"] for row in rows(client, query="?within=9d")] == ["claude"]
    assert [row["model_name"] for row in rows(client, query="?vendor=openai")] == ["gpt-old"]
    assert rows(client, query="?vendor=openai")[0]["successor"] == "gpt-new"
    for query in ("within=soon", "within=-1d", "within=", "within=9999999d", "within=40000d", "strict=1&withn=3d"):
        answer = client.get(f"/api/retirements?{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_parameter"), query


def test_a_calendar_is_valid_and_has_one_event_for_each_date(client: Client, old: AIModel) -> None:
    name = "größe;a\\b:" + "ü" * 60
    world.model(name, display_name="Größe; a, b\\c", retires_on=TODAY + dt.timedelta(20))
    answer = client.get(ICS)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    lines = unfold(answer.content)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert f"SUMMARY:{name.replace(chr(92), chr(92) * 2).replace(';', chr(92) + ';')} retires" in lines
    calendar = Calendar.from_ical(answer.content)
    assert not calendar.errors
    events = calendar.walk("VEVENT")
    assert [(str(event["summary"]), event.decoded("dtstart")) for event in events] == [
        ("gpt-old is deprecated", TODAY),
        ("gpt-old retires", TODAY + dt.timedelta(10)),
        (f"{name} retires", TODAY + dt.timedelta(20)),
    ]
    for event in events:
        assert event.decoded("dtend") - event.decoded("dtstart") == dt.timedelta(1)
        assert {"UID", "DTSTAMP", "SEQUENCE", "LAST-MODIFIED"} <= event.keys()
        assert not event.errors
    assert len({str(event["uid"]) for event in events}) == 3
    assert "Its successor is gpt-new." in str(events[1]["description"])


def test_a_calendar_has_no_control_characters(client: Client, old: AIModel) -> None:
    """Validators reject them (RFC 5545, 3.3.11); sources write them into display names."""
    AIModel.objects.filter(pk=old.pk).update(display_name="GPT\x0bOld\x7f\r\nBEGIN:VEVENT")
    content = client.get(ICS).content
    assert not any(character in "\x0b\x7f\r\n" for line in unfold(content) for character in line)
    assert "DESCRIPTION:GPT Old BEGIN:VEVENT retires on 2026-12-10 at 00:00 UTC." in "\n".join(unfold(content))


def test_a_calendar_without_events_has_a_component(client: Client) -> None:
    content = client.get(ICS).content
    unfold(content)
    assert [component.name for component in Calendar.from_ical(content).subcomponents] == ["VTIMEZONE"]


def test_a_date_that_moves_keeps_its_event(client: Client, old: AIModel, clock: Any) -> None:
    """The bytes are those of before until something changes, so that programs get 304."""

    def event() -> tuple[Any, ...]:
        found = Calendar.from_ical(client.get(ICS).content).walk("VEVENT")[1]
        return str(found["uid"]), found["sequence"], found.decoded("dtstart"), found.decoded("last-modified")

    uid, sequence, _, modified_at = event()
    etag = client.get(ICS)["ETag"]
    clock.move_to(NOW + dt.timedelta(hours=2), tick=False)
    assert client.get(ICS, headers={"if-none-match": etag}).status_code == 304
    row = AIModel.objects.get(pk=old.pk)
    row.retires_on = TODAY + dt.timedelta(12)
    row.save()
    assert client.get(ICS, headers={"if-none-match": etag}).status_code == 200
    assert event() == (uid, sequence + 1, TODAY + dt.timedelta(12), NOW + dt.timedelta(hours=2))
    assert modified_at == NOW
    # The event of the deprecation names the date, too.
    deprecation = Calendar.from_ical(client.get(ICS).content).walk("VEVENT")[0]
    assert deprecation.decoded("last-modified") == NOW + dt.timedelta(hours=2)


def test_programs_send_the_key_in_the_address(client: Client, old: AIModel) -> None:
    AIModel.objects.filter(pk=old.pk).update(in_price_list=False)
    assert b"gpt-old" not in client.get(ICS).content
    assert b"gpt-old" in client.get(f"{ICS}?key={world.key()}").content
    assert b"gpt-old" not in client.get(f"{ICS}?key=sk-wrong").content
    head = client.head(f"{ICS}?key={world.key()}")
    assert (head.status_code, head.content) == (200, b"")
    assert "private" in head["Cache-Control"]
    assert "public" in client.get(ICS)["Cache-Control"]
    assert client.get(f"{ICS}/").status_code == 200


def test_no_name_of_a_key_or_group_is_public(client: Client, old: AIModel) -> None:
    world.key("vip", name="Secret Customer")
    for address in (ICS, "/api/retirements"):
        content = client.get(address).content
        assert b"Secret" not in content
        assert b"vip" not in content


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("/v1/models/gpt-old", "</v1/models/a/b%20c%E2%86%92>"),
        ("/openai/v1/models/gpt-old/", "</openai/v1/models/a/b%20c%E2%86%92>"),
        ("/v1beta/models/gpt-old", "</v1beta/models/a/b%20c%E2%86%92>"),
        ("/anthropic/v1/models/gpt-old", "</anthropic/v1/models/a/b%20c%E2%86%92>"),
        ("/api/pricing/history/gpt-old", "</api/pricing/history/a/b%20c%E2%86%92>"),
    ],
)
def test_a_model_links_its_successor(client: Client, old: AIModel, address: str, link: str) -> None:
    AIModel.objects.filter(name="gpt-new").update(name="a/b c→")
    for allow, expected in ((None, f'{link}; rel="successor-version"'), (["gpt-old"], None)):
        headers = {"authorization": f"Bearer {world.key(allow=allow)}"}
        for _ in range(2):
            response = client.get(address, headers=headers)
            assert (response.status_code, response.get("Link")) == (200, expected)
