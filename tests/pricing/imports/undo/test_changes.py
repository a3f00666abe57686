"""A change is undone as a whole or not at all: fields, rows, relations and prices."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from catalog.db import bulk
from catalog.db.audit import recorded_models
from catalog.db.deletion import delete_with_history
from catalog.db.history import actor_scope
from catalog.error_messages import InputError
from catalog.models import AIModel, AuditEntry, Channel, Offer, Vendor
from catalog.request_id import request_id_scope
from pricing.imports.undo.changes import ALL_TABLES, Change, UndoneChange, undo
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceLine, PriceSheet
from pricing.published.group_rates import write_rates
from tests import world
from tokens.models import AdminKey, Token, TokenGroup, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def request(number: int, actor: str = "anna") -> Any:
    class Both:
        def __enter__(self) -> None:
            self.scopes = [request_id_scope(f"req_{number}"), actor_scope(actor)]
            for scope in self.scopes:
                scope.__enter__()

        def __exit__(self, *error: Any) -> None:
            for scope in reversed(self.scopes):
                scope.__exit__(*error)

    return Both()


def change(number: int, *, is_action: bool = True, **filters: Any) -> Change:
    return Change(AuditEntry.objects.filter(request_id=f"req_{number}", **filters).latest("pk"), is_action=is_action)


def undone(number: int, by: int = 99, **options: Any) -> UndoneChange:
    """Undoes request `number` in request `by`."""
    actor = options.pop("actor", None)
    with request(by, "otto"):
        return undo(change(number, **options), at=timezone.now(), actor=actor)


def refusal(number: int, **options: Any) -> str:
    before = AuditEntry.objects.count()
    with pytest.raises(InputError) as error:
        undone(number, **options)
    assert AuditEntry.objects.count() == before
    return str(error.value)


def test_every_table_with_history_can_be_undone() -> None:
    # A revoked admin key stays revoked, and the addresses and secrets of webhooks are in no history.
    assert {*ALL_TABLES} == {*recorded_models()} - {AdminKey, Webhook}


def test_one_field_gets_its_earlier_value_and_others_stay() -> None:
    model = world.model("gpt-a", series="old", context_length=1)
    with request(1):
        bulk.update_with_history(AIModel.objects.all(), series="new")
    with request(2):
        bulk.update_with_history(AIModel.objects.all(), context_length=2)

    result = undone(1, is_action=False)

    model.refresh_from_db()
    assert (model.series, model.context_length) == ("old", 2)
    row = model.history.latest()
    assert row.history_change_reason.startswith("Undo of the change of model gpt-a by anna, ")
    assert (row.actor, row.request_id) == ("otto", "req_99")
    ((entry, values),) = result.entries
    assert (entry.action, [(value.old, value.new) for value in values]) == ("changed", [("new", "old")])


def test_an_undo_can_be_undone_and_that_again() -> None:
    world.model("gpt-a", series="old")
    with request(1):
        bulk.update_with_history(AIModel.objects.all(), series="new")
    undone(1, by=2)
    undone(2, by=3)
    assert AIModel.objects.get().series == "new"
    undone(3, by=4)
    assert AIModel.objects.get().series == "old"


def test_a_created_row_is_removed_and_comes_back() -> None:
    with request(1):
        channel = Channel.objects.create(slug="east", name="East")
    undone(1, by=2)
    assert not Channel.objects.exists()
    undone(2, by=3)
    assert Channel.objects.get() == channel


def test_a_deleted_channel_comes_back_with_its_offers_and_groups() -> None:
    model = world.model("gpt-a", on="east")
    channel, group = Channel.objects.get(), TokenGroup.objects.get()
    offer = Offer.objects.get()
    assert list(group.channels.all()) == [channel]
    with request(1):
        delete_with_history(Channel.objects.all())
    assert not Offer.objects.exists()

    undone(1, by=2)

    assert list(Offer.objects.values_list("pk", "model", "channel")) == [(offer.pk, model.pk, channel.pk)]
    assert list(group.channels.all()) == [channel]
    undone(2, by=3)
    assert not Channel.objects.exists()
    assert not group.channels.exists()


def test_a_deleted_group_comes_back_with_its_channels_tokens_and_rates() -> None:
    world.model("gpt-a", on=world.channel("east", group="vip"))
    group = TokenGroup.objects.get(slug="vip")
    token, _ = world.token("vip", name="Acme")
    token.first_group = group
    token.save()
    write_rates({group.pk: Decimal("0.5")}, at=timezone.now() - dt.timedelta(days=1))
    with request(1):
        delete_with_history(TokenGroup.objects.filter(pk=group.pk))
    token.refresh_from_db()
    assert token.first_group is None
    assert not token.groups.exists()

    undone(1)

    token.refresh_from_db()
    assert (token.first_group, list(token.groups.all())) == (group, [group])
    assert [channel.slug for channel in group.channels.all()] == ["east"]
    assert GroupRate.objects.get().ratio == Decimal("0.5")


def test_a_successor_comes_back() -> None:
    old, new = world.model("old"), world.model("new")
    old.successor = new
    old.save()
    with request(1):
        delete_with_history(AIModel.objects.filter(pk=new.pk))
    undone(1)
    old.refresh_from_db()
    assert old.successor == new


def test_a_bulk_action_over_three_models_is_undone_whole_or_for_one() -> None:
    for name in ("a", "b", "c"):
        world.model(name)
    with request(1):
        bulk.update_with_history(AIModel.objects.all(), status="draft")
    result = undone(1, by=2)
    assert {*AIModel.objects.values_list("status", flat=True)} == {"published"}
    assert len(result.entries) == 3
    assert AIModel.history.first().history_change_reason.startswith("Undo of the 3 changes by anna, ")
    undone(2, by=3, is_action=False, name="b")
    assert AIModel.objects.get(status="draft").name == "b"


def test_other_people_with_the_same_request_id_are_not_meant() -> None:
    world.model("a")
    world.model("b")
    with request(1, "anna"):
        bulk.update_with_history(AIModel.objects.filter(name="a"), series="new")
    with request(1, "mallory"):
        bulk.update_with_history(AIModel.objects.filter(name="b"), series="new")
    undone(1, actor=None, name="a")
    assert AIModel.objects.get(series="new").name == "b"


def test_relations_are_undone_without_those_that_others_added() -> None:
    group = world.token_group("vip")
    east, west, north = (world.channel(slug, group=None) for slug in ("east", "west", "north"))
    group.channels.set([east])
    with request(1):
        group.channels.set([west])
    with request(2):
        group.channels.add(north)

    undone(1)

    assert {*group.channels.all()} == {east, north}


def test_a_conflict_names_row_person_and_time_and_nothing_is_stored() -> None:
    world.model("a")
    world.model("b")
    with request(1):
        bulk.update_with_history(AIModel.objects.all(), series="new")
    with request(2, "bert"):
        bulk.update_with_history(AIModel.objects.filter(name="b"), series="newer")
    at = AIModel.history.latest().history_date
    assert refusal(1) == (
        f"It cannot be undone, because the series of model b was changed since by bert, {at:%Y-%m-%d %H:%M:%S} UTC."
    )
    assert AIModel.objects.get(name="a").series == "new"


def test_relations_that_somebody_changed_since_are_a_conflict() -> None:
    group, east = world.token_group("vip"), world.channel("east", group=None)
    with request(1):
        group.channels.add(east)
    with request(2, "bert"):
        group.channels.remove(east)
    assert "the channels of group vip were changed since by bert" in refusal(1)


def test_what_others_use_is_not_removed() -> None:
    with request(1):
        channel = Channel.objects.create(slug="east", name="East")
    model = world.model("gpt-a")
    with request(2, "bert"):
        Offer.objects.create(model=model, channel=channel)
    text = refusal(1)
    assert "channel East cannot be removed: offer" in text
    assert "created by bert, " in text


def test_a_name_that_another_row_has_now_is_a_conflict() -> None:
    model = world.model("old")
    with request(1):
        bulk.update_with_history(AIModel.objects.filter(pk=model.pk), name="new")
    world.model("old")
    assert "cannot be undone" in refusal(1)
    assert AIModel.objects.get(pk=model.pk).name == "new"


def test_a_row_that_a_deleted_one_needs_must_exist() -> None:
    model = world.model("gpt-a", on="east")
    with request(1):
        delete_with_history(Offer.objects.all())
    delete_with_history(AIModel.objects.filter(pk=model.pk))
    assert "a model that was deleted since" in refusal(1)


def test_keys_do_not_come_back() -> None:
    token, _ = world.token(name="Acme")
    with request(1):
        token.rotate(grace=dt.timedelta(0), at=timezone.now())
    assert "The rotation of a key cannot be undone" in refusal(1)
    with request(2):
        bulk.update_with_history(Token.objects.all(), enabled=False)
    undone(2, by=3)
    assert Token.objects.get().enabled
    with request(4):
        delete_with_history(Token.objects.all())
    assert "cannot come back: its key is not stored" in refusal(4)


def test_prices_are_ended_and_apply_again() -> None:
    model = world.model("gpt-a")
    old = world.price(model, input="1")
    with request(1):
        new = world.price(model, input="2")
    undone(1, by=2)

    def in_force() -> PriceSheet:
        return PriceSheet.objects.in_force(at=timezone.now()).get()

    new.refresh_from_db()
    assert (in_force(), new.ends_at is None) == (old, False)
    undone(2, by=3)
    assert PriceLine.objects.get(sheet=in_force()).amount == Decimal(2)
    assert in_force().pk not in (old.pk, new.pk)


def test_a_scheduled_price_is_removed_and_does_not_come_back() -> None:
    model = world.model("gpt-a")
    with request(1):
        world.price(model, input="2", starts_at=timezone.now() + dt.timedelta(days=1))
    undone(1, by=2)
    assert not PriceSheet.objects.exists()
    assert "its lines are not in the history" in refusal(2)


def test_a_group_rate_is_followed_by_the_earlier_one() -> None:
    group, now = world.token_group("vip"), timezone.now()
    write_rates({group.pk: Decimal(3)}, at=now - dt.timedelta(days=2))
    with request(1):
        write_rates({group.pk: Decimal(2)}, at=now - dt.timedelta(hours=1))
    undone(1)
    assert list(GroupRate.objects.order_by("starts_at").values_list("ratio", flat=True)) == [3, 2, 3]


def test_a_discount_is_ended_and_applies_again() -> None:
    with request(1):
        DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.9"))
    undone(1, by=2)
    assert DiscountRule.objects.get().ends_at is not None
    undone(2, by=3)
    assert DiscountRule.objects.in_force(at=timezone.now()).get().multiplier == Decimal("0.9")
    assert DiscountRule.objects.count() == 2


def test_a_currency_rate_is_followed_by_the_earlier_one() -> None:
    today = timezone.now().date()
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=today - dt.timedelta(days=9))
    with request(1):
        CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(8), as_of=today - dt.timedelta(days=1))
    undone(1)
    assert CurrencyRate.objects.on_file(on=today)["CNY"].per_usd == 7
    assert CurrencyRate.objects.filter(per_usd=8).exists()


def test_each_table_needs_its_permission() -> None:
    actor = User.objects.create_user("mia", is_staff=True)
    actor.user_permissions.add(Permission.objects.get(codename="change_aimodel"))
    world.model("gpt-a", on="east")
    with request(1):
        bulk.update_with_history(AIModel.objects.all(), series="new")
        bulk.update_with_history(Vendor.objects.filter(slug="openai"), name="Renamed")
    assert refusal(1, actor=actor) == "You do not have permission to change vendors."
    undone(1, actor=actor, is_action=False, kind="catalog.aimodel")


def test_an_unknown_earlier_value_is_not_guessed() -> None:
    world.model("gpt-a", series="old")
    with request(1):
        bulk.update_with_history(AIModel.objects.all(), series="new")
    AIModel.history.filter(history_type="+").delete()
    assert "are no longer in the history" in refusal(1)
