"""Admin keys: who a request acts as, within which scopes, and when a key is refused."""

import datetime as dt
import logging
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled

from catalog.db import revision
from catalog.models import AuditEntry, Vendor
from catalog.operators.permissions import limit_rows, may
from pricing.models import PriceSheet
from tests import world
from tokens import keys
from tokens.auth.last_use import LAST_USE
from tokens.logs import scrub
from tokens.models import AdminKey, KeyHolder, OperatorGroups, Pepper, Token, TokenGroup
from tokens.operators.admin_keys import CHANGED, SEEN, AdminKeyAuthentication, authenticate, covers, issue

pytestmark = pytest.mark.django_db
SCOPES = ["read", "catalog", "prices", "tokens", "imports"]


@pytest.fixture
def alice() -> User:
    return User.objects.create_superuser("alice")


def request(key: str, *, address: str = "203.0.113.5") -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return RequestFactory(headers=headers).get("/api/admin/v1/vendors", REMOTE_ADDR=address)


def holder(key: str, *, address: str = "203.0.113.5") -> KeyHolder:
    return authenticate(request(key, address=address), at=timezone.now())


def refusal(key: str, *, address: str = "203.0.113.5") -> Any:
    with pytest.raises((AuthenticationFailed, NotAuthenticated)) as refused:
        holder(key, address=address)
    assert refused.value.status_code == 401
    assert not key or key not in str(refused.value.detail)
    return refused.value.get_codes()


def test_a_key_acts_as_its_operator_and_is_not_stored(alice: User) -> None:
    key, plaintext = issue(alice, name="Shop", scopes=["read"])

    assert keys.is_ours(plaintext)
    assert plaintext.startswith("mb_admin_")
    assert plaintext[-38:] not in str([*AdminKey.objects.values(), *AdminKey.history.values()])
    assert (holder(plaintext).pk, holder(plaintext).admin_key) == (alice.pk, key)
    assert AdminKeyAuthentication().authenticate_header(request("")) == 'Bearer realm="modelbook"'


def test_a_key_may_do_what_its_scopes_and_its_operator_may(alice: User) -> None:
    plaintext = issue(alice, name="Shop", scopes=["prices"])[1]
    actor = holder(plaintext)

    assert may(actor, "add", "pricing.pricesheet")
    assert may(actor, "view", "pricing.pricesheet")
    assert not may(actor, "view", "catalog.vendor")
    assert not may(actor, "change", "catalog.vendor")
    assert actor.get_all_permissions() <= alice.get_all_permissions()
    assert "pricing.add_pricesheet" in actor.get_all_permissions()
    assert actor.has_module_perms("pricing")
    assert not actor.has_module_perms("auth")

    User.objects.filter(pk=alice.pk).update(is_superuser=False)
    assert not may(holder(plaintext), "add", "pricing.pricesheet")
    alice.user_permissions.add(Permission.objects.get(codename="view_pricesheet"))
    actor = holder(plaintext)
    assert may(actor, "view", "pricing.pricesheet")
    assert not may(actor, "add", "pricing.pricesheet")


def test_a_key_without_a_scope_may_do_nothing(alice: User) -> None:
    assert not KeyHolder.objects.get(pk=alice.pk).has_perm("catalog.view_vendor")


@pytest.mark.parametrize("scopes", [["read"], SCOPES], ids="+".join)
def test_no_scope_changes_operators_roles_admin_keys_or_the_audit_trail(alice: User, scopes: list[str]) -> None:
    actor = holder(issue(alice, name="All", scopes=scopes)[1])

    for table in ("auth.user", "auth.group", "tokens.adminkey", "tokens.operatorgroups", "catalog.auditentry"):
        assert may(actor, "view", table)
        assert not any(may(actor, action, table) for action in ("add", "change", "delete"))


def test_read_sees_all_and_changes_nothing(alice: User) -> None:
    granted = holder(issue(alice, name="Reader", scopes=["read"])[1]).get_all_permissions()

    assert granted == {permission for permission in alice.get_all_permissions() if ".view_" in permission}


def test_each_scope_reads_what_it_changes() -> None:
    for scope in SCOPES:
        for table in CHANGED[scope]:
            app, name = table.split(".")
            assert all(covers([scope], f"{app}.{action}_{name}") for action in ("view", "add", "change", "delete"))
        for table in set(SEEN.get(scope, ())) - set(CHANGED[scope]):
            app, name = table.split(".")
            assert covers([scope], f"{app}.view_{name}")
            assert not covers([scope], f"{app}.change_{name}")


