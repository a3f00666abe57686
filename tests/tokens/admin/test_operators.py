"""Operators are deactivated, nobody takes over an account that may do more, and one superuser always stays."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.test import Client

from catalog.error_messages import InputError
from tests import admin_world, world
from tokens.models import OperatorGroups

pytestmark = pytest.mark.django_db

LIST = "/admin/auth/user/"
MANAGES = ("view_user", "add_user", "change_user", "delete_user", "view_group", "add_group", "change_group")


def page(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password="x")


@pytest.fixture
def manager(client: Client, root: User) -> Client:
    """Manages operators, and may view models."""
    user = User.objects.create_user("manager", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=[*MANAGES, "view_aimodel"]))
    client.force_login(user)
    return client


def test_a_manager_cannot_take_over_a_superuser(manager: Client, root: User) -> None:
    before = User.objects.filter(pk=root.pk).values().get()
    text = manager.get(page(root)).content.decode()

    assert 'name="email"' not in text
    assert "/password/" not in text
    assert root.password not in text
    assert manager.post(page(root), {"username": "root", "email": "evil@example.com"}).status_code == 403
    assert manager.get(f"{LIST}{root.pk}/password/").status_code == 403
    passwords = {"password1": "Quiet-Lantern-88", "password2": "Quiet-Lantern-88"}
    assert manager.post(f"{LIST}{root.pk}/password/", passwords).status_code == 403
    answer = manager.post(LIST, {"action": "deactivate", "_selected_action": [root.pk]}, follow=True)
    assert "root may do more than you" in answer.content.decode()
    assert User.objects.filter(pk=root.pk).values().get() == before


def test_a_manager_cannot_change_an_operator_with_more_permissions(manager: Client) -> None:
    other = User.objects.create_user("other", is_staff=True, is_active=False)
    other.groups.add(Group.objects.get(name="Pricing"))

    assert manager.post(page(other), {"username": "other"}).status_code == 403


def test_a_manager_grants_only_what_they_may_do(manager: Client) -> None:
    own = Group.objects.create(name="Readers")
    own.permissions.set(Permission.objects.filter(codename="view_aimodel"))
    other = User.objects.create_user("other", is_staff=True)
    pricing, cost = Group.objects.get(name="Pricing"), Permission.objects.get(codename="view_pricesheet")
    text = manager.get(page(other)).content.decode()

    assert "Readers" in text
    assert ">Pricing<" not in text
    for field, value in (("groups", pricing.pk), ("user_permissions", cost.pk), ("is_superuser", "on")):
        manager.post(page(other), admin_world.filled_in(manager, page(other), **{field: value}))
        other.refresh_from_db()
        assert (other.is_superuser, other.groups.count(), other.user_permissions.count()) == (False, 0, 0), field
    manager.post(page(other), admin_world.filled_in(manager, page(other), groups=own.pk))
    assert [role.name for role in other.groups.all()] == ["Readers"]


def test_a_manager_cannot_widen_their_own_role(manager: Client) -> None:
    role = Group.objects.create(name="Managers")
    role.permissions.set(Permission.objects.filter(codename__in=MANAGES))
    role.user_set.add(User.objects.get(username="manager"))
    address, cost = f"/admin/auth/group/{role.pk}/change/", Permission.objects.get(codename="view_pricesheet")

    manager.post(address, admin_world.filled_in(manager, address, permissions=[cost.pk]))

    assert not role.permissions.filter(pk=cost.pk).exists()


@pytest.mark.parametrize("power", ["is_active", "is_superuser", "is_staff"])
def test_the_last_superuser_keeps_all_powers(client: Client, root: User, power: str) -> None:
    client.force_login(root)
    User.objects.create_superuser("gone", password="x", is_active=False)
    fields = admin_world.filled_in(client, page(root))
    del fields[power]

    answer = client.post(page(root), fields)

    assert "root is the last active superuser" in answer.content.decode()
    root.refresh_from_db()
    assert getattr(root, power)
    setattr(root, power, False)
    with pytest.raises(InputError, match="last active superuser"):
        root.save()


def test_the_last_superuser_is_neither_deactivated_by_the_action_nor_deleted(client: Client, root: User) -> None:
    client.force_login(root)

    answer = client.post(LIST, {"action": "deactivate", "_selected_action": [root.pk]}, follow=True)

    assert "root is the last active superuser" in answer.content.decode()
    assert client.post(f"{LIST}{root.pk}/delete/", {"post": "yes"}).status_code == 403
    with pytest.raises(InputError, match="last active superuser"), transaction.atomic():
        root.delete()
    assert User.objects.filter(username="root", is_active=True).exists()


def test_one_of_two_superusers_can_be_deactivated_and_activated(client: Client, root: User) -> None:
    other = User.objects.create_superuser("other", password="x")
    client.force_login(root)

    for action, is_active in (("deactivate", False), ("activate", True)):
        client.post(LIST, {"action": action, "_selected_action": [other.pk]})
        other.refresh_from_db()
        assert other.is_active is is_active


def test_a_built_in_role_is_copied_and_not_changed(client: Client, root: User) -> None:
    client.force_login(root)
    role = Group.objects.get(name="Support")
    address = f"/admin/auth/group/{role.pk}/"

    assert client.post(f"{address}change/", {"name": "Other"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    text = client.get(f"{address}change/").content.decode()
    assert "Issue and change tokens" in text
    assert f"{address}copy/" in text
    form = client.get(f"{address}copy/")["Location"]
    client.post("/admin/auth/group/add/", admin_world.filled_in(client, form))
    copied = Group.objects.get(name="Support (copy)")
    assert set(copied.permissions.all()) == set(role.permissions.all())
    assert "built in" in client.get("/admin/auth/group/").content.decode()


def test_a_limit_to_groups_is_set_on_the_page_of_the_operator(client: Client, root: User) -> None:
    client.force_login(root)
    group, sue = world.token_group("acme"), User.objects.create_user("sue", is_staff=True)
    fields = admin_world.filled_in(client, page(sue))

    client.post(page(sue), fields | {"responsibility-TOTAL_FORMS": "1", "responsibility-0-groups": [group.pk]})

    assert [row.slug for row in OperatorGroups.objects.get(operator=sue).groups.all()] == ["acme"]
    assert "acme" in client.get(page(sue)).content.decode()


def test_an_account_that_a_limited_operator_creates_has_the_same_limit(manager: Client) -> None:
    limit = OperatorGroups.objects.create(operator=User.objects.get(username="manager"))
    limit.groups.set([world.token_group("acme")])
    passwords = {"password1": "Quiet-Lantern-88", "password2": "Quiet-Lantern-88", "usable_password": "true"}

    manager.post(f"{LIST}add/", {"username": "new", **passwords})
    new = User.objects.get(username="new")

    assert [row.slug for row in new.responsibility.groups.all()] == ["acme"]
    assert manager.get(page(new)).status_code == 200
    assert manager.get(page(User.objects.create_user("free", is_staff=True))).status_code == 200
    assert manager.post(page(User.objects.get(username="free")), {"username": "free"}).status_code == 403


def test_an_operator_who_is_added_can_sign_in_and_gets_roles(client: Client, root: User) -> None:
    client.force_login(root)
    passwords = {"password1": "Quiet-Lantern-88", "password2": "Quiet-Lantern-88", "usable_password": "true"}

    admin_world.post(client, f"{LIST}add/", {"username": "sue"} | passwords)

    sue = User.objects.get(username="sue")
    assert sue.is_staff
    assert "Roles" in client.get(page(sue)).content.decode()
