"""Events of models, whoever changes them and however many at once."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from catalog.db.bulk import create_rows, delete_rows, update_rows
from catalog.db.deletion import delete_with_history
from catalog.models import AIModel
from pricing.impact.observing import observe, preview
from tests import world
from tests.events import stored_events, subscribe, take_events
from tokens.models import TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CONTEXT = {"model": "gpt-4o", "vendor": "openai", "groups": ["default"]}


@pytest.fixture
def model() -> AIModel:
    model = world.model(vendor=world.vendor())
    subscribe()
    return model


def test_a_new_model_is_added_with_the_groups_that_reach_it_at_the_end_of_the_change() -> None:
    channel, vendor = world.channel(), world.vendor()
    subscribe()

    with observe(at=timezone.now()):
        model = AIModel.objects.create(name="gpt-4o", vendor=vendor, status="published", retires_on=dt.date(2030, 1, 2))
        model.offers.create(channel=channel)

    data = {
        **CONTEXT,
        "display_name": "",
        "status": "published",
        "starts_at": None,
        "deprecated_on": None,
        "retires_on": "2030-01-02",
        "successor": None,
    }
    assert stored_events() == [("model.added", data)]


def test_a_change_has_the_old_and_the_new_value_of_each_field(model: AIModel) -> None:
    other = world.model("gpt-5", vendor=world.vendor("anthropic"))
    take_events()

    model.context_length, model.tags, model.successor, model.vendor = 8, ["new"], other, other.vendor
    model.default_parameters = {"temperature": 1}
    model.save()

    changes = {
        "vendor": {"old": "openai", "new": "anthropic"},
        "tags": {"old": [], "new": ["new"]},
        "context_length": {"old": None, "new": 8},
        "default_parameters": {"old": {}, "new": {"temperature": 1}},
        "successor": {"old": None, "new": "gpt-5"},
    }
    context = {**CONTEXT, "vendor": "anthropic"}
    assert stored_events() == [("model.changed", {**context, "status": "published", "changes": changes})]


def test_a_save_that_changes_nothing_is_no_event(model: AIModel) -> None:
    model.save()

    assert stored_events() == []


def test_bulk_writes_are_changes_too(model: AIModel) -> None:
    other = world.model("gpt-5", vendor=model.vendor)
    take_events()

    AIModel.objects.all().set_status("draft")
    names = [(name, data["model"], data["changes"]) for name, data in take_events()]
    change = {"status": {"old": "published", "new": "draft"}}
    assert names == [("model.changed", "gpt-4o", change), ("model.changed", "gpt-5", change)]

    other.series = "gpt"
    update_rows([other], fields=["series"])
    ((_, data),) = take_events()
    assert (data["model"], data["changes"]) == ("gpt-5", {"series": {"old": "", "new": "gpt"}})

    create_rows([AIModel(name="gpt-6", vendor=model.vendor)])
    ((name, data),) = take_events()
    assert (name, data["model"], data["status"], data["groups"]) == ("model.added", "gpt-6", "draft", [])


@pytest.mark.parametrize(
    "delete", [lambda model: model.delete(), lambda model: delete_with_history(type(model).objects.all())]
)
def test_a_deleted_model_has_changed_for_the_groups_that_reached_it(model: AIModel, delete: Any) -> None:
    delete(model)

    assert stored_events() == [("model.changed", {**CONTEXT, "status": None, "changes": {}})]


def test_a_model_that_a_change_deprecates_or_retires_is_reported_once(model: AIModel) -> None:
    today = timezone.now().date()

    model.deprecated_on = today
    model.save()
    model.retires_on = today
    model.save()
    model.description = "gone"
    model.save()

    events = stored_events()
    assert [name for name, _ in events] == [
        "model.changed", "model.deprecated", "model.changed", "model.retired", "model.changed",
    ]  # fmt: skip
    assert events[1][1] == {**CONTEXT, "deprecated_on": str(today), "retires_on": None, "successor": None}
    assert events[3][1] == {**CONTEXT, "retires_on": str(today), "successor": None}


def test_a_preview_and_a_change_that_is_rolled_back_leave_no_event(model: AIModel) -> None:
    def change() -> None:
        with observe(at=timezone.now()):
            model.description = "new"
            model.save()

    preview(change, at=timezone.now())
    assert stored_events() == []

    change()
    assert len(stored_events()) == 1


def test_a_model_that_is_created_and_deleted_by_one_change_is_no_event(model: AIModel) -> None:
    with observe(at=timezone.now()):
        delete_rows(create_rows([AIModel(name="gone", vendor=model.vendor)]))

    assert stored_events() == []


def test_a_webhook_for_a_group_gets_the_models_that_the_group_reaches(model: AIModel) -> None:
    vip = TokenGroup.objects.create(slug="vip", label="VIP")
    webhook = subscribe(groups=[vip])
    world.channel("far", group="vip")
    other = world.model("far-1", on="far", vendor=model.vendor)

    AIModel.objects.all().set_listed(False)

    events = [delivery.event for delivery in webhook.deliveries.select_related("event")]
    assert [event.groups for event in events] == [["vip"]]
    assert f'"model":"{other.name}"' in events[0].data
