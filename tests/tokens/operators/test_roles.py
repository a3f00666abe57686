"""The built-in roles exist after a migration, follow the software, and stay apart from roles that operators create."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from catalog.operators.permissions import may_set_prices, may_view
from pricing.models import PriceSheet, UsageEvent
from tokens.models import BuiltInRole
from tokens.operators.roles import ROLES, built_in, create_roles

pytestmark = pytest.mark.django_db


def member_of(name: str) -> User:
    user = User.objects.create_user(f"member of {name}", is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    return user


def test_every_role_exists_with_exactly_its_permissions() -> None:
    for role in ROLES:
        stored = Group.objects.get(name=role.name).permissions.values_list("content_type__app_label", "codename")
        assert set(stored) == set(role.permissions()), role.name


def test_only_pricing_may_set_prices() -> None:
    assert [role.name for role in ROLES if may_set_prices(member_of(role.name))] == ["Pricing"]
    assert not may_view(User.objects.get(username="member of Support"), PriceSheet)
    assert may_view(User.objects.get(username="member of Auditor"), PriceSheet, UsageEvent)


def test_a_migration_restores_a_changed_role() -> None:
    role = Group.objects.get(name="Viewer")
    before = set(role.permissions.all())
    role.permissions.set(Permission.objects.filter(codename__startswith="delete_"))

    create_roles()

    assert set(role.permissions.all()) == before


def test_a_role_of_operators_with_the_same_name_is_renamed_and_keeps_its_members() -> None:
    BuiltInRole.objects.all().delete()
    Group.objects.all().delete()
    custom = Group.objects.create(name="Support")
    Group.objects.create(name="Support (custom)")
    custom.user_set.add(User.objects.create_user("ann"))

    create_roles()
    custom.refresh_from_db()

    assert (custom.name, custom.user_set.count(), built_in(custom)) == ("Support (custom 2)", 1, None)
    role = built_in(Group.objects.get(name="Support"))
    assert role is not None
    assert role.slug == "support"


def test_a_role_that_the_software_no_longer_has_becomes_an_ordinary_one() -> None:
    old = Group.objects.create(name="Old")
    BuiltInRole.objects.create(slug="old", role=old)

    create_roles()

    assert built_in(old) is None
    assert Group.objects.filter(name="Old").exists()
