"""Sessions end by themselves, and operators see and end their own."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 11, 30, 9, tzinfo=dt.UTC)
LIST = "/admin/account/sessions/"


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operator", password="correct horse battery")


def signed_in(operator: User, **headers: Any) -> Client:
    client = Client(**headers)
    client.force_login(operator)
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_a_session_without_requests_ends(operator: User, settings: Any) -> None:
    settings.OPERATOR_SEEN_SECONDS = 60
    with time_machine.travel(START, tick=False) as clock:
        client = signed_in(operator)
        for _ in range(3):
            clock.shift(dt.timedelta(minutes=59))
            assert is_signed_in(client)
        clock.shift(dt.timedelta(minutes=60))
        page = client.get("/admin/", follow=True).content.decode()

    assert "Your session ended after 60 minutes without a request. Sign in again." in page


def test_every_session_ends_after_some_hours(operator: User, settings: Any) -> None:
    settings.OPERATOR_SEEN_SECONDS, settings.ADMIN_IDLE_MINUTES = 60, 0
    with time_machine.travel(START, tick=False) as clock:
        client = signed_in(operator)
        clock.shift(dt.timedelta(hours=11, minutes=59))
        assert is_signed_in(client)
        clock.shift(dt.timedelta(minutes=1))
        assert not is_signed_in(client)


def test_an_operator_ends_the_other_sessions(operator: User) -> None:
    here = signed_in(operator, HTTP_USER_AGENT="Firefox on Linux")
    elsewhere, colleague = signed_in(operator), signed_in(User.objects.create_superuser("colleague"))
    assert "Firefox on Linux" in here.get(LIST).content.decode()
    elsewhere.get(LIST)
    assert "Sign Out Other Sessions" in here.get(LIST).content.decode()
    key = str(elsewhere.session.session_key)

    page = here.post(LIST, follow=True).content.decode()

    assert key not in page
    assert [is_signed_in(client) for client in (here, elsewhere, colleague)] == [True, False, True]


def test_a_new_password_ends_the_other_sessions(operator: User) -> None:
    here, elsewhere = signed_in(operator), signed_in(operator)
    form = {"old_password": "correct horse battery"} | dict.fromkeys(("new_password1", "new_password2"), "a-new-one-7")

    assert here.post("/admin/password_change/", form).status_code == 302

    assert [is_signed_in(client) for client in (here, elsewhere)] == [True, False]
