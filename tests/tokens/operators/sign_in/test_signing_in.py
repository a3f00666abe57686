"""An operator signs in at /admin/login/ as before; nobody else gets a session."""

from types import ModuleType
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessLog
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import path, resolve

from catalog.models import AuditEntry
from tokens.operators.sign_in.adapters import AccountAdapter

PAGE = "/admin/login/"
PASSWORD = "correct horse battery"


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("operator", password=PASSWORD)


def sign_in(client: Client, **changes: str) -> str:
    """Posts the form; the address that follows, or the page."""
    response = client.post(PAGE, {"username": "operator", "password": PASSWORD, "next": "/admin/"} | changes)
    return response.get("Location") or response.content.decode()


def test_an_operator_signs_in_and_out(client: Client, operator: User) -> None:
    assert sign_in(client, next="/admin/catalog/aimodel/") == "/admin/catalog/aimodel/"
    assert client.get("/admin/catalog/aimodel/").status_code == 200

    response = client.post("/admin/logout/")

    assert response["Location"] == PAGE
    assert client.get("/admin/")["Location"].startswith(PAGE)


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"username": "nobody"}, {"username": "Operator"}])
def test_a_wrong_name_or_password_gets_one_message(client: Client, operator: User, changes: dict[str, str]) -> None:
    assert "The user name or the password is wrong" in sign_in(client, **changes)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("state", [{"is_staff": False}, {"is_active": False}])
def test_only_active_staff_signs_in(client: Client, operator: User, state: dict[str, bool]) -> None:
    User.objects.filter(pk=operator.pk).update(**state)

    assert "The user name or the password is wrong" in sign_in(client)


@pytest.mark.parametrize("address", ["https://evil.example.com/", "//evil.example.com", "javascript:alert(1)"])
def test_the_sign_in_leads_to_no_other_host(client: Client, operator: User, address: str) -> None:
    assert sign_in(client, next=address) == "/admin/"


def test_five_failures_lock_a_name_and_address(client: Client, operator: User) -> None:
    for _ in range(5):
        sign_in(client, password="wrong")

    assert client.post(PAGE, {"username": "operator", "password": PASSWORD}).status_code == 429
    other = Client(REMOTE_ADDR="203.0.113.9")
    assert sign_in(other) == "/admin/"


def test_the_page_opens_without_the_address_for_passkeys(client: Client, db: None, settings: LazySettings) -> None:
    """PASSWORD_SIGN_IN=0 takes that address away when the server starts."""
    settings.PASSWORD_SIGN_IN = False
    page, passkey = resolve(PAGE), resolve("/admin/account/second-factor/webauthn/login/")
    urls: Any = ModuleType("addresses_without_passkeys")
    urls.urlpatterns = [path(PAGE[1:], page.func, name=page.url_name)]
    request = RequestFactory().get(PAGE, headers={"accept": "application/json"})

    settings.ROOT_URLCONF = urls
    request.resolver_match = page
    assert not AccountAdapter(request).is_ajax(request)
    request.resolver_match = passkey
    assert AccountAdapter(request).is_ajax(request)


def test_the_addresses_of_one_network_are_locked_together(client: Client, operator: User) -> None:
    for number in range(5):
        sign_in(Client(REMOTE_ADDR=f"2001:db8::{number}"), password="wrong")

    locked = Client(REMOTE_ADDR="2001:db8::ffff:1")
    assert locked.post(PAGE, {"username": "operator", "password": PASSWORD}).status_code == 429
    for other in ("2001:db8:0:1::1", "::ffff:203.0.113.9"):
        assert sign_in(Client(REMOTE_ADDR=other)) == "/admin/"


def test_what_is_typed_as_a_name_that_nobody_has_is_not_stored(client: Client, operator: User) -> None:
    for _ in range(6):
        response = client.post(PAGE, {"username": PASSWORD, "password": "wrong"})

    assert response.status_code == 429
    stored = [str(list(table.objects.values())) for table in (AccessAttempt, AccessLog, AuditEntry)]
    assert PASSWORD not in "".join(stored)


@pytest.mark.parametrize("page", ["signup/", "account/signup/", "account/email/", "account/oidc/signup/"])
def test_nobody_signs_up(client: Client, db: None, page: str) -> None:
    assert client.get(f"/admin/{page}").status_code in {302, 404}


def test_a_person_who_is_not_an_operator_any_more_is_signed_out(client: Client, operator: User) -> None:
    client.force_login(operator)
    User.objects.filter(pk=operator.pk).update(is_staff=False)

    assert client.get("/admin/", follow=True).redirect_chain == [("/admin/login/?next=/admin/", 302)]
    assert "_auth_user_id" not in client.session
