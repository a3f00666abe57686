"""Commands, the admin and programs issue and change tokens by the same rules, in the same words."""

import datetime as dt
import io

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from catalog.models import AuditEntry
from tests import admin_world, world
from tokens.models import OperatorGroups, Token
from tokens.operators.tokens import Terms, change, issue

pytestmark = pytest.mark.django_db

ADD = "/admin/tokens/token/add/"


def said() -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(kind="tokens.token").order_by("pk")
    return [(entry.action, entry.detail) for entry in entries]


def sue(*slugs: str) -> User:
    """An operator who is responsible for these groups."""
    operator = User.objects.create_user("sue", is_staff=True)
    operator.user_permissions.set(Permission.objects.filter(content_type__app_label="tokens"))
    OperatorGroups.objects.create(operator=operator).groups.set([world.token_group(slug) for slug in slugs])
    return operator


def test_the_admin_issues_a_token_in_the_words_of_the_command(admin_client: Client) -> None:
    world.token_group()

    admin_client.post(ADD, admin_world.filled_in(admin_client, ADD, name="Acme"))
    call_command("issue_token", "Acme", stdout=io.StringIO(), stderr=io.StringIO())

    assert said() == [("issued", ""), ("issued", "")]


def test_a_replaced_key_that_the_admin_ends_is_in_the_audit_trail(admin_client: Client) -> None:
    token, _ = world.token()
    replaced = token.key_id
    token.rotate(grace=dt.timedelta(days=1), at=timezone.now())

    admin_client.post(f"/admin/tokens/token/{token.pk}/replaced/", {"key_id": replaced})
    admin_client.post(f"/admin/tokens/token/{token.pk}/replaced/", {"key_id": replaced})

    entries = AuditEntry.objects.filter(action="revoked")
    assert [(entry.detail, entry.previous_key_id) for entry in entries] == [("the replaced key ended", replaced)]


def test_all_faults_are_reported_at_once_by_field() -> None:
    terms = Terms({"name": "", "rate_limit": "often", "first_group": world.token_group("vip"), "networks": ["x"]}, [])

    with pytest.raises(ValidationError) as refusal:
        issue(terms)

    assert set(refusal.value.message_dict) == {"name", "rate_limit", "first_group", "networks"}
    assert not Token.objects.exists()


def test_an_operator_of_some_groups_gives_a_token_no_others() -> None:
    operator, other = sue("acme"), world.token_group("other")
    token, _ = issue(Terms({"name": "Acme"}, [world.token_group("acme")]), actor=operator)

    for terms in (Terms({}, [other]), Terms({}, []), Terms({"uses_auto_groups": True})):
        with pytest.raises(ValidationError, match="responsible"):
            change(Token.objects.get(), terms, actor=operator)
    with pytest.raises(ValueError, match=r"There is no group 'default'\. Use one of: acme"):
        issue(Terms({"name": "in group default"}), actor=operator)

    assert [group.slug for group in token.groups.all()] == ["acme"]


def test_the_form_of_such_an_operator_refuses_it_too(client: Client) -> None:
    client.force_login(sue("acme"))
    token, _ = world.token("acme")
    page = f"/admin/tokens/token/{token.pk}/change/"

    answer = client.post(page, admin_world.filled_in(client, page, uses_auto_groups="on"))

    assert "You are not responsible for all automatic groups." in answer.content.decode()
    assert not Token.objects.get().uses_auto_groups
