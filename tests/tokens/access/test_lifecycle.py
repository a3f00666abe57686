"""The lifecycle of a model for clients: active, deprecated, retired, each from its day (UTC)."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from catalog.models import AIModel, ModelAlias
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

DEPRECATED, RETIRED = dt.date(2026, 10, 1), dt.date(2027, 2, 1)
STAGES = [
    ("2026-09-30T23:59:59Z", "active"),
    ("2026-10-01T00:00:00Z", "deprecated"),
    ("2027-01-31T23:59:59Z", "deprecated"),
    ("2027-02-01T00:00:00Z", "retired"),
]


@pytest.fixture
def key() -> str:
    world.model("claude-old", deprecated_on=DEPRECATED, retires_on=RETIRED)
    world.model("claude-new")
    return world.key()


def ask(client: Client, path: str, key: str) -> Any:
    return client.get(path, headers={"authorization": f"Bearer {key}"})


@pytest.mark.parametrize(("now", "stage"), STAGES)
def test_the_stage_follows_the_day_in_every_dialect(
    client: Client, key: str, now: str, stage: str, time_machine: Any
) -> None:
    time_machine.move_to(dt.datetime.fromisoformat(now), tick=False)

    openai = [row["id"] for row in ask(client, "/v1/models", key).json()["data"]]
    gemini = [row["baseModelId"] for row in ask(client, "/v1beta/models", key).json()["models"]]
    anthropic = {row["id"]: row for row in ask(client, "/anthropic/v1/models", key).json()["data"]}

    assert ("claude-old" in openai, "claude-old" in gemini, "claude-old" in anthropic) == (stage != "retired",) * 3
    assert anthropic.get("claude-old", {}).get("lifecycle", "retired") == stage
    for prefix in ("/v1", "/v1beta", "/anthropic/v1"):
        is_hidden = stage == "retired" and prefix != "/anthropic/v1"
        assert ask(client, f"{prefix}/models/claude-old", key).status_code == (404 if is_hidden else 200)
    # Anthropic's clients can list it on request, so they can ask for it too.
    assert ask(client, "/anthropic/v1/models/claude-old", key).json()["lifecycle"] == stage


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("", ["claude-new", "claude-soon"]),
        ("lifecycle[]=retired", ["claude-old"]),
        ("lifecycle%5B%5D=active&lifecycle%5B%5D=retired", ["claude-new", "claude-old"]),
        ("lifecycle=deprecated,retired", ["claude-old", "claude-soon"]),
        ("lifecycle=active", ["claude-new"]),
    ],
)
def test_anthropics_clients_ask_for_stages(
    client: Client, key: str, query: str, listed: list[str], time_machine: Any
) -> None:
    world.model(
        "claude-soon",
        released_on=dt.date(2020, 1, 1),
        deprecated_on=dt.date(2027, 1, 1),
        retires_on=dt.date(2028, 1, 1),
    )
    time_machine.move_to(dt.datetime(2027, 3, 1, tzinfo=dt.UTC), tick=False)

    rows = ask(client, f"/anthropic/v1/models?{query}", key).json()["data"]

    assert [row["id"] for row in rows] == listed


def test_dates_are_sent_once_the_model_is_not_active(client: Client, key: str, time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2026, 9, 1, tzinfo=dt.UTC), tick=False)
    before = ask(client, "/anthropic/v1/models/claude-old", key).json()
    time_machine.move_to(dt.datetime(2026, 11, 1, tzinfo=dt.UTC), tick=False)
    after = ask(client, "/anthropic/v1/models/claude-old", key).json()

    assert (before["deprecated_at"], before["retires_at"]) == (None, None)
    assert (after["deprecated_at"], after["retires_at"]) == ("2026-10-01T00:00:00Z", "2027-02-01T00:00:00Z")
    assert ask(client, "/v1/models/claude-old", key).json()["shutdown_date"] == "2027-02-01"


def test_a_deprecated_model_has_headers_with_its_dates(client: Client, key: str, time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2026, 11, 1, tzinfo=dt.UTC), tick=False)

    old, new = (ask(client, f"/v1/models/{name}", key) for name in ("claude-old", "claude-new"))

    assert old["deprecation"] == f"@{int(dt.datetime(2026, 10, 1, tzinfo=dt.UTC).timestamp())}"
    assert old["sunset"] == "Mon, 01 Feb 2027 00:00:00 GMT"
    assert "deprecation" not in new
    assert "sunset" not in new


def test_a_far_retirement_alone_deprecates_nothing(client: Client, key: str, time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2026, 11, 1, tzinfo=dt.UTC), tick=False)
    world.model("claude-long", retires_on=dt.date(2099, 1, 1))

    openai, anthropic = (ask(client, f"{prefix}/models/claude-long", key) for prefix in ("/v1", "/anthropic/v1"))

    assert (openai.json()["shutdown_date"], openai["sunset"][:16]) == ("2099-01-01", "Thu, 01 Jan 2099")
    body = anthropic.json()
    assert (body["lifecycle"], body["deprecated_at"], body["retires_at"]) == ("active", None, None)
    assert not {"deprecation", "sunset"} & {name.lower() for name in anthropic.headers}
    assert "deprecation" not in openai


def test_an_alias_is_answered_with_the_models_own_id(client: Client, key: str) -> None:
    ModelAlias.objects.create(name="claude-latest", model=AIModel.objects.get(name="claude-new"))

    for prefix, field in (("/v1", "id"), ("/anthropic/v1", "id"), ("/v1beta", "baseModelId")):
        assert ask(client, f"{prefix}/models/claude-latest", key).json()[field] == "claude-new"
    assert "claude-latest" not in ask(client, "/v1/models", key).content.decode()


def test_an_alias_of_a_hidden_model_is_404(client: Client, key: str) -> None:
    ModelAlias.objects.create(name="latest", model=world.model("draft", status="draft"))

    assert ask(client, "/v1/models/latest", key).status_code == 404