def test_limits_to_groups_apply_to_keys(alice: User) -> None:
    world.token(name="Theirs")
    mine = world.token("acme", name="Mine")[0]
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.set(Permission.objects.filter(content_type__app_label="tokens"))
    OperatorGroups.objects.create(operator=bob).groups.set([world.token_group("acme")])
    actor = holder(issue(bob, name="Shop", scopes=["tokens"])[1])

    assert list(limit_rows(actor, Token.objects.all())) == [mine]
    assert [group.slug for group in limit_rows(actor, TokenGroup.objects.all())] == ["acme"]
    assert not limit_rows(actor, AdminKey.objects.exclude(operator=bob)).exists()


def test_the_history_names_the_operator_and_the_key(alice: User) -> None:
    key, plaintext = issue(alice, name="S" * 128, scopes=["catalog"])
    vendor = world.vendor()
    actor = holder(plaintext)
    vendor._history_user = actor  # type: ignore[attr-defined]
    vendor.save()

    row = Vendor.history.latest("history_id")
    assert row.actor == f"alice, with the admin key {'S' * 128} ({key.key_id})"
    assert AuditEntry.objects.latest("pk").actor == row.actor
    assert row.history_user_id == alice.pk
    User.objects.filter(pk=alice.pk).update(username="a" * 150)
    assert len(holder(plaintext).actor) == 200
    assert holder(plaintext).actor.endswith(f"({key.key_id})")


def test_issuing_and_revoking_are_in_the_audit_trail(alice: User) -> None:
    key = issue(alice, name="Shop", scopes=["read"])[0]

    assert key.revoke(at=timezone.now())
    assert not key.revoke(at=timezone.now())
    entries = AuditEntry.objects.filter(kind="tokens.adminkey").order_by("pk")
    assert [(entry.action, entry.name) for entry in entries] == [
        ("issued", f"Shop {key.key_id}"),
        ("revoked", f"Shop {key.key_id}"),
    ]


def test_keys_are_refused_with_the_reason(alice: User, settings: Any) -> None:
    settings.FAILED_KEYS_PER_MINUTE = 0
    key, plaintext = issue(alice, name="Shop", scopes=["read"], networks=["198.51.100.0/24"])

    assert refusal("") == "missing"
    assert refusal(world.key()) == "not_an_admin_key"
    assert refusal("anything") == "not_an_admin_key"
    assert refusal(plaintext[:-1]) == "invalid"
    assert refusal(keys.make_key(keys.ADMIN_PREFIX).plaintext) == "invalid"
    assert refusal(plaintext) == "address_not_allowed"
    assert holder(plaintext, address="198.51.100.7")
    AdminKey.objects.update(networks=[])
    User.objects.update(is_active=False)
    assert refusal(plaintext) == "operator_not_active"
    User.objects.update(is_active=True, is_staff=False)
    assert refusal(plaintext) == "operator_not_active"
    User.objects.update(is_staff=True)
    assert holder(plaintext)
    AdminKey.objects.update(expires_at=timezone.now())
    assert refusal(plaintext) == "expired"
    key.revoke(at=timezone.now())
    assert refusal(plaintext) == "revoked"
    User.objects.create_superuser("root")
    alice.delete()
    assert refusal(plaintext) == "invalid"


