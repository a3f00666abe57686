"""Webhooks and deliveries in the management API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from tests import world
from tests.events import subscribe
from tokens.events.outbox import emit
from tokens.models import Delivery, Event, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

ADDRESS = "/api/admin/v1/webhooks"
DELIVERIES = "/api/admin/v1/deliveries"


@pytest.fixture(autouse=True)
def _own_host(settings: Any) -> None:
    settings.FETCH_OWN_HOSTS = ["127.0.0.1:9000"]


URL = "http://127.0.0.1:9000/hook"


def test_the_secret_is_only_in_the_first_response(api: Any) -> None:
    world.vendor()
    body = {"url": f"{URL}?token=abc", "events": ["model.added"], "vendors": ["openai"]}

    created = api.post(ADDRESS, body, headers={"Idempotency-Key": "1"})

    assert created.status_code == 201, created.content
    values = created.json()
    secret = values.pop("secret")
    assert secret.startswith("whsec_")
    assert (values["url"], values["events"], values["vendors"], values["groups"]) == (
        f"{URL}?…", ["model.added"], ["openai"], [],
    )  # fmt: skip
    assert (values["kind"], values["enabled"]) == ("webhook", True)
    repeated = api.post(ADDRESS, body, headers={"Idempotency-Key": "1"})
    assert repeated.json() == {**values, "secret": None}
    assert api.get(created["Location"]).json() == values
    webhook = Webhook.objects.get()
    assert webhook.target == f"{URL}?token=abc"
    assert webhook.secrets(at=timezone.now()) == [secret]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"url": "https://10.0.0.1/"}, "url", "10.0.0.1 is not on the public internet."),
        ({"url": "http://127.0.0.1:9001/"}, "url", "The address must start with https://."),
        ({"url": URL, "events": ["model.removed"]}, "events", "Unknown event types: model.removed."),
        ({"url": URL, "events": ["token.issued"], "vendors": ["openai"]}, "events", "token.issued concerns no vendor"),
        ({"url": URL, "vendors": ["nobody"]}, "vendors", ""),
        ({"url": URL, "event": []}, "event", "There is no field event."),
        ({"kind": "mail", "url": URL}, "url", "Enter a mail address."),
        ({"events": []}, "url", "This field"),
    ],
)
def test_a_wrong_webhook_is_refused(api: Any, body: dict[str, Any], field: str, message: str) -> None:
    world.vendor()

    refused = api.post(ADDRESS, body)

    assert refused.status_code == 400
    (error,) = refused.json()["errors"]
    assert error["field"] == field
    assert error["message"].startswith(message)
    assert not Webhook.objects.exists()


def test_a_webhook_is_changed_and_deleted(api: Any) -> None:
    webhook = subscribe("model.added", url=f"{URL}?token=abc")
    address = f"{ADDRESS}/{webhook.pk}"

    changed = api.patch(address, {"url": f"{URL}?…", "events": [], "note": "ours", "enabled": False})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["events"], changed.json()["enabled"]) == ([], False)
    assert "secret" not in changed.json()
    assert Webhook.objects.get().target == f"{URL}?token=abc"
    assert api.patch(address, {"kind": "slack"}).status_code == 400
    assert api.delete(f"{address}?dry_run=1").status_code == 200
    assert api.delete(address).status_code == 204
    assert not Webhook.objects.exists()


def test_a_dry_run_stores_nothing(api: Any) -> None:
    answer = api.post(f"{ADDRESS}?dry_run=1", {"url": URL})

    assert answer.status_code == 200
    assert "whsec_" not in answer.content.decode()
    assert not Webhook.objects.exists()


def test_the_secret_is_rotated(api: Any) -> None:
    webhook = subscribe(url=URL)
    webhook.assign_secret()
    webhook.save()
    (old,) = webhook.secrets(at=timezone.now())

    rotated = api.post(f"{ADDRESS}/{webhook.pk}/rotate")

    webhook.refresh_from_db()
    assert rotated.status_code == 200
    assert webhook.secrets(at=timezone.now()) == [rotated.json()["secret"], old]
    mail = subscribe(kind="mail", url="ops@example.com")
    assert api.post(f"{ADDRESS}/{mail.pk}/rotate").status_code == 400


def test_the_secret_of_a_bot_is_entered_changed_and_removed(api: Any) -> None:
    created = api.post(ADDRESS, {"kind": "feishu", "url": URL, "secret": "secret-of-the-bot"})
    assert created.status_code == 201, created.content
    assert "secret" not in created.json()
    webhook, now = Webhook.objects.get(), timezone.now()
    assert webhook.secrets(at=now) == ["secret-of-the-bot"]

    for secret, secrets in (("another", ["another"]), (None, ["another"]), ("", [])):
        body = {"note": "ours"} if secret is None else {"secret": secret}
        changed = api.patch(f"{ADDRESS}/{webhook.pk}", body)
        assert changed.status_code == 200, changed.content
        assert "secret" not in changed.json()
        webhook.refresh_from_db()
        assert webhook.secrets(at=now) == secrets

    refused = api.post(ADDRESS, {"url": URL, "secret": "mine"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "secret"
    assert api.post(ADDRESS, {"kind": "feishu", "url": URL, "secret": "a\nb"}).status_code == 400


def test_a_test_event_is_sent_to_one_webhook(api: Any) -> None:
    webhook = subscribe("token.issued", url=URL)
    subscribe(url=URL)

    sent = api.post(f"{ADDRESS}/{webhook.pk}/test")

    assert sent.status_code == 200, sent.content
    delivery = Delivery.objects.get()
    assert (delivery.webhook, delivery.event.type) == (webhook, "ping")
    assert sent.json() == {"delivery": delivery.pk, "event": delivery.event.event_id}


def test_deliveries_are_listed_filtered_and_sent_again(api: Any) -> None:
    webhook = subscribe(url=URL)
    event = emit("model.added", {"model": "gpt-4o"})
    assert event is not None
    emit("token.issued", {})
    Delivery.objects.filter(event=event).update(state="dead", attempts=8, next_attempt_at=None, last_status=503)

    (row,) = api.get(f"{DELIVERIES}?state=dead&webhook={webhook.pk}&type=model.added&event={event.event_id}").json()[
        "results"
    ]
    assert (row["event"], row["type"], row["data"], row["webhook"]) == (
        event.event_id, "model.added", {"model": "gpt-4o"}, webhook.pk,
    )  # fmt: skip
    assert len(api.get(f"{DELIVERIES}?created_since=2026-01-01").json()["results"]) == 2
    assert api.get(f"{DELIVERIES}?created_since=2099-01-01").json()["results"] == []
    assert api.get(f"{DELIVERIES}?state=lost").status_code == 400

    again = api.post(f"{DELIVERIES}/{row['id']}/send-again")

    assert again.status_code == 200, again.content
    assert (again.json()["state"], again.json()["attempts"]) == ("pending", 0)
    assert Event.objects.count() == 2
    webhook.enabled = False
    webhook.save()
    assert api.post(f"{DELIVERIES}/{row['id']}/send-again").status_code == 400
    assert api.post(DELIVERIES, {}).status_code == 405


def test_an_operator_sends_only_events_of_what_they_see(api_as: Callable[..., Any]) -> None:
    operator = User.objects.create_user("bob", is_staff=True)
    operator.groups.add(Group.objects.get(name="Automation"))
    assert api_as(operator).post(ADDRESS, {"url": URL}).status_code == 201
    assert api_as(operator, "read").post(ADDRESS, {"url": URL}).status_code == 403

    # The scope of tokens does not include prices.
    refused = api_as(operator, "tokens").post(ADDRESS, {"url": URL, "events": ["price.announced", "token.issued"]})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["message"] == (
        "You do not have permission to see what these events contain: price.announced."
    )


def test_a_new_address_gets_no_events_that_the_operator_may_not_see(api_as: Callable[..., Any]) -> None:
    webhook = subscribe(url=URL)
    for name in ("price.ended", "token.issued"):
        emit(name, {})
    api = api_as(User.objects.create_superuser("bob"), "tokens")
    elsewhere = {"url": f"{URL}/elsewhere"}
    assert api.patch(f"{ADDRESS}/{webhook.pk}", elsewhere).status_code == 400
    assert api.patch(f"{ADDRESS}/{webhook.pk}", {**elsewhere, "events": ["token.issued"]}).status_code == 200
    states = dict(Delivery.objects.values_list("event__type", "state"))
    assert states == {"price.ended": "cancelled", "token.issued": "pending"}


def test_a_change_without_a_difference_changes_nothing(api: Any) -> None:
    webhook = subscribe("model.added", url=f"{URL}?token=abc", vendors=[world.vendor()])
    before = api.get(f"{ADDRESS}/{webhook.pk}")

    for body in ({}, before.json(), {"url": f"{URL}?token=abc"}, {"vendors": ["openai"]}):
        changed = api.patch(f"{ADDRESS}/{webhook.pk}", body)
        assert (changed.status_code, changed["ETag"]) == (200, before["ETag"]), body

    assert Webhook.history.count() == 1
    assert api.patch(f"{ADDRESS}/{webhook.pk}", {"vendors": []})["ETag"] != before["ETag"]


def test_a_limit_stays_after_its_last_vendor_was_deleted(api: Any) -> None:
    webhook = subscribe("model.added", url=URL, vendors=[world.vendor()])
    webhook.vendors.get().delete()

    for body in ({"note": "ours"}, {"vendors": [], "note": "mine"}):
        assert api.patch(f"{ADDRESS}/{webhook.pk}", body).status_code == 200
        webhook.refresh_from_db()
        assert webhook.is_limited_to_vendors
