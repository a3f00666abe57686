"""Webhooks: addresses and secrets are stored encrypted, and their limits outlive what they name."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests import world
from tokens.models import Webhook

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

SLACK = "https://hooks.slack.com/services/T000/B000/abcdefgh"


def columns_of(webhook: Webhook) -> str:
    rows = [*Webhook.objects.filter(pk=webhook.pk).values(), *webhook.history.values()]
    return repr(rows)


def test_the_address_and_the_secret_are_nowhere_in_the_database() -> None:
    webhook = Webhook(kind="slack", url=SLACK)
    secret = webhook.assign_secret()
    webhook.full_clean()
    webhook.save()

    stored = Webhook.objects.get()
    assert (stored.url, stored.target) == ("https://hooks.slack.com/…efgh", SLACK)
    assert stored.secrets(at=timezone.now()) == [secret]
    assert str(stored) == "Slack to https://hooks.slack.com/…efgh"
    for part in (SLACK, "abcdefgh", secret):
        assert part not in columns_of(webhook)


def test_an_unchanged_masked_address_stays_and_a_new_one_replaces_it() -> None:
    webhook = Webhook.objects.create(kind="slack", url=SLACK)

    webhook.note = "ours"
    webhook.full_clean()
    webhook.save()
    assert Webhook.objects.get().target == SLACK

    webhook.url = "https://hooks.slack.com/services/new"
    webhook.full_clean()
    webhook.save()
    assert Webhook.objects.get().target == "https://hooks.slack.com/services/new"


@pytest.mark.parametrize(
    ("kind", "url", "error"),
    [
        ("webhook", "http://hooks.example.com/", "The address must start with https://."),
        ("webhook", "https://10.0.0.1/hook", "10.0.0.1 is not on the public internet."),
        ("webhook", "https://[::1]/hook", "::1 is not on the public internet."),
        ("webhook", "https://localhost/hook", "The host of the address is not a valid name."),
        ("webhook", "https://hooks.example.com:8443/", "The address must not have a port"),
        ("webhook", "https://user:secret@hooks.example.com/", "The address needs a plain host"),
        ("slack", "https://hooks.slack.com/…efgh", "The address contains a space, a backslash or a letter"),
        ("mail", "https://hooks.example.com/", "Enter a mail address."),
    ],
)
def test_an_address_is_checked_like_that_of_a_source(kind: str, url: str, error: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Webhook(kind=kind, url=url).full_clean()

    assert caught.value.message_dict["url"][0].startswith(error)


def test_own_hosts_and_mail_addresses_are_accepted(settings: Any) -> None:
    settings.FETCH_OWN_HOSTS = ["127.0.0.1:9000"]

    Webhook(url="http://127.0.0.1:9000/hook").full_clean()
    Webhook(kind="mail", url="ops@example.com").full_clean()


def test_a_replaced_secret_signs_for_a_day_more() -> None:
    at = timezone.now()
    webhook = Webhook(url="https://hooks.example.com/")
    old = webhook.assign_secret()
    new = webhook.rotate_secret(at=at)

    assert old.startswith("whsec_")
    assert webhook.secrets(at=at + dt.timedelta(hours=23)) == [new, old]
    assert webhook.secrets(at=at + dt.timedelta(hours=24)) == [new]


def test_a_type_that_its_limits_leave_out_is_refused() -> None:
    webhook = Webhook(url="https://hooks.example.com/", events=["model.added", "token.issued"])

    with pytest.raises(ValidationError, match=r"token\.issued concerns no vendor"):
        webhook.save_with(vendors=[world.vendor()], groups=[])


def test_webhooks_are_disabled_and_enabled_with_history() -> None:
    webhook = Webhook.objects.create(url="https://hooks.example.com/", disabled_reason="410 Gone")

    assert Webhook.objects.all().set_enabled(False) == 1
    assert Webhook.objects.all().set_enabled(False) == 0
    assert Webhook.objects.all().set_enabled(True) == 1

    assert Webhook.objects.get().disabled_reason == ""
    assert [row.enabled for row in webhook.history.order_by("history_id")] == [True, False, True]
