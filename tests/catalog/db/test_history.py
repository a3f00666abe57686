"""The history of every curated model has who changed which field from what to what, and in which request."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from simple_history.models import registered_models
from simple_history.utils import get_history_manager_for_model

from catalog.db import bulk
from catalog.db.import_context import reason_scope
from catalog.models import AIModel, Channel, CodexProfile, EndpointType, FieldPin, ModelAlias, Offer, Source, Vendor
from catalog.request_id import request_id_scope
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PopularModel, PriceSheet, UsageReporter
from tests import world
from tokens.models import AdminKey, ModelRelease, Token, TokenGroup, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CURATED: dict[type[Any], tuple[Callable[[], Any], str, Any]] = {
    Vendor: (world.vendor, "name", "Open AI"),
    EndpointType: (lambda: EndpointType.objects.get_or_create(name="seldom", defaults={"path": "/a"})[0], "path", "/b"),
    Channel: (world.channel, "enabled", False),
    AIModel: (world.model, "description", "new"),
    ModelAlias: (lambda: ModelAlias.objects.create(name="latest", model=world.model()), "name", "newest"),
    CodexProfile: (
        lambda: CodexProfile.objects.create(model=world.model(), instructions="You are Codex."),
        "patch_tool",
        "",
    ),
    Offer: (lambda: world.model().offers.get(), "enabled", False),
    Source: (lambda: Source.objects.create(slug="ours", name="Ours"), "policy", "apply_safe"),
    TokenGroup: (world.token_group, "label", "Everybody"),
    Token: (lambda: world.token()[0], "note", "new"),
    AdminKey: (lambda: world.admin_key()[0], "name", "Other shop"),
    GroupRate: (lambda: world.rate(world.token_group(), 1), "ratio", 2),
    DiscountRule: (lambda: DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.9")), "reason", "winter"),
    CurrencyRate: (
        lambda: CurrencyRate.objects.create(currency="CNY", per_usd=Decimal("7.3"), as_of=dt.date(2026, 1, 1)),
        "per_usd",
        Decimal("7.25"),
    ),
    FieldPin: (lambda: FieldPin.objects.create(model=world.model(), field="series", reason="ours"), "reason", "mine"),
    ModelRelease: (
        lambda: ModelRelease.objects.create(model=world.model(), group=world.token_group()),
        "starts_at",
        dt.datetime(2027, 1, 1, tzinfo=dt.UTC),
    ),
    Webhook: (lambda: Webhook.objects.create(url="https://hooks.example.com/modelbook"), "note", "new"),
    PopularModel: (lambda: PopularModel.objects.create(model=world.model()), "position", 7),
}


def newest(row: Any) -> Any:
    return row.history.order_by("-history_id").first()


@pytest.mark.parametrize("model", CURATED, ids=lambda model: model.__name__)
def test_a_change_is_stored_with_its_fields_and_request(model: type[Any]) -> None:
    make, field, value = CURATED[model]
    row = make()
    old = getattr(row, field)

    setattr(row, field, value)
    with request_id_scope("req_" + "a" * 24):
        row.save()

    record = newest(row)
    changes = {change.field: (change.old, change.new) for change in record.diff_against(record.prev_record).changes}
    assert changes[field] == (old, value)
    assert set(changes) <= {field, "updated_at"}
    assert (record.history_type, record.request_id) == ("~", "req_" + "a" * 24)


@pytest.mark.parametrize("model", CURATED, ids=lambda model: model.__name__)
def test_a_deleted_row_stays_in_the_history(model: type[Any]) -> None:
    row = CURATED[model][0]()
    key = row.pk

    row.delete()

    kinds = (
        get_history_manager_for_model(model)
        .filter(id=key)
        .order_by("history_id")
        .values_list("history_type", flat=True)
    )
    assert list(kinds)[:: len(kinds) - 1] == ["+", "-"]


def test_every_table_that_people_curate_is_in_this_list() -> None:
    tracked = {
        model for model in registered_models.values() if model._meta.app_label in {"catalog", "tokens", "pricing"}
    }

    # These are written once; the tables of relations belong to the row of the relation.
    relations = {model for model in tracked if model._meta.auto_created}
    assert tracked - set(CURATED) - relations == {PriceSheet, UsageReporter}


def test_a_change_in_the_admin_names_the_actor_and_the_request(client: Client) -> None:
    boss = User.objects.create_superuser("boss", password="secret")
    client.force_login(boss)
    vendor = world.vendor()

    page = client.get(f"/admin/catalog/vendor/{vendor.pk}/change/")
    form = page.context["adminform"].form
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    data = {name: ", ".join(value) if isinstance(value, list) else value or "" for name, value in data.items()}
    answer = client.post(f"/admin/catalog/vendor/{vendor.pk}/change/", data | {"name": "Open AI"})

    assert answer.status_code == 302, answer.context["adminform"].form.errors
    record = newest(vendor)
    assert (record.history_user, record.name, record.request_id) == (boss, "Open AI", answer["x-request-id"])


@pytest.mark.parametrize("reason", ["", "an incident"])
def test_bulk_changes_keep_a_row_each(reason: str) -> None:
    for name in "abc":
        world.model(name)

    with request_id_scope("req_bulk"):
        bulk.update_with_history(AIModel.objects.all(), reason=reason, status="draft")

    for model in AIModel.objects.all():
        record = newest(model)
        changed = {change.field for change in record.diff_against(record.prev_record).changes}
        assert "status" in changed
        assert (record.request_id, record.history_change_reason or "") == ("req_bulk", reason)
        assert model.updated_at >= record.prev_record.updated_at


def test_an_unchanged_row_writes_no_history_in_bulk() -> None:
    model = world.model()
    before = model.history.count()

    assert AIModel.objects.set_status("published") == 0
    assert model.history.count() == before


def test_a_groups_channels_are_in_its_history() -> None:
    group = world.token_group()
    group.channels.add(world.channel("east", group=None))

    record = newest(group)
    assert {change.field for change in record.diff_against(record.prev_record).changes} == {"channels"}


def test_a_tokens_history_has_no_digest() -> None:
    token, key = world.token()
    token.note = "changed"
    token.save()

    columns = {field.name for field in newest(token)._meta.get_fields()}
    assert not {"digest", "pepper"} & columns
    assert token.digest not in str(list(token.history.values()))
    assert key not in str(list(token.history.values()))


def test_changes_without_a_reason_have_that_of_their_block() -> None:
    channel, other = world.channel(), world.channel("other")
    with reason_scope("The contract ends."):
        Channel.objects.filter(pk=channel.pk).set_enabled(False)
        other.note = "closed"
        other.save()
        bulk.update_with_history(Channel.objects.filter(pk=other.pk), reason="its own", weight=2)
    channel.save()

    assert newest(channel).history_change_reason in (None, "")
    assert [row.history_change_reason for row in channel.history.order_by("history_id")][1] == "The contract ends."
    assert [row.history_change_reason for row in other.history.order_by("history_id")][1:] == [
        "The contract ends.",
        "its own",
    ]
