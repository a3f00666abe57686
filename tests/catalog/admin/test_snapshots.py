"""A snapshot is downloaded exactly as received, by people who may see it."""

import hashlib

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from catalog.models import Snapshot, Source
from tests import admin_world

CONTENT = b'<script>alert(1)</script>{"odd": 1.50e-06}\r\n'


def snapshot_of(reader: str = "litellm", content: bytes = CONTENT) -> Snapshot:
    snapshot = admin_world.import_run(reader).snapshot
    sha256 = hashlib.sha256(content).hexdigest()
    Snapshot.objects.update(packed=Snapshot.pack(content), size=len(content), sha256=sha256)
    snapshot.refresh_from_db()
    return snapshot


def address(snapshot: Snapshot) -> str:
    return f"/admin/catalog/snapshot/{snapshot.pk}/download/"


def test_the_download_has_the_received_bytes_and_is_not_displayed(admin_client: Client) -> None:
    snapshot = snapshot_of()
    page = admin_client.get(f"/admin/catalog/snapshot/{snapshot.pk}/change/")
    assert address(snapshot) in page.content.decode()
    answer = admin_client.get(address(snapshot))
    assert answer.content == CONTENT
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == f'attachment; filename="litellm-{snapshot.sha256[:12]}.json"'
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("reader", "expected"), [("csv", "text/csv; charset=utf-8"), ("yaml", "application/yaml")])
def test_the_content_type_is_that_of_the_source(admin_client: Client, reader: str, expected: str) -> None:
    answer = admin_client.get(address(snapshot_of(reader)))
    assert answer["Content-Type"] == expected
    assert answer["Content-Disposition"].endswith(f'.{reader}"')


def test_a_source_with_another_name_uses_the_content_type_of_its_reader(admin_client: Client) -> None:
    snapshot = snapshot_of("our-prices")
    Source.objects.update(reader="csv")
    assert admin_client.get(address(snapshot))["Content-Type"].startswith("text/csv")


@pytest.mark.parametrize("packed", [b"", b"no gzip", Snapshot.pack(CONTENT)[:-9], Snapshot.pack(b"other"),
                                    Snapshot.pack(CONTENT[::-1])])  # fmt: skip
def test_a_damaged_snapshot_is_reported_on_its_page(admin_client: Client, packed: bytes) -> None:
    snapshot = snapshot_of()
    Snapshot.objects.update(packed=packed)
    answer = admin_client.get(address(snapshot), follow=True)
    assert answer.redirect_chain == [(f"/admin/catalog/snapshot/{snapshot.pk}/change/", 302)]
    assert "is damaged" in answer.content.decode()


def test_a_missing_snapshot_is_not_found(admin_client: Client) -> None:
    assert admin_client.get("/admin/catalog/snapshot/7/download/").status_code in (302, 404)


@pytest.mark.django_db
@pytest.mark.parametrize(("permission", "status"), [("view_snapshot", 200), ("view_source", 403)])
def test_a_download_requires_permission_to_view_snapshots(client: Client, permission: str, status: int) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=permission))
    client.force_login(user)
    assert client.get(address(snapshot_of())).status_code == status