def test_an_address_that_guesses_is_refused_before_any_query(
    alice: User, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.FAILED_KEYS_PER_MINUTE = 3
    plaintext = issue(alice, name="Shop", scopes=["read"])[1]
    for _ in range(3):
        refusal(f"{plaintext[:-6]}abcdef")

    with django_assert_num_queries(0), pytest.raises(Throttled) as throttled:
        holder(f"{plaintext[:-6]}abcdef")
    assert 0 < vars(throttled.value)["wait"] <= 60
    assert holder(plaintext)
    assert holder(plaintext, address="203.0.113.6")


def test_a_request_with_a_key_takes_two_queries_and_raises_no_counter(
    alice: User, django_assert_num_queries: Any
) -> None:
    plaintext = issue(alice, name="Shop", scopes=["read"])[1]
    before = revision.current()

    with django_assert_num_queries(2):
        holder(plaintext)
    LAST_USE.flush()

    assert AdminKey.objects.get().last_used_at is not None
    assert revision.current() == before
    assert AdminKey.history.count() == 1


def test_keys_move_to_a_new_pepper_when_they_are_used(alice: User, settings: Any) -> None:
    plaintext = issue(alice, name="Shop", scopes=["read"])[1]
    settings.TOKEN_PEPPERS = {**settings.TOKEN_PEPPERS, 9: "another pepper that is long enough"}

    holder(plaintext)
    LAST_USE.flush()

    assert AdminKey.objects.get().pepper == 9
    settings.TOKEN_PEPPERS = {9: settings.TOKEN_PEPPERS[9]}
    assert holder(plaintext)
    settings.TOKEN_PEPPERS = {10: "a third pepper"}
    assert 9 in Pepper.objects.problems()
    AdminKey.objects.get().revoke(at=timezone.now())
    assert 9 not in Pepper.objects.problems()


def test_an_admin_key_is_no_key_of_a_token(alice: User, client: Client) -> None:
    plaintext = issue(alice, name="Shop", scopes=SCOPES)[1]

    answer = client.get("/v1/models", headers={"authorization": f"Bearer {plaintext}"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert "management API" in answer.json()["error"]["message"]
    assert plaintext not in answer.content.decode()
    with pytest.raises(keys.UnfitKeyError, match="admin key"):
        Token.objects.take_over("theirs", plaintext=plaintext, groups=[])


def test_logs_and_searches_recognize_admin_keys(alice: User, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    key, plaintext = issue(alice, name="Shop", scopes=["read"])

    assert keys.contains_key(f"see {plaintext}")
    assert keys.looks_like_key(plaintext)
    assert plaintext[-38:] not in scrub(f"GET /x?y={plaintext}")
    assert key.key_id in scrub(plaintext)
    client.force_login(alice)
    with caplog.at_level(logging.DEBUG):
        answer = client.get("/admin/tokens/adminkey/", {"q": plaintext})
    assert answer["Location"] == "/admin/explain/"
    explained = client.post("/admin/explain/", {"key": plaintext, "model": "gpt-4o"}, follow=True).content.decode()
    assert "it is an admin key" in explained
    assert plaintext not in explained


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scopes": []}, "at least one"),
        ({"scopes": ["all"]}, "'all' is not a valid scope. Use one of: read, catalog, prices, tokens, imports."),
        ({"networks": ["x"]}, "does not appear to be an IPv4 or IPv6 network"),
        ({"expires_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "not in the future"),
        ({"name": ""}, "cannot be blank"),
    ],
)
def test_a_wrong_value_issues_no_key(alice: User, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        issue(alice, **{"name": "Shop", "scopes": ["read"], **fields})
    assert not AdminKey.objects.exists()


def run(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_commands_issue_list_and_revoke_keys(alice: User) -> None:
    out, err = run("issue_admin_key", "alice", "--scope", "read", "--scope", "tokens", "--ip", "203.0.113.0/24")
    key = AdminKey.objects.get()

    assert out == f"{out.strip()}\n"
    assert holder(out.strip()).admin_key == key
    assert out.strip() not in err
    assert (key.scopes, key.networks, key.name) == (["read", "tokens"], ["203.0.113.0/24"], "read+tokens")
    listed = run("list_admin_keys")[0]
    assert f"{key.key_id}  alice  read+tokens: read, tokens, from 203.0.113.0/24; valid; never used" in listed
    assert '"state":"valid"' in run("list_admin_keys", "--format", "json")[0]
    assert "would be revoked" in run("revoke_admin_key", key.key_id, "--dry-run")[0]
    assert holder(out.strip())
    assert "has been revoked" in run("revoke_admin_key", key.key_id)[0]
    assert "already revoked" in run("revoke_admin_key", key.key_id)[0]
    assert refusal(out.strip()) == "revoked"


def test_commands_refuse_what_is_wrong(alice: User) -> None:
    User.objects.create_user("customer")
    for words, message in {
        ("issue_admin_key", "bob", "--scope", "read"): "There is no operator named bob.",
        ("issue_admin_key", "alice", "--scope", "all"): "'all' is not a valid scope",
        ("issue_admin_key", "alice", "--scope", "read", "--expires", "yesterday"): "is not a valid time",
        ("issue_admin_key", "customer", "--scope", "read"): "is not an active operator",
        ("revoke_admin_key", "nothing"): "There is no admin key with the key id",
    }.items():
        with pytest.raises(CommandError, match=message):
            run(*words)
    assert run("issue_admin_key", "alice", "--scope", "read", "--dry-run")[0] == ""
    assert not AdminKey.objects.exists()


def test_a_scope_without_effect_is_reported(alice: User) -> None:
    bob = User.objects.create_user("bob", is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename=f"view_{PriceSheet._meta.model_name}"))

    err = run("issue_admin_key", "bob", "--scope", "read,prices")[1]
    assert "bob has no permission that the scope prices includes." in err
    assert "scope read" not in err
