"""Rows that are rendered again only for changed models are those that everything rendered again gives."""

import datetime as dt
import random
from collections.abc import Callable, Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import caches
from catalog.db import revision
from catalog.models import AIModel, Channel, EndpointType, ModelAlias, Offer, Vendor
from pricing.export.formats import FORMATS
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PopularModel, PriceSheet
from pricing.published import rows
from pricing.published.rows import Reading
from pricing.usage.totals import Report, record_usage
from tests import world
from tests.sizes import size
from tokens.access.visibility import PriceListing, public_scope
from tokens.models import TokenGroup
from tokens.scope import Scope

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
STEPS = 12


@pytest.fixture(autouse=True)
def _clock(time_machine: Any) -> None:
    time_machine.move_to(START, tick=False)


class Operator:
    """Makes random changes of everything that a price list depends on."""

    def __init__(self, seed: int, clock: Any) -> None:
        self.random, self.clock = random.Random(seed), clock  # noqa: S311
        for index in range(8):
            vendor = world.vendor(f"vendor-{index % 3}")
            model = world.model(f"model-{index}", vendor=vendor, series=f"series-{index % 2}")
            world.price(model, role="list" if index % 2 else "sell", input=str(index + 1), output="9")
        world.token_group("vip", is_public=True).channels.add(Channel.objects.get())
        self.steps: list[Callable[[], object]] = [
            self.price, self.price, self.price, self.schedule, self.end, self.withdraw, self.discount, self.group_rate,
            self.currency_rate, self.hide, self.unpublish, self.rename, self.delete, self.create, self.retire,
            self.offer, self.move_offer, self.channel, self.group, self.alias, self.vendor, self.pin, self.usage,
            self.wait, self.wait, self.endpoint_types, self.bulk,
        ]  # fmt: skip

    def change(self) -> None:
        self.random.choice(self.steps)()

    def model(self) -> AIModel:
        return self.random.choice(list(AIModel.objects.order_by("pk")))

    def price(self, starts_at: dt.datetime | None = None) -> None:
        role, currency = self.random.choice(["list", "sell"]), self.random.choice(["USD", "USD", "CNY"])
        sheet = PriceSheet.objects.create(
            model=self.model(), role=role, currency=currency, starts_at=starts_at or timezone.now()
        )
        for meter in self.random.sample(["input", "output", "input.cache_read", "web_search"], 3):
            world.line(sheet, meter, str(self.random.randrange(1, 99)))

    def schedule(self) -> None:
        self.price(timezone.now() + dt.timedelta(hours=self.random.randrange(1, 72)))

    def end(self) -> None:
        now = timezone.now()
        at = now + dt.timedelta(hours=self.random.randrange(30))
        PriceSheet.objects.filter(model=self.model()).end(at=at, now=now)

    def withdraw(self) -> None:
        PriceSheet.objects.filter(model=self.model()).withdraw(now=timezone.now())

    def discount(self) -> None:
        target: Any = self.random.choice(
            [
                {"model": self.model()},
                {"series": "series-1"},
                {"vendor": world.vendor("vendor-2")},
                {"all_models": True},
            ]
        )
        start = timezone.now() + dt.timedelta(hours=self.random.choice([0, 20]))
        DiscountRule.objects.create(
            multiplier=Decimal(self.random.randrange(1, 9)) / 10,
            starts_at=start,
            ends_at=start + dt.timedelta(days=2),
            **target,
        )

    def group_rate(self) -> None:
        start = timezone.now() + dt.timedelta(minutes=self.random.randrange(5000))
        GroupRate.objects.create(
            group=self.random.choice(TokenGroup.objects.all()), ratio=Decimal("1.5"), starts_at=start
        )

    def currency_rate(self) -> None:
        day = timezone.now().date() + dt.timedelta(days=self.random.randrange(3))
        CurrencyRate.objects.update_or_create(
            currency="CNY", as_of=day, defaults={"per_usd": Decimal(self.random.randrange(5, 9))}
        )

    def hide(self) -> None:
        model = self.model()
        AIModel.objects.filter(pk=model.pk).set_in_price_list(not model.in_price_list)

    def unpublish(self) -> None:
        AIModel.objects.filter(pk=self.model().pk).set_status(self.random.choice(["draft", "published"]))

    def rename(self) -> None:
        model = self.model()
        model.name = f"renamed-{self.random.randrange(10**6)}"
        model.save()

    def delete(self) -> None:
        if AIModel.objects.count() > 3:
            self.model().delete()

    def create(self) -> None:
        world.price(world.model(f"created-{self.random.randrange(10**6)}"), input="3", output="4")

    def retire(self) -> None:
        model = self.model()
        day = timezone.now().date() + dt.timedelta(days=self.random.randrange(4))
        model.deprecated_on, model.retires_on = day, day + dt.timedelta(days=1)
        model.save()

    def offer(self) -> None:
        offer = Offer.objects.filter(model=self.model()).first()
        if offer is not None:
            offer.enabled = not offer.enabled
            offer.save()

    def move_offer(self) -> None:
        offer = Offer.objects.filter(model=self.model()).first()
        model = self.model()
        if offer is not None and not Offer.objects.filter(model=model, channel=offer.channel).exists():
            offer.model = model
            offer.save()

    def channel(self) -> None:
        channel = world.channel("second", group="vip")
        channel.enabled = not channel.enabled
        channel.save()
        Offer.objects.get_or_create(model=self.model(), channel=channel)

    def group(self) -> None:
        group = world.token_group("vip")
        group.is_public = not group.is_public
        group.save()

    def alias(self) -> None:
        ModelAlias.objects.create(name=f"alias-{self.random.randrange(10**6)}", model=self.model())

    def vendor(self) -> None:
        Vendor.objects.filter(slug="vendor-1").update(name=f"Vendor {self.random.randrange(99)}")

    def endpoint_types(self) -> None:
        EndpointType.objects.get_or_create(name="anthropic", defaults={"path": "/v1/messages"})
        model = self.model()
        model.supported_endpoint_types = ["openai", "anthropic"]
        model.save()

    def pin(self) -> None:
        PopularModel.objects.get_or_create(model=self.model())

    def usage(self) -> None:
        today = timezone.now().date()
        report = Report(self.model().name, today - dt.timedelta(days=1), self.random.randrange(99))
        record_usage([report], reporter="gateway", today=today)

    def wait(self) -> None:
        self.clock.move_to(timezone.now() + dt.timedelta(hours=self.random.randrange(1, 40)), tick=False)

    def bulk(self) -> None:
        AIModel.objects.filter(series="series-1").update(series="series-1")


