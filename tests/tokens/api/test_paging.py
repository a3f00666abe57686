"""Pages of the list: Anthropic's cursors are model ids, Gemini's tokens are opaque, OpenAI's list has no pages."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import AIModel, Channel, ModelAlias, Offer
from tests import world
from tests.sizes import size
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NAMES = [f"m{number}" for number in range(7)]


@pytest.fixture
def key() -> str:
    for age, name in enumerate(NAMES):
        world.model(name, released_on=dt.date(2026, 9, 9) - dt.timedelta(days=age // 2))
    return world.key()


def anthropic(client: Client, key: str, query: str = "") -> Any:
    return client.get(f"/anthropic/v1/models?{query}", headers={"authorization": f"Bearer {key}"})


def gemini(client: Client, key: str, query: str = "") -> Any:
    return client.get(f"/v1beta/models?{query}", headers={"authorization": f"Bearer {key}"})


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    body = answer.json()
    return [row["id"] for row in body["data"]] if "data" in body else [row["baseModelId"] for row in body["models"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_anthropics_pages_forwards_and_back_are_the_list(client: Client, key: str, limit: int) -> None:
    forwards: list[str] = []
    page = anthropic(client, key, f"limit={limit}").json()
    while True:
        forwards += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            break
        page = anthropic(client, key, f"limit={limit}&after_id={page['last_id']}").json()
    back: list[str] = []
    page = anthropic(client, key, f"limit={limit}&before_id={NAMES[-1]}").json()
    while page["data"]:
        back = [row["id"] for row in page["data"]] + back
        if not page["has_more"]:
            break
        page = anthropic(client, key, f"limit={limit}&before_id={page['first_id']}").json()

    assert forwards == NAMES
    assert back == NAMES[:-1]


@pytest.mark.parametrize(("query", "has_nothing"), [("after_id=m6", True), ("before_id=m0", True), ("limit=1", False)])
def test_beyond_both_ends_lies_an_empty_page(client: Client, key: str, query: str, has_nothing: bool) -> None:
    body = anthropic(client, key, query).json()

    if has_nothing:
        assert body == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    else:
        assert body["has_more"] is True


def test_without_a_limit_the_whole_list_is_sent(client: Client, key: str) -> None:
    assert ids(anthropic(client, key)) == NAMES
    assert ids(client.get("/v1/models", headers={"authorization": f"Bearer {key}"})) == NAMES


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "limit=1.0", "limit=1e2", "limit=%D9%A3"),
        *("limit=99999999999999999999", "after_id=nobody", "before_id=nobody", "after_id=%00"),
        *("after_id=m1&before_id=m5", "lifecycle[]=young", "lifecycle=active,young"),
    ],
)
def test_what_makes_no_sense_to_anthropics_clients_is_400(client: Client, key: str, query: str) -> None:
    answer = anthropic(client, key, query)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


HIDING: dict[str, Callable[[AIModel], object]] = {
    "draft": lambda model: AIModel.objects.filter(pk=model.pk).set_status("draft"),
    "retired": lambda model: AIModel.objects.filter(pk=model.pk).update(retires_on=dt.date(2020, 1, 1)),
    "offer off": lambda model: Offer.objects.filter(model=model).set_enabled(False),
    "offer gone": lambda model: Offer.objects.get(model=model).delete(),
    "model gone": lambda model: model.delete(),
    "denied": lambda _: saved(Token.objects.get(), deny=["m3"]),
    "no longer allowed": lambda _: saved(Token.objects.get(), allow=[name for name in NAMES if name != "m3"]),
    "moved and hidden": lambda model: saved(model, released_on=dt.date(2030, 1, 1), status="draft"),
}


def saved(row: Any, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


@pytest.mark.parametrize("how", HIDING)
def test_a_cursor_whose_model_was_hidden_meanwhile_still_works(client: Client, key: str, how: str) -> None:
    token = gemini(client, key, "pageSize=4").json()["nextPageToken"]

    HIDING[how](AIModel.objects.get(name="m3"))

    assert ids(anthropic(client, key, "after_id=m3&limit=2")) == ["m4", "m5"]
    assert ids(anthropic(client, key, "before_id=m3&limit=2")) == ["m1", "m2"]
    assert ids(gemini(client, key, f"pageToken={token}")) == ["m4", "m5", "m6"]


@pytest.mark.parametrize("whole", ["channel off", "channel gone"])
def test_a_cursor_whose_channel_was_closed_meanwhile_still_works(client: Client, key: str, whole: str) -> None:
    channel = world.channel("another")
    world.model("m", on=channel, released_on=dt.date(2026, 9, 8))
    assert "m" in ids(anthropic(client, key))

    Channel.objects.filter(pk=channel.pk).set_enabled(False) if whole == "channel off" else channel.delete()

    assert ids(anthropic(client, key, "after_id=m")) == ["m2", "m3", "m4", "m5", "m6"]


NEVER_SEEN: dict[str, Callable[[], object]] = {
    "out of reach": lambda: world.model("secret", on=world.channel("other", group="other")),
    "a draft": lambda: world.model("secret", status="draft"),
    "a draft once deleted": lambda: world.model("secret", status="draft").delete(),
    "offered by nobody": lambda: world.model("secret", on=None),
    "offer off": lambda: Offer.objects.create(
        model=world.model("secret", on=None), channel=world.channel(), enabled=False
    ),
    "channel off": lambda: world.model("secret", on=world.channel("closed", enabled=False)),
    "denied": lambda: world.model("denied-secret"),
    "published before it was offered": lambda: Offer.objects.create(
        model=saved_as_draft(world.model("secret", on=None)), channel=world.channel()
    ),
}


def saved_as_draft(model: AIModel) -> AIModel:
    saved(model, status="draft")
    return model


@pytest.mark.parametrize("why", NEVER_SEEN)
@pytest.mark.parametrize("param", ["after_id", "before_id"])
def test_a_cursor_reveals_no_model_that_the_key_never_saw(client: Client, key: str, why: str, param: str) -> None:
    saved(Token.objects.get(), deny=["denied-*"])
    NEVER_SEEN[why]()

    secret = anthropic(client, key, f"{param}={'denied-' if why == 'denied' else ''}secret")
    missing = anthropic(client, key, f"{param}=missing")

    assert (secret.status_code, missing.status_code) == (400, 400)
    assert secret.json()["error"] == missing.json()["error"]


def test_remembering_takes_few_queries_however_much_was_changed(
    client: Client, key: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        saved(Token.objects.get(), deny=[f"other-{number}"])
    AIModel.objects.filter(name="m3").set_status("draft")

    # Key; starts; m3 or a listed alias in the list (two); its history, its vendor, offers, releases, channels, token,
    # aliases and reach (two); the catalog: its offers, aliases, vendors, models and the channels of groups.
    with django_assert_max_num_queries(18):
        assert ids(anthropic(client, key, "after_id=m3&limit=2")) == ["m4", "m5"]


@pytest.mark.parametrize(("patterns", "saw"), [({"allow": ["nick", "m4"]}, True), ({"deny": ["nick"]}, False)])
def test_what_a_key_saw_by_an_alias_is_remembered(client: Client, patterns: dict[str, Any], saw: bool) -> None:
    for name in ("m3", "m4"):
        world.model(name)
    alias = ModelAlias.objects.create(name="nick", model=AIModel.objects.get(name="m3"))
    key = world.key(**patterns)
    AIModel.objects.filter(name="m3").set_status("draft")
    saved(alias, model=AIModel.objects.get(name="m4"))

    assert anthropic(client, key, "after_id=m3").status_code == (200 if saw else 400)


def test_a_key_saw_no_model_before_it_was_created(client: Client, key: str) -> None:
    AIModel.objects.filter(name="m3").set_status("draft")
    younger = world.key(name="a newcomer")

    assert anthropic(client, key, "after_id=m3").status_code == 200
    assert anthropic(client, younger, "after_id=m3").status_code == 400


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_geminis_pages_are_the_list_and_the_last_has_no_token(client: Client, key: str, size: int) -> None:
    ids, query, pages = [], f"pageSize={size}", 0
    while query:
        body = gemini(client, key, query).json()
        ids += [row["baseModelId"] for row in body["models"]]
        query = f"pageSize={size}&pageToken={body['nextPageToken']}" if "nextPageToken" in body else ""
        pages += 1

    assert ids == NAMES
    assert pages == -(-len(NAMES) // size)


@pytest.mark.parametrize(
    "query", ["pageSize=0", "pageSize=5000", "pageToken=", "pageToken=%20", "pageSize=99999999999999", "filter=x"]
)
def test_geminis_out_of_range_values_are_accepted(client: Client, key: str, query: str) -> None:
    assert ids(gemini(client, key, query)) == NAMES


@pytest.mark.parametrize("query", ["", "pageSize=0", "pageToken=", "filter=x"])
def test_a_gemini_client_that_asks_for_no_size_gets_all_models(
    client: Client, key: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteLLM and hand-written clients read one page, however many models there are."""
    monkeypatch.setattr("tokens.dialects.gemini.MAX_SIZE", 3)

    body = gemini(client, key, query).json()
    largest = gemini(client, key, "pageSize=1000").json()
    rest = gemini(client, key, f"pageToken={largest['nextPageToken']}").json()

    assert [row["baseModelId"] for row in body["models"]] == NAMES
    assert [row["baseModelId"] for row in largest["models"]] == NAMES[:3]
    assert [row["baseModelId"] for row in rest["models"]] == NAMES[3:]
    assert "nextPageToken" not in body
    assert "nextPageToken" not in rest


@pytest.mark.parametrize("size", ["3", "0000003", "0" * 5000 + "3"])
def test_geminis_sizes_may_begin_with_zeros(client: Client, key: str, size: str) -> None:
    assert ids(gemini(client, key, f"pageSize={size}")) == NAMES[:3]


@pytest.mark.parametrize(
    "query",
    [
        *("pageSize=-1", "pageSize=x", "pageSize=", "pageToken=x", "pageToken=%C3%A9", "pageToken=W10"),
        *("pageToken=bnVsbA", "pageToken=WyJhIiwxXQ", "pageToken=WzEsMl0"),
    ],
)
def test_what_makes_no_sense_to_geminis_clients_is_400(client: Client, key: str, query: str) -> None:
    answer = gemini(client, key, query)

    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


@settings(max_examples=size(30, full=200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(max_size=60))
def test_no_page_token_is_a_fault_of_ours(client: Client, key: str, token: str) -> None:
    answer = client.get("/v1beta/models", {"pageToken": token}, headers={"authorization": f"Bearer {key}"})

    assert answer.status_code in (200, 400)
