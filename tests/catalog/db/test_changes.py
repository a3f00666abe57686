"""The log of changes names every model that a change is about, or says that it does not know."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import QuerySet

from catalog.db import bulk, changes, revision
from catalog.db.changes import Version
from catalog.models import AIModel, Change, Channel, ModelAlias, Offer, Revision, Vendor
from pricing.models import DiscountRule, GroupRate, PopularModel, PriceLine, PriceSheet
from pricing.usage.totals import Report, record_usage
from tests import world
from tokens.models import TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

YESTERDAY = dt.date(2026, 1, 1)
EVERY_COUNTER = frozenset({"number", "models", "prices", "popularity"})


@pytest.fixture(autouse=True)
def _cast(db: None) -> None:
    for name in ("one", "two", "three"):
        world.price(world.model(name), input="1", output="2")
    ModelAlias.objects.create(name="uno", model=AIModel.objects.get(name="one"))


def key(name: str) -> int:
    return AIModel.objects.get(name=name).pk


def one() -> AIModel:
    return AIModel.objects.get(name="one")


def names_changed(change: Callable[[], object], counters: frozenset[str] = EVERY_COUNTER) -> set[str] | None:
    """The names of the models that the log says the change is about; None: everything."""
    before = dict(AIModel.objects.values_list("pk", "name"))
    since = revision.version()
    change()
    keys = changes.models_changed(since=since, until=revision.version(), counters=counters)
    return None if keys is None else {(before | dict(AIModel.objects.values_list("pk", "name")))[key] for key in keys}


def move_alias() -> None:
    alias = ModelAlias.objects.get()
    alias.model = AIModel.objects.get(name="two")
    alias.save()


WAYS: dict[str, tuple[Callable[[], object], set[str] | None]] = {
    "save": (lambda: one().save(), {"one"}),
    "delete": (lambda: one().delete(), {"one"}),
    "update": (lambda: AIModel.objects.filter(name__in=["one", "two"]).update(description="x"), {"one", "two"}),
    "bulk rows": (lambda: bulk.update_rows([one()], fields=["description"]), {"one"}),
    "bulk delete": (lambda: bulk.delete_rows(list(Offer.objects.filter(model__name="two"))), {"two"}),
    "an offer": (lambda: Offer.objects.filter(model__name="three").update(enabled=False), {"three"}),
    "an offer that moves": (
        lambda: Offer.objects.filter(model__name="three").update(model=AIModel.objects.create(name="new", vendor_id=1)),
        None,
    ),
    "an alias": (lambda: ModelAlias.objects.create(name="dos", model_id=key("two")), {"two"}),
    "an alias that moves": (move_alias, {"one", "two"}),
    "a sheet": (lambda: PriceSheet.objects.create(model=one()), {"one"}),
    "a line": (lambda: PriceLine.objects.filter(sheet__model=key("two")).update(amount=Decimal(3)), {"two"}),
    "a new line": (
        lambda: PriceLine.objects.create(
            sheet=PriceSheet.objects.get(model=key("two")), meter="image", amount=1, unit="image", per=1, position=9
        ),
        {"two"},
    ),
    "lines in bulk": (lambda: bulk.delete_rows(list(PriceLine.objects.filter(sheet__model=key("one")))), {"one"}),
    "a popular model": (lambda: PopularModel.objects.create(model=one()), {"one"}),
    "usage": (
        lambda: record_usage([Report("two", YESTERDAY, 5)], reporter="r", today=YESTERDAY + dt.timedelta(days=1)),
        {"two"},
    ),
    "a vendor": (lambda: Vendor.objects.update(description="New"), None),
    "a channel": (lambda: Channel.objects.set_enabled(False), None),
    "a group's channels": (lambda: TokenGroup.objects.earliest("pk").channels.clear(), None),
    "a group's rate": (lambda: GroupRate.objects.create(group=TokenGroup.objects.earliest("pk"), ratio=2), None),
    "a discount": (lambda: DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.9")), None),
    "nothing": (lambda: None, set()),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_change_names_its_models(way: str) -> None:
    change, expected = WAYS[way]

    assert names_changed(change) == expected


def test_a_new_model_is_named_by_its_offer() -> None:
    assert names_changed(
        lambda: world.model("four", vendor=Vendor.objects.earliest("pk"), on=Channel.objects.get())
    ) == {"four"}


def test_other_counters_are_left_out() -> None:
    assert (
        names_changed(lambda: DiscountRule.objects.create(all_models=True, multiplier=2), frozenset({"models"}))
        == set()
    )
    assert names_changed(lambda: world.price(one(), input="5"), frozenset({"models", "popularity"})) == set()


def test_many_models_are_everything() -> None:
    rows = [AIModel(name=f"m-{n}", vendor=Vendor.objects.earliest("pk")) for n in range(changes.MAX_MODELS + 1)]
    AIModel.objects.bulk_create(rows)

    assert names_changed(lambda: AIModel.objects.update(description="x")) is None


def test_a_number_that_the_log_does_not_have_is_everything() -> None:
    since = revision.version()
    one().save()
    Revision.objects.update(number=since.number + 2)

    assert changes.models_changed(since=since, until=revision.version(), counters=EVERY_COUNTER) is None


def test_a_reader_from_before_a_restored_backup_reads_everything() -> None:
    backup, log = Revision.objects.values().get(), Change.objects.count()
    for _ in range(3):
        one().save()
    since, counters = revision.version(), revision.read()
    # The database is restored, and changed as often as before.
    Change.objects.filter(pk__in=Change.objects.order_by("pk").values("pk")[log:]).delete()
    Revision.objects.update(**backup)
    for _ in range(3):
        one().save()
    now = revision.version()

    assert now.number == since.number
    assert now.epoch != since.epoch
    assert revision.read().models != counters.models
    assert changes.models_changed(since=since, until=now, counters=EVERY_COUNTER) is None
    one().save()
    assert changes.models_changed(since=since, until=revision.version(), counters=EVERY_COUNTER) is None
    assert changes.models_changed(since=now, until=revision.version(), counters=EVERY_COUNTER) == frozenset(
        {key("one")}
    )


def test_a_reader_that_is_ahead_or_new_reads_everything() -> None:
    before = revision.version()
    one().save()
    now = revision.version()

    assert changes.models_changed(since=now, until=before, counters=EVERY_COUNTER) is None
    assert changes.models_changed(since=Version(0, 0), until=now, counters=EVERY_COUNTER) is None


def test_old_numbers_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "STORED_NUMBERS", 3)
    monkeypatch.setattr(changes, "PRUNED_EVERY", 1)
    versions = [revision.version()]
    for _ in range(5):
        one().save()
        versions.append(revision.version())

    assert Change.objects.values("number").distinct().count() == 3
    assert changes.models_changed(since=versions[0], until=versions[5], counters=EVERY_COUNTER) is None
    assert changes.models_changed(since=versions[3], until=versions[5], counters=EVERY_COUNTER) == frozenset(
        {key("one")}
    )


def move(row: PriceSheet | Offer) -> None:
    row.model = AIModel.objects.create(name="four", vendor_id=one().vendor_id)
    row.save()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        (Offer, lambda row: Offer.objects.filter(pk=row.pk).update(enabled=False)),
        (Offer, move),
        (Offer, lambda row: Offer.objects.get(pk=row.pk).delete()),
        (Offer, lambda row: bulk.delete_rows([row])),
        (Offer, lambda row: bulk.update_rows([row], fields=["enabled"])),
        (PriceSheet, move),
        (PriceSheet, lambda row: PriceLine.objects.filter(sheet=row.pk).update(amount=Decimal(3))),
        (PriceSheet, lambda row: PriceLine.objects.create(sheet_id=row.pk, position=9, amount=1)),
    ],
)
def test_a_change_is_also_about_models_that_the_writer_before_it_moved_rows_to(
    monkeypatch: pytest.MonkeyPatch, table: Any, change: Callable[[Any], object]
) -> None:
    """The other writer commits while this one waits for it."""
    row = table.objects.get(model=key("one"))
    raise_it, moved = revision._raise, AIModel.objects.create(name="new", vendor_id=one().vendor_id).pk

    def wait_and_raise(counter: str) -> Version:
        # A queryset without the manager raises nothing.
        QuerySet(table).filter(pk=row.pk).update(model=moved)
        return raise_it(counter)

    monkeypatch.setattr(revision, "_raise", wait_and_raise)

    assert "new" in (names_changed(lambda: change(row)) or ())
