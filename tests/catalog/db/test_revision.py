"""Every change that a reader could see raises the revision in the writer's transaction, and nothing else does."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.db import bulk, revision
from catalog.models import AIModel, Channel, EndpointType, ModelAlias, Offer, Revision, Vendor
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PopularModel, PriceLine, PriceSheet
from tests import world
from tokens.models import Token, TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture(autouse=True)
def _cast(db: None) -> None:
    model = world.model("gpt-4o")
    world.price(model, input="2.5", output="10")
    PopularModel.objects.create(model=model)
    world.rate(world.token_group(), "0.9")
    ModelAlias.objects.create(name="gpt-latest", model=model)
    world.channel("spare", group=None)
    world.model("draft", status="draft", on=None)
    EndpointType.objects.get_or_create(name="seldom", defaults={"path": "/seldom"})


def model() -> AIModel:
    return AIModel.objects.get(name="gpt-4o")


def group() -> TokenGroup:
    return TokenGroup.objects.get(slug="default")


WAYS: dict[str, Callable[[], object]] = {
    "save": lambda: model().save(),
    "save one field": lambda: model().save(update_fields=["description"]),
    "create": lambda: Vendor.objects.create(slug="new", name="New"),
    "get_or_create": lambda: world.vendor("newer"),
    "update_or_create": lambda: Vendor.objects.update_or_create(slug="openai", defaults={"name": "Open AI"}),
    "delete": lambda: model().delete(),
    "delete a cascade's end": lambda: Offer.objects.get().delete(),
    "queryset update": lambda: AIModel.objects.update(description="new"),
    "queryset delete": lambda: Offer.objects.all().delete(),
    "bulk_create": lambda: Vendor.objects.bulk_create([Vendor(slug="a", name="A")]),
    "bulk_create that updates": lambda: Vendor.objects.bulk_create(
        [Vendor(slug="openai", name="B")], update_conflicts=True, unique_fields=["slug"], update_fields=["name"]
    ),
    "bulk_update": lambda: AIModel.objects.bulk_update([model()], ["description"]),
    "related manager: create": lambda: model().aliases.create(name="other"),
    "related manager: update": lambda: model().offers.update(enabled=False),
    "related manager: add": lambda: AIModel.objects.get(name="draft").offers.add(Offer.objects.get()),
    "related manager: add, nullable": lambda: model().predecessors.add(AIModel.objects.get(name="draft")),
    "m2m add": lambda: group().channels.add(Channel.objects.get(slug="spare")),
    "m2m remove": lambda: group().channels.remove(Channel.objects.get(slug="main")),
    "m2m set": lambda: group().channels.set(Channel.objects.filter(slug="spare")),
    "m2m clear": lambda: group().channels.clear(),
    "m2m from the other side": lambda: Channel.objects.get(slug="spare").groups.add(group()),
    "publish": lambda: AIModel.objects.set_status("published"),
    "disable channels": lambda: Channel.objects.set_enabled(False),
    "disable offers": lambda: Offer.objects.set_enabled(False),
    "bulk: update": lambda: bulk.update_with_history(AIModel.objects.all(), description="new"),
    "bulk: rows": lambda: bulk.update_rows([model()], fields=["description"]),
    "bulk: create": lambda: bulk.create_rows([Vendor(slug="b", name="B")]),
    "a sheet": lambda: PriceSheet.objects.create(model=model()),
    "a line": lambda: PriceLine.objects.update(amount=Decimal(3)),
    "a line deleted": lambda: PriceLine.objects.all().delete(),
    "a group's rate": lambda: GroupRate.objects.get().save(),
    "a discount": lambda: DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.9")),
    "a currency's rate": lambda: CurrencyRate.objects.create(currency="CNY", per_usd=7, as_of=dt.date(2026, 1, 1)),
    "a popular model": lambda: PopularModel.objects.all().delete(),
    "an endpoint type": lambda: EndpointType.objects.filter(name="seldom").update(path="/other"),
    "an alias": lambda: ModelAlias.objects.get().delete(),
    "a group": lambda: TokenGroup.objects.create(slug="vip", label="VIP"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_kind_of_change_raises_it(way: str) -> None:
    before = revision.current()

    WAYS[way]()

    assert revision.current() > before


@pytest.mark.parametrize("way", WAYS)
def test_a_rolled_back_transaction_does_not_raise_it(way: str) -> None:
    before = revision.current()

    with transaction.atomic():
        WAYS[way]()
        transaction.set_rollback(True)

    assert revision.current() == before


@pytest.mark.parametrize("way", WAYS)
def test_it_is_raised_before_any_row_is_written(way: str) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        WAYS[way]()

    writes = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert Revision._meta.db_table in writes[0]


def test_reading_raises_nothing() -> None:
    before = revision.current()

    list(AIModel.objects.select_related("vendor").prefetch_related("offers__channel__groups", "aliases", "sheets"))
    list(PriceLine.objects.values_list("amount"))
    model().offers.count()
    world.vendor()
    group().channels.set(list(group().channels.all()))

    assert revision.current() == before


def test_a_token_does_not_raise_it() -> None:
    before = revision.current()

    token, _ = world.token()
    token.groups.clear()
    token.save()
    Token.objects.filter(pk=token.pk).delete()

    assert revision.current() == before


def test_the_first_change_creates_a_missing_row() -> None:
    Revision.objects.all().delete()

    assert revision.current() == 0
    world.vendor("first")
    assert revision.current() >= 1


def test_there_is_only_one_row() -> None:
    with pytest.raises(Exception, match="catalog_revision_one_row"), transaction.atomic():
        Revision.objects.create(pk=2)
