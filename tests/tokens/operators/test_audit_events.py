"""Sign-ins, lock-outs and changes of operators and roles are in the audit trail, and no password is."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from catalog.models import AuditEntry
from tests import world
from tokens.models import OperatorGroups

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", password=PASSWORD)


def entries(**values: Any) -> list[tuple[str, str, str]]:
    found = AuditEntry.objects.filter(stream="events", **values).order_by("number")
    return [(entry.actor, entry.action, entry.name) for entry in found]


def sign_in(client: Client, name: str, password: str) -> Any:
    return client.post(
        "/admin/login/", {"login": name, "username": name, "password": password}, REMOTE_ADDR="192.0.2.1"
    )


def test_a_sign_in_and_a_sign_out_are_recorded(client: Client, boss: User) -> None:
    sign_in(client, "boss", PASSWORD)
    client.post("/admin/logout/")

    assert entries(kind="auth.user", action__startswith="signed") == [
        ("boss", "signed in", "boss"),
        ("boss", "signed out", "boss"),
    ]
    entry = AuditEntry.objects.get(action="signed in")
    assert (entry.address, entry.actor_key) == ("192.0.2.1", boss.pk)
    assert entry.request_id.startswith("req_")


def test_failures_and_the_lock_out_are_recorded_without_what_was_typed(client: Client, boss: User) -> None:
    for _ in range(7):
        sign_in(client, "boss", "typed-password")
    for name in ("typed-password", "typed-secret"):
        sign_in(client, name, "other")

    found = entries(kind="auth.user")
    assert found.count(("not signed in", "failed to sign in", "boss")) == 4
    assert found.count(("not signed in", "locked out", "boss")) == 1
    assert found.count(("not signed in", "failed to sign in", "a name that no operator has")) == 1
    assert "typed" not in str(list(AuditEntry.objects.values()))


def test_changes_of_an_operator_are_recorded_with_old_and_new_values(boss: User) -> None:
    User.objects.create_superuser("other")
    role = Group.objects.create(name="Night shift")
    boss.is_superuser = False
    boss.set_password("another horse battery")
    boss.save()
    boss.groups.add(role)
    role.permissions.add(Permission.objects.get(codename="view_token"))
    limit = OperatorGroups.objects.create(operator=boss)
    limit.groups.set([world.token_group("vip")])
    boss.delete()

    of_boss = AuditEntry.objects.filter(kind="auth.user", name="boss").order_by("number")
    assert [(entry.action, entry.changes, entry.detail) for entry in of_boss] == [
        ("created", {}, ""),
        ("changed", {"is_superuser": ["yes", "no"]}, "new password"),
        ("changed", {"roles": ["", "Night shift"]}, ""),
        ("changed", {"limit to groups": ["", "vip"]}, ""),
        ("changed", {}, "limit to groups removed"),
        ("deleted", {}, ""),
    ]
    of_role = AuditEntry.objects.filter(kind="auth.group", name="Night shift").order_by("number")
    assert [entry.changes for entry in of_role] == [{}, {"permissions": ["", "tokens.view_token"]}]
    assert "horse" not in str(list(AuditEntry.objects.values()))
    assert "argon2" not in str(list(AuditEntry.objects.values()))
