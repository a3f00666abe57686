"""What needs attention: plans, sources and keys, each with its reason and the page where it is acted on."""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.models import ImportRun, Source
from pricing.admin.dashboard.attention import needs_attention
from pricing.models import WorkerState
from tests import admin_world, world
from tokens.models import Delivery, LastRefusal, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
DAY = dt.timedelta(days=1)


@pytest.fixture
def busy(db: None) -> dt.datetime:
    now = timezone.now()
    for name in ("one", "two"):
        run = admin_world.import_run(name)
        ImportRun.objects.filter(pk=run.pk).update(status=ImportRun.Status.STOPPED)
    admin_world.import_run("three")
    of = Source.objects
    of.filter(slug="one").update(sync=True, error="The host answered 404.", checked_at=now)
    of.filter(slug="two").update(sync=True, checked_at=now - 3 * DAY)
    of.filter(slug="three").update(sync=True, checked_at=now - DAY)
    soon, later = (
        world.token(name="Soon", expires_at=now + 2 * DAY)[0],
        world.token(name="Later", expires_at=now + 9 * DAY)[0],
    )
    fields = {"status": 403, "code": "model_not_allowed", "path": "/v1/chat/completions", "model": "gpt-4o"}
    LastRefusal.objects.store(soon.pk, at=now, key_id=soon.key_id, address="", request_id="", **fields)
    LastRefusal.objects.store(later.pk, at=now - 2 * DAY, key_id="x", address="", request_id="", **fields)
    return now


def test_every_part_has_its_reasons_and_links(busy: dt.datetime, admin_client: Client) -> None:
    parts = {part.title: part for part in admin_client.get("/admin/").context["attention"]}

    shown = {title: [(item.name, item.detail) for item in part.items] for title, part in parts.items()}
    runs = list(ImportRun.objects.waiting().order_by("pk").values_list("pk", flat=True))
    last = f"(last document {busy:%Y-%m-%d %H:%M})"
    assert shown == {
        "Plans waiting for review": [(f"two #{runs[1]}", "3 new"), (f"one #{runs[0]}", "3 new")],
        "Failing sources": [("one", f"The host answered 404. {last}")],
        "Sources that are not fetched": [
            ("two", f"not fetched although it is due: neither run_worker nor sync_sources runs {last}")
        ],
        "Keys refused in the last 24 hours": [("Soon", "403 model_not_allowed /v1/chat/completions gpt-4o")],
        "Keys that expire within 7 days": [("Soon", parts["Keys that expire within 7 days"].items[0].detail)],
    }
    for part in parts.values():
        assert admin_client.get(part.link).status_code == 200
        for item in part.items:
            assert admin_client.get(item.link).status_code == 200


def test_events_that_do_not_arrive_are_shown_with_their_reason(admin_client: Client) -> None:
    def shown() -> dict[str, list[tuple[str, str, str]]]:
        parts = admin_client.get("/admin/").context["attention"]
        for part in parts:
            assert admin_client.get(part.link).status_code == 200
        return {part.title: [(item.name, item.detail, item.mark) for item in part.items] for part in parts}

    now = timezone.now()
    world.delivery()
    assert shown() == {}
    world.delivery(next_attempt_at=now - dt.timedelta(minutes=10))
    nobody = ("run_worker does not run", "never seen", "1 event waiting")
    assert shown() == {"Events that wait for the worker": [nobody]}
    WorkerState.start("process 7 on host", at=now)
    assert shown() == {}
    WorkerState.objects.update(seen_at=now - DAY)
    (silent,) = shown()["Events that wait for the worker"]
    assert silent[1] == f"last seen {now - DAY:%Y-%m-%d %H:%M}, process 7 on host"

    Delivery.objects.update(
        state="dead", next_attempt_at=None, last_attempt_at=now, last_error="The receiver answered 500."
    )
    Webhook.objects.update(enabled=False, disabled_reason="The receiver answered 410: it wants nothing more.")
    parts = shown()
    name = "token.issued to https://hooks.example.com/"
    reason = ("The receiver answered 500.", f"last attempt {now:%Y-%m-%d %H:%M}")
    assert parts["Events that were not delivered"] == [(name, *reason)] * 2
    assert [row[1] for row in parts["Webhooks that were disabled"]] == [
        "The receiver answered 410: it wants nothing more."
    ] * 2


def test_more_than_five_rows_are_counted(admin_client: Client) -> None:
    for number in range(7):
        world.token(name=f"t{number}", expires_at=timezone.now() + DAY)

    assert "and 2 more" in admin_client.get("/admin/").content.decode()


def test_operators_see_only_parts_that_they_may_view(busy: dt.datetime) -> None:
    user = User.objects.create_user("maria", is_staff=True)
    assert needs_attention(user, at=busy) is None

    user.user_permissions.set(Permission.objects.filter(codename="view_source"))
    parts = needs_attention(User.objects.get(), at=busy)

    assert parts is not None
    assert [part.title for part in parts] == ["Failing sources", "Sources that are not fetched"]
