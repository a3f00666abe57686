"""The audit page shows who changed what from which value to which, can be filtered, and exported."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from catalog.db import audit, bulk
from catalog.models import AIModel, AuditEntry
from catalog.request_id import request_id_scope
from tests import world
from tokens.models import Token

pytestmark = pytest.mark.django_db

PAGE = "/admin/catalog/auditentry/"


@pytest.fixture(autouse=True)
def changes() -> None:
    world.model("gpt-4o", on="main")
    world.model("gpt-5", on="main")
    with request_id_scope("req_1", address="203.0.113.7"):
        bulk.update_with_history(AIModel.objects.filter(name="gpt-4o"), reason="=cmd()", context_length=128_000)
        bulk.update_with_history(AIModel.objects.filter(name="gpt-5"), status="draft")
    token, _ = world.token("default", name="Acme")
    token.groups.set([world.token_group("vip")])
    audit.record("changed", kind="auth.user", name="mia", changes={"roles": ("Viewer", "Pricing")})


def text(client: Client, query: str = "") -> str:
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_old_and_new_values_are_shown(admin_client: Client) -> None:
    page = text(admin_client)
    for old, new in (
        ("(none)", "128000"),
        ("published", "draft"),
        ("default", "(none)"),
        ("(none)", "vip"),
        ("Viewer", "Pricing"),
    ):
        assert f'<del class="history-old">{old}</del> → <ins class="history-new">{new}</ins>' in page
    assert f"/admin/catalog/aimodel/{AIModel.objects.get(name='gpt-5').pk}/change/" in page


@pytest.mark.parametrize(
    ("query", "found", "left_out"),
    [
        ("kind=auth.user", "mia", "gpt-4o"),
        ("request_id=req_1", "gpt-4o", "mia"),
        ("q=%3Dcmd", "gpt-4o", "gpt-5"),
        ("action=created&kind=catalog.aimodel", "gpt-5", "mia"),
        ("q=203.0.113.7", "gpt-5", "Acme"),
    ],
)
def test_entries_are_found(admin_client: Client, query: str, found: str, left_out: str) -> None:
    rows = text(admin_client, query).partition("<tbody")[2]
    assert found in rows
    assert left_out not in rows


def test_the_number_of_queries_does_not_depend_on_the_number_of_entries(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        world.model(f"model-{number}", on="main")
    text(admin_client)
    with django_assert_max_num_queries(45):
        text(admin_client)


def test_an_entry_has_a_page_and_nobody_changes_it(admin_client: Client) -> None:
    entry = AuditEntry.objects.filter(kind="catalog.aimodel", action="changed").first()
    assert entry is not None
    page = admin_client.get(f"{PAGE}{entry.pk}/change/").content.decode()
    assert "128000" in page
    assert bytes(entry.hash).hex() in page
    assert admin_client.post(f"{PAGE}{entry.pk}/change/", {"actor": "x"}).status_code == 403
    assert admin_client.post(f"{PAGE}{entry.pk}/delete/", {"post": "yes"}).status_code == 403


def test_only_auditors_see_it(client: Client) -> None:
    client.force_login(User.objects.create_user("mia", is_staff=True))
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}export/").status_code == 403
    assert client.get(f"{PAGE}export/json-lines/").status_code == 403


def test_exports_are_safe_and_recorded(admin_client: Client) -> None:
    body = admin_client.get(f"{PAGE}export/?kind=catalog.aimodel").getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    assert "'=cmd()" in {row["reason"] for row in rows}
    lines = admin_client.get(f"{PAGE}export/json-lines/?kind=catalog.aimodel").getvalue().decode().splitlines()
    documents = [json.loads(line) for line in lines]
    assert {document["kind"] for document in documents} == {"catalog.aimodel"}
    assert ["published", "draft"] in [document["changes"].get("status") for document in documents]
    exported = AuditEntry.objects.filter(action="exported").order_by("pk")
    assert [entry.detail for entry in exported] == [
        "CSV, filters kind=catalog.aimodel",
        "JSON lines, filters kind=catalog.aimodel",
    ]
    assert {entry.actor for entry in exported} == {"admin"}


def test_a_command_exports_all_entries(tmp_path: Any) -> None:
    file = tmp_path / "audit.jsonl"
    call_command("export_audit", output=str(file))
    documents = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(documents) == AuditEntry.objects.count()
    assert (documents[-1]["action"], documents[0]["number"]) == ("exported", 1)
    assert Token.objects.get().digest not in file.read_text()
