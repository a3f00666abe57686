"""Keys, permissions and bulk prices need a recent sign-in or its confirmation; no input is lost on the way."""

import html
import re
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from pricing.models import DiscountRule
from tests import world
from tests.admin_world import filled_in
from tokens.models import Token
from tokens.operators.reauthentication import SIGNED_IN_AT

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
CONFIRM = "/admin/account/confirm/"


@pytest.fixture
def client() -> Client:
    """An operator who signed in an hour ago."""
    client = Client(HTTP_ACCEPT="text/html")
    client.force_login(User.objects.create_superuser("operator", password=PASSWORD))
    session = client.session
    session[SIGNED_IN_AT] = time.time() - 3600
    session.save()
    return client


def confirm(client: Client, **fields: str) -> Any:
    return client.post(CONFIRM, {"password": PASSWORD} | fields)


def sent_again(page: Any) -> tuple[str, dict[str, list[str]]]:
    """The address and the fields that the browser sends after the confirmation."""
    text = page.content.decode()
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<textarea name="(.*?)" hidden>\n(.*?)</textarea>', text, re.DOTALL):
        fields.setdefault(html.unescape(name), []).append(html.unescape(value))
    return html.unescape(re.search(r'action="(.*?)" id="send_again_form"', text)[1]), fields  # type: ignore[index]


def test_a_new_key_is_issued_after_the_confirmation_with_all_input(client: Client, world: Any) -> None:
    page = "/admin/tokens/token/add/?note=x"
    form = filled_in(client, page, name='für "Ana" <&>', note="first line\r\n\r\nthird", allow="gpt-*,claude-*")

    assert client.post(page, form)["Location"] == CONFIRM
    assert "Ana" not in str(dict(client.session))
    assert not Token.objects.exists()
    assert confirm(client, password="wrong").status_code == 200
    address, fields = sent_again(confirm(client))

    assert address == page
    response = client.post(address, fields)
    token = Token.objects.get()
    assert (token.name, token.note) == ('für "Ana" <&>', "first line\r\n\r\nthird")
    assert response.status_code == 302
    # The confirmation counts for a quarter of an hour.
    assert client.post(f"/admin/tokens/token/{token.pk}/rotate/", {"grace": "24"}).status_code == 200


def test_every_change_that_needs_it_asks(client: Client) -> None:
    token, _ = world.token()
    operator = User.objects.create_user("other", is_staff=True)
    for address, form in {
        "/admin/tokens/token/add/": {"name": "x"},
        f"/admin/tokens/token/{token.pk}/rotate/": {"grace": "24"},
        "/admin/auth/user/add/": {"username": "x"},
        f"/admin/auth/user/{operator.pk}/change/": {"username": "x"},
        f"/admin/auth/user/{operator.pk}/password/": {"password1": "x"},
        "/admin/auth/user/": {"action": "deactivate", "_selected_action": [operator.pk]},
        "/admin/auth/group/add/": {"name": "x"},
        "/admin/pricing/discountrule/add/": {"all_models": "on", "multiplier": "0.9"},
    }.items():
        response = client.post(address, form)
        assert (response.status_code, response.get("Location")) == (302, CONFIRM), address
    assert not DiscountRule.objects.exists()


def test_what_changes_little_does_not_ask(client: Client, world: Any) -> None:
    token, _ = world.token()

    for page in (f"/admin/tokens/token/{token.pk}/change/", "/admin/tokens/token/add/"):
        assert client.get(page).status_code == 200
    response = client.post(f"/admin/tokens/token/{token.pk}/change/", {"name": "other"})
    assert response.get("Location") != CONFIRM


def test_an_operator_without_a_way_to_confirm_signs_in_again(client: Client, world: Any) -> None:
    User.objects.update(password="!")
    client.force_login(User.objects.get())
    session = client.session
    session[SIGNED_IN_AT] = time.time() - 3600
    session.save()

    assert client.post("/admin/tokens/token/add/", {"name": "x"})["Location"] == "/admin/login/"
    assert "_auth_user_id" not in client.session


def test_another_password_needs_a_confirmation(client: Client) -> None:
    """Otherwise a person at an open session could try passwords there, uncounted."""
    form = {"old_password": "wrong", "new_password1": "another horse battery", "new_password2": "another horse battery"}

    assert client.get("/admin/password_change/").status_code == 200
    assert client.post("/admin/password_change/", form)["Location"] == CONFIRM
    address, fields = sent_again(confirm(client))
    assert address == "/admin/password_change/"
    answer = client.post(address, fields | {"old_password": PASSWORD})
    assert answer["Location"] == "/admin/password_change/done/"
    assert User.objects.get().check_password("another horse battery")
