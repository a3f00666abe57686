"""Links by mail to set a new password, where a mail server is configured."""

import re
import threading
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client

from tokens.logs import scrub

pytestmark = pytest.mark.django_db
PAGE = "/admin/account/password/"


@pytest.fixture(autouse=True)
def _mail_server(settings: Any) -> None:
    settings.MAIL_SERVER = {"host": "mail.example.com"}
    settings.ALLOWED_HOSTS = ["models.example.com", "testserver"]


@pytest.fixture
def operator() -> User:
    return User.objects.create_user("operator", "ana@example.com", "correct horse battery", is_staff=True)


def request_link(client: Client, email: str, **headers: Any) -> tuple[int, str]:
    response = client.post(PAGE, {"email": email}, follow=True, **headers)
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join()
    return response.status_code, re.sub(r'value="[^"]*"|nonce="[^"]*"', "", response.content.decode())


def test_a_link_sets_a_new_password_once(client: Client, operator: User, mailoutbox: Any) -> None:
    request_link(client, "ana@example.com", HTTP_HOST="models.example.com")
    link = re.search(r"https?://\S+", mailoutbox[0].body)[0]  # type: ignore[index]
    assert link.startswith(f"http://models.example.com{PAGE}link/")
    path = link.removeprefix("http://models.example.com")

    form = client.get(path, follow=True)
    assert path not in form.request["PATH_INFO"]
    new = {"password1": "a-much-better-one", "password2": "a-much-better-one"}
    assert client.post(form.request["PATH_INFO"], new)["Location"] == f"{PAGE}set/"

    operator.refresh_from_db()
    assert operator.check_password("a-much-better-one")
    assert "_auth_user_id" not in client.session
    assert "Bad Token" in Client().get(path, follow=True).content.decode()


def test_a_link_has_the_name_of_an_allowed_host(client: Client, operator: User, mailoutbox: Any) -> None:
    assert request_link(client, "ana@example.com", HTTP_HOST="evil.example.com")[0] == 400
    assert mailoutbox == []


def test_nobody_learns_which_addresses_operators_have(client: Client, operator: User, mailoutbox: Any) -> None:
    User.objects.create_user("customer", "customer@example.com", "x", is_staff=False)
    User.objects.create_user("former", "former@example.com", "x", is_staff=True, is_active=False)
    single = User.objects.create_user("single", "single@example.com", is_staff=True)
    SocialAccount.objects.create(user=single, provider="oidc", uid="1")

    addresses = ("nobody", "customer", "former", "single", "ana")
    answers = {request_link(Client(), f"{name}@example.com") for name in addresses}

    assert len(answers) == 1
    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]]


@pytest.mark.parametrize("name", ["MAIL_SERVER", "PASSWORD_SIGN_IN"])
def test_without_a_mail_server_or_passwords_there_are_no_links(client: Client, settings: Any, name: str) -> None:
    assert "Forgot your password?" in client.get("/admin/login/").content.decode()

    setattr(settings, name, {} if name == "MAIL_SERVER" else False)

    assert "Forgot your password?" not in client.get("/admin/login/").content.decode()
    for path in ("", "sent/", "link/1-set-password/", "set/"):
        assert client.get(PAGE + path).status_code == 404


def test_no_log_line_contains_a_link() -> None:
    assert scrub(f'"GET {PAGE}link/1-d2x4f9-ab12cd34ef56ab78cd90ab12cd34ef56/ HTTP/1.1" 302') == (
        f'"GET {PAGE}link/[key] HTTP/1.1" 302'
    )
