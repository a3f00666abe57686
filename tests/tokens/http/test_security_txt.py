"""/.well-known/security.txt: where people report a security problem (RFC 9116)."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

PATH = "/.well-known/security.txt"


def fields(client: Client) -> dict[str, str]:
    lines = client.get(PATH).content.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_the_file_does_not_exist_without_a_contact(client: Client) -> None:
    assert client.get(PATH).status_code == 404


@pytest.mark.parametrize("contact", ["mailto:security@example.com", "https://example.com/report"])
def test_it_names_the_contact_and_the_language(client: Client, settings: Any, contact: str) -> None:
    settings.SECURITY_CONTACT = contact

    values = fields(client)

    assert list(values) == ["Contact", "Expires", "Preferred-Languages"]
    assert (values["Contact"], values["Preferred-Languages"]) == (contact, "en")


@time_machine.travel("2026-11-29T15:20:30.5Z", tick=False)
def test_it_expires_within_a_year_and_stays_the_same_for_a_day(client: Client, settings: Any) -> None:
    settings.SECURITY_CONTACT = "mailto:security@example.com"

    assert fields(client)["Expires"] == "2027-05-28T00:00:00Z"
    assert dt.datetime.fromisoformat(fields(client)["Expires"]) < dt.datetime.now(dt.UTC) + dt.timedelta(days=365)


def test_it_is_plain_text_that_caches_may_store_for_a_short_time(client: Client, settings: Any) -> None:
    settings.SECURITY_CONTACT = "mailto:security@example.com"

    answer = client.get(PATH)

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert client.head(PATH).status_code == 200
    assert client.post(PATH).status_code == 405


@pytest.mark.parametrize(
    ("base", "canonical"),
    [
        ("https://api.example.com", "https://api.example.com/.well-known/security.txt"),
        ("https://api.example.com:8443/v0/", "https://api.example.com:8443/.well-known/security.txt"),
        ("http://api.example.com", None),  # RFC 9116 allows https addresses alone
        ("", None),
    ],
)
def test_it_names_its_own_address_where_that_is_set(
    client: Client, settings: Any, base: str, canonical: str | None
) -> None:
    settings.SECURITY_CONTACT, settings.PUBLIC_BASE_URL = "mailto:security@example.com", base

    assert fields(client).get("Canonical") == canonical
