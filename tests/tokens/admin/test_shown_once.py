"""A new key is behind a redirect, is shown once, and is stored nowhere in a form from which it could be computed."""

import re
import time
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client

from tests import world
from tokens.admin.shown_once import LIFETIME, NAME
from tokens.models import Token

pytestmark = pytest.mark.django_db

KEY = re.compile(r"mb_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}")


def rotate(client: Client, token: Token) -> Any:
    return client.post(f"/admin/tokens/token/{token.pk}/rotate/", {"grace": "0", "key_id": token.key_id})


def shown(client: Client, token: Token) -> list[str]:
    page = client.get(f"/admin/tokens/token/{token.pk}/new-key/")
    assert "no-store" in page["Cache-Control"]
    return KEY.findall(page.content.decode())


def test_a_reload_neither_repeats_nor_shows_the_key(admin_client: Client) -> None:
    token, _ = world.token()

    answer = rotate(admin_client, token)
    first, second = shown(admin_client, token), shown(admin_client, token)

    assert (answer.status_code, answer["Location"]) == (302, f"/admin/tokens/token/{token.pk}/new-key/")
    token.refresh_from_db()
    assert (len(first), first[0][8:18], second) == (1, token.key_id, [])
    assert "cannot be shown again" in admin_client.get(answer["Location"]).content.decode()
    assert token.retired_keys.count() == 1


def test_neither_the_session_nor_the_cookie_has_the_key(admin_client: Client) -> None:
    token, _ = world.token()

    answer = rotate(admin_client, token)
    stored = Session.objects.get().get_decoded()[NAME]
    cookie = answer.cookies[NAME]
    key = shown(admin_client, token)[0]

    assert key[-38:] not in f"{stored} {cookie.value} {answer.content!r}"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", answer["Location"])
    assert NAME not in Session.objects.get().get_decoded()


@pytest.mark.parametrize("wrong", ["", "x", "AAAA", "é"])
def test_without_its_cookie_the_key_is_not_shown(admin_client: Client, wrong: str) -> None:
    token, _ = world.token()
    rotate(admin_client, token)
    admin_client.cookies[NAME] = wrong

    assert shown(admin_client, token) == []


def test_another_page_and_a_later_time_show_nothing(admin_client: Client) -> None:
    token, _ = world.token()
    other, _ = world.token()
    rotate(admin_client, token)

    assert shown(admin_client, other) == []
    with time_machine.travel(time.time() + LIFETIME + 5, tick=False):
        assert shown(admin_client, token) == []


def test_readers_see_no_way_to_create_a_key(client: Client, django_user_model: Any) -> None:
    token, _ = world.token()
    assert client.get(f"/admin/tokens/token/{token.pk}/new-key/").status_code == 302
    client.force_login(django_user_model.objects.create_user("somebody", is_staff=True))
    assert client.get(f"/admin/tokens/token/{token.pk}/new-key/").status_code == 403