def readings() -> list[Reading]:
    """What visitors and keys with patterns read."""
    now, counters, visitor = timezone.now(), revision.read(), public_scope()
    scopes = (
        visitor,
        replace(visitor, deny=("model-1", "alias-*")),
        Scope(visitor.groups, allow=("model-2", "model-3")),
    )
    return [Reading(scope, now, counters) for scope in scopes]


@pytest.mark.parametrize("seed", range(size(3, full=200)))
def test_changed_rows_give_the_list_that_all_rows_give(seed: int, time_machine: Any) -> None:
    operator = Operator(seed, time_machine)
    forms = [form for form in FORMATS.values() if form.name != "yaml"]
    for _ in range(STEPS):
        for reading in readings():
            for form in operator.random.sample(forms, 3):
                stored, whole = form.render(reading), form.render(replace(reading, is_now=False))
                assert bytes(stored) == bytes(whole), form.name
        operator.change()


def test_an_edited_price_renders_one_model(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    models = [world.model(f"model-{index}") for index in range(5)]
    for model in models:
        world.price(model, input="1", output="2")
    client.get("/api/pricing")
    read: list[int] = []
    models_in_reach = PriceListing.models_in_reach

    def record(listing: PriceListing, keys: Collection[int]) -> list[AIModel]:
        read.extend(keys)
        return models_in_reach(listing, keys)

    monkeypatch.setattr(PriceListing, "models_in_reach", record)

    world.price(models[2], starts_at=START, input="3", output="4")
    data = {row["model_name"]: row["model_ratio"] for row in client.get("/api/pricing").json()["data"]}

    assert data == {"model-0": 0.5, "model-1": 0.5, "model-2": 1.5, "model-3": 0.5, "model-4": 0.5}
    assert read == [models[2].pk]


def test_an_edited_token_renders_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    world.price(world.model(), input="1", output="2")
    client.get("/api/pricing")
    monkeypatch.setattr(PriceListing, "models_in_reach", None)

    world.key()

    assert client.get("/api/pricing").status_code == 200


def test_more_models_than_one_batch_are_all_listed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "BATCH", 2)
    for index in range(5):
        world.price(world.model(f"model-{index}"), input="1", output="2")

    assert [row["model_name"] for row in client.get("/api/pricing").json()["data"]] == [f"model-{i}" for i in range(5)]


@pytest.mark.parametrize("address", ["/api/pricing", "/api/export/litellm.json", "/api/ratio_config"])
def test_a_price_list_after_an_edit_costs_the_same_queries_however_long_it_is(client: Client, address: str) -> None:
    counts = []
    for number in (1, 30):
        caches.clear_all()
        for index in range(number):
            model = world.model(f"model-{number}-{index}")
            world.price(model, input="1", output="2")
        client.get(address)
        world.price(model, starts_at=START + dt.timedelta(seconds=number), input="2", output="2")
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 22
