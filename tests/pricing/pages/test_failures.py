"""What people get while another writer holds the lock, or while the database does not answer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from catalog.db import locking, revision
from catalog.models import AIModel, Vendor
from pricing.models import UsageReporter
from tests import world
from tests.admin_world import filled_in
from tests.own_database import in_another_connection

BUSY = "Another change is being saved"


@pytest.fixture(scope="module")
def key(copied_database: None) -> str:
    User.objects.create_superuser("operator")
    world.model("gpt-4o")
    token, key = world.token()
    UsageReporter.objects.create(token=token)
    return key


@pytest.fixture
def client(key: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(locking, "REQUEST_SECONDS", 0.2)
    client = Client()
    client.force_login(User.objects.get())
    return client


@contextmanager
def another_writer() -> Iterator[None]:
    """Another connection that has raised the revision, and does not commit."""
    is_holding, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            revision.bump()
            is_holding.set()
            assert may_end.wait(60)

    writer = threading.Thread(target=in_another_connection, args=[hold])
    writer.start()
    assert is_holding.wait(30)
    try:
        yield
    finally:
        may_end.set()
        writer.join()


@pytest.mark.sql
def test_a_form_is_shown_again_with_what_was_entered(client: Client) -> None:
    vendor = Vendor.objects.get(slug="openai")
    address = f"/admin/catalog/vendor/{vendor.pk}/change/"
    form = filled_in(client, address, name="A new name", change_reason="They renamed it")

    with another_writer():
        answer = client.post(address, form)

    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert BUSY in page
    assert 'value="A new name"' in page
    assert 'value="They renamed it"' in page
    assert Vendor.objects.get(slug="openai").name == vendor.name
    assert client.post(address, form).status_code == 302
    assert Vendor.objects.get(slug="openai").name == "A new name"


@pytest.mark.sql
def test_an_action_can_be_sent_again(client: Client) -> None:
    model = AIModel.objects.get()
    action = {"action": "hide_from_price_list", "_selected_action": [str(model.pk)]}

    with another_writer():
        answer = client.post("/admin/catalog/aimodel/?q=gpt", action)

    page = answer.content.decode()
    assert answer.status_code == 503
    assert BUSY in page
    assert 'action="/admin/catalog/aimodel/?q=gpt"' in page
    assert '<input type="hidden" name="action" value="hide_from_price_list">' in page
    assert f'<input type="hidden" name="_selected_action" value="{model.pk}">' in page


@pytest.mark.sql
def test_no_page_repeats_a_password(client: Client) -> None:
    with another_writer():
        answer = client.post("/admin/login/", {"username": "operator", "password": "not-to-be-repeated"})
        form = client.post(
            f"/admin/auth/user/{User.objects.get().pk}/password/",
            {"password1": "not-to-be-repeated", "password2": "not-to-be-repeated", "usable_password": "true"},
        )

    assert b"not-to-be-repeated" not in answer.content + form.content


@pytest.mark.sql
def test_usage_is_refused_in_the_format_of_the_api(client: Client, key: str) -> None:
    reports = json.dumps([{"model": "gpt-4o", "day": "2026-01-01", "requests": 1}])

    with another_writer():
        answer = client.post(
            "/api/usage", reports, content_type="application/json", headers={"authorization": f"Bearer {key}"}
        )

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], answer["Retry-After"]) == (503, "service_unavailable", "1")
    assert BUSY in error["message"]


@pytest.mark.sql
def test_readers_do_not_wait_for_a_writer(client: Client, key: str) -> None:
    with another_writer():
        for address in ("/", "/api/pricing", "/admin/", "/admin/catalog/vendor/"):
            assert client.get(address).status_code == 200
        assert client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.sql
def test_only_requests_have_the_limit(client: Client) -> None:
    own = lock_timeout()
    with locking.limited_lock_waits():
        assert lock_timeout() != own
    assert lock_timeout() == own


def lock_timeout() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout" if connection.vendor == "postgresql" else "PRAGMA busy_timeout")
        return cursor.fetchone()
