"""A token's key is shown once, in the response that created it, and is stored nowhere."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests import admin_world, world
from tokens.models import Token

pytestmark = pytest.mark.sql

ADD = "/admin/tokens/token/add/"
KEY = re.compile(r"mb_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}")


def add(client: Client, **changes: Any) -> HttpResponse:
    world.token_group()
    return client.post(ADD, admin_world.filled_in(client, ADD, name="Acme", **changes), follow=True)  # type: ignore[return-value]


def change_page(token: Token) -> str:
    return f"/admin/tokens/token/{token.pk}/change/"


def test_the_key_is_shown_on_the_next_page_and_not_cached(admin_client: Client) -> None:
    response = add(admin_client)

    match = KEY.search(response.content.decode())
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert match is not None
    assert match[0][8:18] == Token.objects.get().key_id


def test_the_key_is_in_no_table_no_cookie_and_on_no_other_page(admin_client: Client) -> None:
    match = KEY.search(add(admin_client).content.decode())
    assert match is not None
    secret = match[0].rpartition("_")[2]
    token = Token.objects.get()

    pages = [change_page(token), "/admin/tokens/token/", f"/admin/tokens/token/{token.pk}/history/", "/admin/"]
    for page in pages:
        assert secret not in admin_client.get(page).content.decode(), page
    assert secret not in str(admin_client.cookies)
    assert secret not in str([session.get_decoded() for session in Session.objects.all()])
    assert secret not in str(list(LogEntry.objects.values()))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            assert secret not in str(cursor.fetchall()), table


def test_the_shown_key_works(admin_client: Client, client: Client) -> None:
    match = KEY.search(add(admin_client).content.decode())
    assert match is not None

    assert Client().get("/v1/models", headers={"authorization": f"Bearer {match[0]}"}).status_code == 200


def test_an_edit_neither_shows_nor_changes_the_key(admin_client: Client) -> None:
    token, key = world.token(name="Acme")
    digest = token.digest

    page = change_page(token)
    response = admin_client.post(page, admin_world.filled_in(admin_client, page, name="Acme 2"), follow=True)

    token.refresh_from_db()
    assert (token.name, token.digest) == ("Acme 2", digest)
    assert not KEY.search(response.content.decode())
    body = admin_client.get(page).content.decode()
    assert token.masked in body
    assert digest not in body
    assert key not in body


def test_its_history_has_neither_digest_nor_pepper(admin_client: Client) -> None:
    token, _ = world.token()

    body = admin_client.get(f"/admin/tokens/token/{token.pk}/history/").content.decode()

    assert token.digest not in body
    assert not {"digest", "pepper"} & {field.name for field in Token.history.model._meta.get_fields()}


def test_a_deleted_token_cannot_be_restored_from_its_history(admin_client: Client) -> None:
    token, _ = world.token()
    page = f"/admin/tokens/token/{token.pk}/history/{token.history.earliest().pk}/"
    token.delete()

    assert admin_client.post(page, {"name": "again"}).status_code == 403
    assert not Token.objects.exists()


@pytest.mark.parametrize(
    ("choice", "patterns", "stored"),
    [("absent", "gpt-*", None), ("listed", "", []), ("listed", "gpt-*, claude-*", ["gpt-*", "claude-*"])],
)
def test_no_allow_list_and_an_empty_allow_list_differ(
    admin_client: Client, choice: str, patterns: str, stored: list[str] | None
) -> None:
    add(admin_client, allow_0=choice, allow_1=patterns)

    token = Token.objects.get()
    assert token.allow == stored
    again = admin_world.filled_in(admin_client, change_page(token))
    assert (again["allow_0"], again["allow_1"]) == (choice, ", ".join(stored or []))


def test_the_first_group_is_one_of_the_groups(admin_client: Client) -> None:
    vip = world.token_group("vip")

    response = add(admin_client, first_group=vip.pk)

    assert "The token is not in group vip: add it to the groups first." in response.content.decode()
    add(admin_client, first_group=vip.pk, groups=[vip.pk, world.token_group().pk])
    assert Token.objects.get().first_group == vip
    assert "vip, default" in admin_client.get("/admin/tokens/token/").content.decode()


def test_an_invalid_network_is_refused_with_a_message(admin_client: Client) -> None:
    response = add(admin_client, networks="203.0.113.0/99")

    assert response.status_code == 200
    assert not Token.objects.exists()
    assert not KEY.search(response.content.decode())


def test_the_list_filters_tokens_that_expire_soon(admin_client: Client) -> None:
    now = timezone.now()
    world.token(name="in ten days", expires_at=now + dt.timedelta(days=10))
    world.token(name="in a year", expires_at=now + dt.timedelta(days=365))
    world.token(name="long gone", expires_at=now - dt.timedelta(days=1))

    body = admin_client.get("/admin/tokens/token/?validity=expiring").content.decode()

    assert "in ten days" in body
    assert "in a year" not in body
    assert "long gone" not in body
