"""Operators create webhooks, see each secret once, rotate it, and send a test."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests import world
from tests.admin_world import filled_in
from tests.events import subscribe
from tokens.models import Delivery, Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

LIST = "/admin/tokens/webhook/"
URL = "http://127.0.0.1:9000/services/T000/B000/abcdefgh"


@pytest.fixture
def boss(client: Client, settings: Any) -> Client:
    settings.FETCH_OWN_HOSTS = ["127.0.0.1:9000"]
    client.force_login(User.objects.create_superuser("boss"))
    return client


def test_a_webhook_is_created_and_its_secret_is_shown_once(boss: Client) -> None:
    vendor = world.vendor()
    form = {
        "kind": "webhook", "url": URL, "note": "ours", "enabled": "on", "events": ["model.added"],
        "vendors": [vendor.pk], "groups": [],
    }  # fmt: skip

    assert "field-state" not in boss.get(f"{LIST}add/").content.decode()
    page = boss.post(f"{LIST}add/", form, follow=True)

    webhook = Webhook.objects.get()
    assert (webhook.target, webhook.events, webhook.is_limited_to_vendors) == (URL, ["model.added"], True)
    (secret,) = webhook.secrets(at=timezone.now())
    assert secret in page.content.decode()
    assert secret not in boss.get(page.request["PATH_INFO"]).content.decode()
    assert [row.history_type for row in webhook.history.all()] == ["+"]
    text = boss.get(f"{LIST}{webhook.pk}/change/").content.decode() + boss.get(LIST).content.decode()
    assert "ours" in text
    assert secret not in text


def test_a_wrong_webhook_is_refused_with_the_words_of_the_api(boss: Client) -> None:
    form = {"kind": "webhook", "url": "https://10.0.0.1/", "events": ["import.failed"], "vendors": [world.vendor().pk]}

    page = boss.post(f"{LIST}add/", form)

    text = page.content.decode()
    assert "10.0.0.1 is not on the public internet." in text
    assert "import.failed concerns no vendor, so a webhook for some vendors never gets it" in text
    assert not Webhook.objects.exists()


def test_the_address_of_a_chat_stays_hidden_and_unchanged(boss: Client) -> None:
    webhook = subscribe(kind="slack", url=URL)
    page = f"{LIST}{webhook.pk}/change/"
    assert "abcd" not in boss.get(page).content.decode()

    saved = boss.post(page, filled_in(boss, page, note="new"))

    assert saved.status_code == 302, saved.content.decode()
    webhook.refresh_from_db()
    assert (webhook.note, webhook.target) == ("new", URL)


def test_a_secret_is_rotated_and_a_test_is_sent(boss: Client) -> None:
    webhook = world.webhook()
    (old,) = webhook.secrets(at=timezone.now())

    assert boss.get(f"{LIST}{webhook.pk}/rotate/").status_code == 200
    page = boss.post(f"{LIST}{webhook.pk}/rotate/", follow=True)
    webhook.refresh_from_db()
    new, *others = webhook.secrets(at=timezone.now())
    assert new in page.content.decode()
    assert others == [old]

    assert boss.get(f"{LIST}{webhook.pk}/test/").status_code == 200
    boss.post(f"{LIST}{webhook.pk}/test/")
    assert Delivery.objects.get().event.type == "ping"


def test_events_are_listed(boss: Client) -> None:
    event = world.delivery().event

    assert event.event_id in boss.get("/admin/tokens/event/").content.decode()
    assert boss.get(f"/admin/tokens/event/{event.pk}/change/").status_code == 200


def test_a_new_address_that_looks_the_same_is_stored(boss: Client) -> None:
    webhook = subscribe(url=f"{URL}?token=old")
    page = f"{LIST}{webhook.pk}/change/"

    boss.post(page, filled_in(boss, page, url=f"{URL}?token=new"))

    webhook.refresh_from_db()
    assert webhook.target == f"{URL}?token=new"


def test_the_secret_of_a_bot_is_entered_and_never_shown(boss: Client) -> None:
    form = {"kind": "feishu", "url": URL, "enabled": "on", "secret": "secret-of-the-bot"}
    assert boss.post(f"{LIST}add/", form).status_code == 302
    webhook = Webhook.objects.get()
    page = f"{LIST}{webhook.pk}/change/"
    now = timezone.now()
    assert webhook.secrets(at=now) == ["secret-of-the-bot"]
    assert "secret-of-the-bot" not in boss.get(page).content.decode()

    boss.post(page, filled_in(boss, page, note="new"))
    webhook.refresh_from_db()
    assert (webhook.note, webhook.secrets(at=now)) == ("new", ["secret-of-the-bot"])

    boss.post(page, filled_in(boss, page, secret="another"))
    webhook.refresh_from_db()
    assert webhook.secrets(at=now) == ["another"]
    assert "another" not in str(list(webhook.history.values()))


def test_only_a_bot_of_feishu_takes_a_secret(boss: Client) -> None:
    form = {"kind": "slack", "url": URL, "enabled": "on", "secret": "mine"}

    page = boss.post(f"{LIST}add/", form)

    assert "Only a bot of Feishu or Lark has a secret that you enter" in page.content.decode()
    webhook = subscribe(url=URL)
    assert 'name="secret"' not in boss.get(f"{LIST}{webhook.pk}/change/").content.decode()


def test_why_a_webhook_is_disabled_is_a_text_that_breaks(boss: Client) -> None:
    why = "The receiver answered 410: it wants nothing more."
    webhook = subscribe(url=URL)
    Webhook.objects.filter(pk=webhook.pk).update(enabled=False, disabled_reason=why)

    for page in (LIST, f"{LIST}{webhook.pk}/change/"):
        assert f'<span class="cell-text">{why}</span>' in boss.get(page).content.decode()
