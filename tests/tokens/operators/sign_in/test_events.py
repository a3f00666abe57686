"""The audit trail records sign-ins, failures, lock-outs, factors and sessions; none of it contains a secret."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from catalog.models import AuditEntry
from tests.tokens.operators.sign_in.test_second_factor import (
    SET_UP,
    code_of,
    enter_code,
    enter_password,
    operator,
    secret,
)  # fmt: skip

pytestmark = pytest.mark.django_db
__all__ = ["operator", "secret"]


def actions() -> list[str]:
    rows = AuditEntry.objects.filter(kind="auth.user").exclude(action__in=("created", "changed"))
    return list(rows.order_by("pk").values_list("action", flat=True))


def test_a_sign_in_with_two_steps_is_recorded_once(client: Client, secret: str) -> None:
    enter_password(client)
    enter_code(client, code_of(secret))
    client.post("/admin/logout/")

    assert actions() == ["signed in", "signed out"]


def test_wrong_codes_and_the_lock_out_are_recorded(client: Client, secret: str) -> None:
    enter_password(client)
    for _ in range(8):
        enter_code(client, "000000")

    assert actions() == [*["failed to sign in"] * 4, "locked out"]


def test_factors_and_ended_sessions_are_recorded(operator: User, django_capture_on_commit_callbacks: Any) -> None:
    client, other = Client(), Client()
    client.force_login(operator)
    other.force_login(operator)
    secret = client.get(f"{SET_UP}totp/activate/").context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{SET_UP}totp/activate/", {"code": code_of(secret)})
    call_command("reset_mfa", "operator")

    recorded = actions()[2:]
    assert sorted(recorded) == sorted(
        ["second factor added", "second factor added", "second factor reset", "sessions ended", "sessions ended"]
    )
    assert secret not in str(list(AuditEntry.objects.values()))


def test_no_table_stores_a_code_that_was_entered(client: Client, operator: User, secret: str, caplog: Any) -> None:
    recovery = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    enter_password(client)
    for code in ("123456", recovery[0] + "1"):
        enter_code(client, code)

    stored = str(list(AccessAttempt.objects.values())) + str(list(AuditEntry.objects.values())) + caplog.text
    assert "123456" not in stored
    assert recovery[0] not in stored


def test_a_deactivated_operator_loses_all_sessions(operator: User) -> None:
    client = Client()
    client.force_login(operator)

    User.objects.create_superuser("root")
    operator.is_active = False
    operator.save()
    operator.is_active = True
    operator.save()

    assert client.get("/admin/")["Location"].startswith("/admin/login/")
