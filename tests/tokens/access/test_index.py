"""The catalog in memory says after every change what the database says, and never what a reader's snapshot does not."""

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.db import revision
from catalog.exact import write_json
from catalog.models import AIModel, Channel, CodexProfile, ModelAlias, Offer, Revision, Vendor
from catalog.models.facts import ModelFacts
from tests import world
from tokens.access.index import INDEX, Masks
from tokens.access.listed_models import sort_key
from tokens.access.visibility import Listing, PriceListing, aliases_for, in_reach, permitted
from tokens.dialects import DIALECTS
from tokens.models import TokenGroup
from tokens.scope import Scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
DATES = (None, None, TODAY, TODAY + dt.timedelta(days=1), TODAY - dt.timedelta(days=1))
PATTERNS = (
    "m-*", "*1*", "m-3", "nick-2", "id:m-4", "vendor:b*", "tag:x", "endpoint:gemini", "series:s*", "n*k-*", "w-*",
    "modality:image",
)  # fmt: skip
WRITES = 30


def build(dice: random.Random) -> None:
    for slug in ("a", "b"):
        world.vendor(slug)
    for slug, group in (("east", "default"), ("west", "vip"), ("north", "default")):
        world.channel(slug, group=group)
    for number in range(12):
        create_model(dice, f"m-{number}")
    create_model(dice, "w-*")


def create_model(dice: random.Random, name: str) -> None:
    world.model(
        name,
        on=dice.choice(["east", "west", "north"]),
        vendor=dice.choice(Vendor.objects.order_by("slug")),
        series=dice.choice(["", "s1"]),
        tags=dice.choice([[], ["x"]]),
        input_modalities=dice.choice([[], ["text", "image"]]),
        released_on=dice.choice([None, dt.date(2026, 1, 1), dt.date(1965, 1, 1)]),
        retires_on=dice.choice(DATES),
        deprecated_on=None,
        supported_endpoint_types=dice.choice([["openai"], ["gemini", "openai"]]),
    )


def write(dice: random.Random) -> None:
    """One change of the kinds that operators make, by every way of writing."""
    model = dice.choice(AIModel.objects.order_by("pk"))
    chosen = AIModel.objects.filter(pk=model.pk)
    offers = Offer.objects.filter(model=model)
    channel, group = dice.choice(Channel.objects.order_by("pk")), dice.choice(TokenGroup.objects.order_by("pk"))
    number = dice.randrange(10**6)
    writes: tuple[Callable[[], object], ...] = (
        lambda: chosen.set_status(dice.choice(["draft", "published"])),
        lambda: chosen.set_in_price_list(dice.choice([True, False])),
        lambda: save(model, retires_on=dice.choice(DATES), display_name=f"Model {number}"),
        lambda: save(model, default_parameters={"temperature": dice.choice([1, Decimal("1.0"), Decimal("0.5")])}),
        lambda: save(model, vendor=dice.choice(Vendor.objects.order_by("slug"))),
        lambda: save(model, name=f"m-{number}", released_on=dice.choice([None, TODAY])),
        lambda: save(model, reasoning_levels=dice.choice([[], ["low"], ["low", "high"]])),
        lambda: CodexProfile.objects.update_or_create(model=model, defaults={"instructions": f"Do {number}."}),
        lambda: CodexProfile.objects.filter(model=model).delete(),
        lambda: offers.set_enabled(dice.choice([True, False])),
        lambda: offers.delete(),
        lambda: Offer.objects.get_or_create(model=model, channel=channel),
        lambda: Offer.objects.update(enabled=True),
        lambda: ModelAlias.objects.update_or_create(name=f"nick-{number % 5}", defaults={"model": model}),
        lambda: ModelAlias.objects.filter(model=model).delete(),
        lambda: save(channel, enabled=dice.choice([True, False])),
        lambda: group.channels.set(dice.sample(list(Channel.objects.order_by("pk")), 2)),
        lambda: save(dice.choice(Vendor.objects.order_by("slug")), name=f"Vendor {number}", slug=f"b{number}"),
        lambda: create_model(dice, f"m-{number}"),
        lambda: model.delete(),
        lambda: world.price(model, input="1"),
    )
    dice.choice(writes)()


