"""Operators do by the management API what they may do in the admin, within the scopes of their admin keys."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from catalog.models import Vendor
from tests import world

pytestmark = pytest.mark.django_db

VENDORS = "/api/admin/v1/vendors"


def operator(role: str) -> User:
    user = User.objects.create_user("bob", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def test_a_viewer_may_read_and_not_write(api_as: Callable[..., Any]) -> None:
    api = api_as(operator("Viewer"))

    assert api.get(VENDORS).status_code == 200
    refused = api.post(VENDORS, {"slug": "acme", "name": "Acme"})
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert refused.json()["detail"] == "You do not have permission to add vendors."


def test_a_key_may_not_leave_its_scope(api_as: Callable[..., Any]) -> None:
    api = api_as(User.objects.create_superuser("alice"), "tokens")

    refused = api.post(VENDORS, {"slug": "acme", "name": "Acme"})
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith(
        "The scopes of this admin key do not include the permission to add vendors."
    )
    assert api.get(VENDORS).status_code == 403


def test_permissions_that_an_operator_loses_end_at_once(api_as: Callable[..., Any]) -> None:
    user = operator("Catalog")
    api = api_as(user)
    assert api.post(VENDORS, {"slug": "acme", "name": "Acme"}).status_code == 201

    user.groups.clear()

    assert api.get(f"{VENDORS}/acme").status_code == 403


def test_a_batch_needs_the_permissions_of_its_rows(api_as: Callable[..., Any]) -> None:
    Vendor.objects.create(slug="acme", name="Acme")
    user = operator("Viewer")
    user.user_permissions.add(*user.user_permissions.model.objects.filter(codename="change_vendor"))
    api = api_as(user)

    assert api.post(f"{VENDORS}/batch", [{"slug": "acme", "name": "A"}]).status_code == 201
    assert api.post(f"{VENDORS}/batch", [{"slug": "new", "name": "New"}]).status_code == 403


def test_a_customers_key_is_not_an_admin_key(client: Client) -> None:
    response = client.get(VENDORS, headers={"Authorization": f"Bearer {world.key()}"})

    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
    assert "not an admin key" in response.json()["detail"]
    assert "WWW-Authenticate" in response


def test_an_admin_key_may_send_so_many_requests_in_a_minute(api: Any, settings: Any) -> None:
    settings.ADMIN_API_PER_MINUTE = 2

    statuses = [api.get(VENDORS).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert int(api.get(VENDORS)["Retry-After"]) >= 1


def test_a_repeat_of_a_batch_needs_the_permissions_too(api_as: Callable[..., Any]) -> None:
    user = operator("Catalog")
    api, rows = api_as(user), [{"slug": "acme", "name": "Acme"}]
    repeated = {"headers": {"Idempotency-Key": "1"}}
    assert api.post(f"{VENDORS}/batch", rows, **repeated).status_code == 201

    user.groups.clear()

    assert api.post(f"{VENDORS}/batch", rows, **repeated).status_code == 403
