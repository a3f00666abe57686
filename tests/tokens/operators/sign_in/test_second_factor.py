"""Second factors: ADMIN_MFA requires them on every address; a code works once, and wrong ones lock out."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tokens.operators.encryption import CIPHER

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
AUTHENTICATE = "/admin/account/second-factor/authenticate/"
SET_UP = "/admin/account/second-factor/"


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operator", password=PASSWORD)


@pytest.fixture
def secret(operator: User) -> str:
    """The secret of the operator's authenticator app."""
    secret = str(generate_totp_secret())
    TOTP.activate(operator, secret)
    RecoveryCodes.activate(operator)
    return secret


def code_of(secret: str, *, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def enter_password(client: Client) -> str:
    return str(client.post("/admin/login/", {"username": "operator", "password": PASSWORD})["Location"])


def enter_code(client: Client, code: str) -> Any:
    return client.post(AUTHENTICATE, {"code": code})


def test_a_password_alone_does_not_sign_in(client: Client, secret: str) -> None:
    assert enter_password(client) == AUTHENTICATE
    assert client.get("/admin/")["Location"].startswith("/admin/login/")

    assert enter_code(client, code_of(secret))["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_code_works_once_in_any_process(secret: str) -> None:
    code = code_of(secret)
    first, second = Client(), Client()
    enter_password(first)
    enter_password(second)
    assert enter_code(first, code).status_code == 302
    # Another process has another cache.
    cache.clear()

    assert "was used already" in enter_code(second, code).content.decode()
    assert enter_code(second, code_of(secret, steps=1)).status_code == 302


def test_a_recovery_code_works_once(operator: User, secret: str) -> None:
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    first, second = Client(), Client()
    enter_password(first)
    enter_password(second)

    assert enter_code(first, codes[0]).status_code == 302
    assert "Incorrect code" in enter_code(second, codes[0]).content.decode()


def test_wrong_codes_lock_out_as_wrong_passwords_do(client: Client, secret: str) -> None:
    enter_password(client)
    for _ in range(5):
        enter_code(client, "000000")

    assert enter_code(client, code_of(secret)).status_code == 429
    assert Client().post("/admin/login/", {"username": "operator", "password": PASSWORD}).status_code == 429


def test_secrets_are_stored_encrypted_and_survive_a_rotation_of_the_key(secret: str, settings: Any) -> None:
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored

    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "y" * 50
    assert CIPHER.decrypt(stored) == secret
    settings.SECRET_KEY_FALLBACKS = []
    client = Client()
    enter_password(client)
    assert "because SECRET_KEY was replaced" in enter_code(client, code_of(secret)).content.decode()


def admin_addresses() -> Iterator[str]:
    """Every address of the admin, with some value for each parameter."""

    def walk(patterns: list[Any], before: str) -> Iterator[str]:
        for pattern in patterns:
            route = before + str(getattr(pattern.pattern, "_route", pattern.pattern))
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern) and route.startswith("admin/"):
                yield "/" + route

    for route in walk(get_resolver().url_patterns, ""):
        text = route.replace("(?P<app_label>auth|catalog|tokens|pricing)", "catalog")
        for start, end in (("<", ">"), ("(?P<", ")")):
            while start in text:
                head, _, tail = text.partition(start)
                text = head + "1" + tail.partition(end)[2]
        yield text.replace("^", "").replace("$", "").replace("(?P", "").replace("\\", "")


def test_every_address_leads_to_the_set_up_of_a_required_factor(operator: User, settings: Any) -> None:
    settings.ADMIN_MFA = "required"
    client = Client()
    client.force_login(operator)
    addresses = set(admin_addresses())
    allowed = {address for address in addresses if address.startswith((SET_UP, "/admin/account/confirm/"))}
    allowed |= {"/admin/logout/", "/admin/jsi18n/"}

    assert len(addresses) > 100
    for address in sorted(addresses - allowed):
        for response in (client.get(address), client.post(address)):
            assert (response.status_code, response["Location"]) == (302, SET_UP), address

    page = client.get(SET_UP).content.decode()
    assert "Set up a second factor first" in page


def test_an_operator_with_a_factor_is_not_asked_again(operator: User, secret: str, settings: Any) -> None:
    settings.ADMIN_MFA = "required"
    client = Client()
    client.force_login(operator)

    assert client.get("/admin/").status_code == 200


def test_a_new_factor_ends_the_other_sessions(operator: User, django_capture_on_commit_callbacks: Any) -> None:
    here, elsewhere = Client(), Client()
    here.force_login(operator)
    elsewhere.force_login(operator)
    page = here.get(f"{SET_UP}totp/activate/")
    assert page.context["form"].secret not in str(dict(here.session))

    with django_capture_on_commit_callbacks(execute=True):
        response = here.post(f"{SET_UP}totp/activate/", {"code": code_of(page.context["form"].secret)})

    assert response["Location"] == f"{SET_UP}recovery-codes/"
    assert here.get("/admin/").status_code == 200
    assert elsewhere.get("/admin/")["Location"].startswith("/admin/login/")


def test_a_lost_factor_is_reset_on_the_command_line(operator: User, secret: str, capsys: Any) -> None:
    client = Client()
    client.force_login(operator)
    call_command("reset_mfa", "operator", "--dry-run")
    assert Authenticator.objects.count() == 2

    call_command("reset_mfa", "operator")

    assert "removed: TOTP Authenticator, Recovery codes; sessions ended: 1." in capsys.readouterr().out
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert enter_password(client) == "/admin/"


def test_a_code_of_the_command_line_replaces_the_password_once(operator: User, secret: str, capsys: Any) -> None:
    call_command("issue_sign_in_code", "operator")
    code = capsys.readouterr().out.strip()
    client = Client()

    assert client.post("/admin/account/code/", {"code": "x" + code}).status_code == 403
    # It does not replace the second factor.
    assert client.post("/admin/account/code/", {"code": code})["Location"] == AUTHENTICATE
    assert enter_code(client, code_of(secret))["Location"] == "/admin/"
    assert Client().post("/admin/account/code/", {"code": code}).status_code == 403


@pytest.mark.parametrize("page", ["totp/activate/", "recovery-codes/", "webauthn/"])
def test_browsers_do_not_keep_pages_with_secrets(client: Client, secret: str, page: str) -> None:
    client.force_login(User.objects.get())

    assert "no-store" in client.get(f"{SET_UP}{page}")["Cache-Control"]