def save(row: Any, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


def random_scope(dice: random.Random) -> Scope:
    groups = [group.pk for group in TokenGroup.objects.order_by("pk")]
    return Scope(
        groups=tuple(dice.sample(groups, dice.randint(0, len(groups)))),
        allow=dice.choice([None, (), ("m-1", "nick-3"), tuple(dice.sample(PATTERNS, 3))]),
        deny=tuple(dice.sample(PATTERNS, dice.choice([0, 0, 1]))),
    )


def by_sql(scope: Scope, *, retired: bool) -> list[AIModel]:
    rows = in_reach(scope, at=NOW) if retired else in_reach(scope, at=NOW).not_retired(on=TODAY)
    return sorted(permitted(rows, scope, aliases_for(scope)), key=sort_key)


@pytest.mark.parametrize("seed", range(2))
def test_lists_after_random_changes_are_those_of_the_database(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    build(dice)
    scopes = [random_scope(dice) for _ in range(3)]

    for _ in range(WRITES):
        write(dice)
        for scope in (dice.choice(scopes), random_scope(dice)):
            retired = dice.random() < 0.3
            expected, listing = by_sql(scope, retired=retired), Listing(scope, NOW)
            listed = listing.listed(retired=retired)
            for dialect in DIALECTS:
                rows = dialect.rows(listed, on=TODAY)
                assert rows == [write_json(dialect.model_body(row, on=TODAY)) for row in expected]
            assert listing.models(retired=retired) == expected
            in_price_list = [row.pk for row in expected if row.in_price_list]
            assert [row.pk for row in PriceListing(scope, NOW).visible(retired=retired)] == in_price_list
            places = {row.name: sort_key(row) for row in by_sql(scope, retired=True)}
            names = ("m-1", "nick-1", *(row.name for row in expected[:2]))
            assert [listing.position(name) for name in names] == [places.get(name) for name in names]


def test_a_hidden_model_is_the_only_one_that_is_read_again() -> None:
    for number in range(5):
        world.model(f"m-{number}")
    listing = Listing(Scope(groups=(world.token_group().pk,)), NOW)
    before = {model.name: model for model in listing.listed()}
    AIModel.objects.filter(name="m-3").set_status("draft")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        after = {model.name: model for model in listing.listed()}

    assert sorted(after) == ["m-0", "m-1", "m-2", "m-4"]
    assert all(after[name] is before[name] for name in after)
    # The counters, the log, the starts, and the offers, aliases, vendors and row of one model, which is none.
    assert len([query for query in queries if "SELECT" in query["sql"]]) <= 7


@pytest.mark.parametrize(
    ("path", "next_page"),
    [
        ("/v1beta/models?pageSize=3", lambda body: "nextPageToken" in body and f"&pageToken={body['nextPageToken']}"),
        ("/anthropic/v1/models?limit=3", lambda body: body["has_more"] and f"&after_id={body['last_id']}"),
    ],
)
def test_a_walk_through_all_pages_reads_the_catalog_once(
    client: Client, path: str, next_page: Callable[[Any], str | bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        world.model(f"m-{number}")
    headers, rendered = {"authorization": f"Bearer {world.key()}"}, list[str]()
    for dialect in DIALECTS:

        def render(model: ModelFacts, *, on: dt.date, render: Any = dialect.model_body) -> Any:
            rendered.append(model.name)
            return render(model, on=on)

        monkeypatch.setattr(dialect, "model_body", render)
    body = client.get(path, headers=headers).json()
    pages = 1
    while more := next_page(body):
        with CaptureQueriesContext(connection) as queries:
            body = client.get(f"{path}{more}", headers=headers).json()
        pages += 1
        assert len([query for query in queries if query["sql"].startswith("SELECT")]) == 1  # the token

    assert pages == 4
    assert sorted(rendered) == [f"m-{number}" for number in range(10)]


def test_a_price_and_an_equal_row_render_nothing_again() -> None:
    model = world.model("m-1")
    listing = Listing(Scope(groups=(world.token_group().pk,)), NOW)
    before = listing.listed()
    world.price(model, input="1")
    assert listing.listed() is before

    save(world.vendor(), description="Makes models.")
    assert listing.listed()[0] is before[0]


def test_a_reader_gets_the_state_of_its_own_counters() -> None:
    world.model("m-1")
    scope = Scope(groups=(world.token_group().pk,))
    earlier, old_state = revision.read(), INDEX.state()
    world.model("m-2")
    new_state = INDEX.state()

    assert INDEX.peek(earlier) is old_state
    assert INDEX.peek() is new_state
    assert [len(state.visible(scope, at=NOW)) for state in (old_state, new_state)] == [1, 2]


def test_after_a_backup_is_restored_the_catalog_is_read_once() -> None:
    world.model("m-1")
    backup = Revision.objects.values().get()
    for number in range(2, 5):
        world.model(f"m-{number}")
        INDEX.state()
    # The database is restored; the states in memory have higher numbers.
    QuerySet(AIModel).exclude(name="m-1").delete()
    Revision.objects.update(**backup)

    restored = INDEX.state()

    assert INDEX.peek() is restored
    world.model("m-5")
    assert INDEX.state().models[0] is restored.models[0]
    assert INDEX.peek() is INDEX.state()


def test_what_a_transaction_has_not_committed_is_not_stored() -> None:
    world.model("m-1")
    listing = Listing(Scope(groups=(world.token_group().pk,)), NOW)
    with transaction.atomic():
        world.model("m-2")
        assert [model.name for model in listing.listed()] == ["m-1", "m-2"]
        transaction.set_rollback(True)
    world.model("m-3")

    assert [model.name for model in listing.listed()] == ["m-1", "m-3"]


def test_slots_of_changed_models_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokens.access.index.MAX_CHANGED", 4)
    model = world.model("m-1")
    listing = Listing(Scope(groups=(world.token_group().pk,), deny=("x-*",)), NOW)
    for number in range(30):
        save(model, display_name=f"Model {number}")
        assert [listed.display_name for listed in listing.listed()] == [f"Model {number}"]

    masks = INDEX.state().masks
    assert isinstance(masks, Masks)
    assert len(masks.models) < 10


def test_a_damaged_model_breaks_no_list_without_it(client: Client) -> None:
    world.model("sound", on="east")
    world.model("damaged", on=world.channel("west", group="vip"))
    AIModel.objects.filter(name="damaged").update(capabilities=5, supported_endpoint_types=5)

    response = client.get("/v1/models", headers={"authorization": f"Bearer {world.key('default')}"})

    assert [row["id"] for row in response.json()["data"]] == ["sound"]
