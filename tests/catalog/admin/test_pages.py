"""Every page of the admin opens for people who may see it, and for nobody else."""

from typing import Any

import pytest
from django.apps import apps as django_apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from catalog.models import AIModel
from tests import admin_world, world

LABELS = sorted(model._meta.label_lower for model in admin.site._registry)


def address(label: str, page: str, *args: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


@pytest.fixture
def everything(db: None) -> dict[str, Any]:
    return admin_world.one_of_everything()


@pytest.mark.parametrize("label", LABELS)
def test_the_list_opens(everything: dict[str, Any], admin_client: Client, label: str) -> None:
    assert admin_client.get(address(label, "changelist")).status_code == 200


@pytest.mark.parametrize("label", LABELS)
def test_the_page_of_a_row_opens(everything: dict[str, Any], admin_client: Client, label: str) -> None:
    response = admin_client.get(address(label, "change", everything[label].pk))

    assert response.status_code == 200


@pytest.mark.parametrize("label", LABELS)
def test_the_history_opens(everything: dict[str, Any], admin_client: Client, label: str) -> None:
    row = everything[label]

    assert admin_client.get(address(label, "history", row.pk)).status_code == 200
    # The audit trail has a column of this name.
    for version in row.history.all() if hasattr(type(row), "history") and label != "catalog.auditentry" else []:
        assert admin_client.get(address(label, "simple_history", row.pk, version.pk)).status_code == 200


@pytest.mark.parametrize("label", LABELS)
def test_the_form_for_a_new_row_opens_if_people_may_add_rows(admin_client: Client, label: str) -> None:
    written_by_software = label in admin_world.WRITTEN_BY_SOFTWARE

    assert admin_client.get(address(label, "add")).status_code == (403 if written_by_software else 200)


@pytest.mark.parametrize("label", LABELS)
def test_a_form_takes_valid_initial_values_from_the_address(admin_client: Client, label: str) -> None:
    opts = django_apps.get_model(label)._meta
    for value in ("abc", "\0", "9" * 30, "-1", "2027-01-31"):
        filled = {field.name: value for field in (*opts.fields, *opts.many_to_many)}
        assert admin_client.get(address(label, "add"), filled).status_code in {200, 403}, value


def test_the_address_sets_the_relations_of_a_new_row(admin_client: Client) -> None:
    model = world.model()

    page = admin_client.get(f"{address('catalog.offer', 'add')}?model={model.pk}&channel=abc").content.decode()

    assert f'value="{model.pk}" selected' in page


@pytest.mark.parametrize("label", LABELS)
def test_a_hostile_query_gets_a_page(admin_client: Client, label: str) -> None:
    for query in [
        "q=" + "word+" * 1500,
        "q=%00",
        "q=%27%22%28",
        "o=99.-99",
        "p=99999",
        "id=9" + "9" * 30,
        "nonsense=1",
    ]:
        response = admin_client.get(address(label, "changelist") + "?" + query, follow=True)

        assert response.status_code == 200, query[:40]


def test_a_visitor_is_redirected_to_the_login(db: None, client: Client) -> None:
    for page in [reverse("admin:index"), *(address(label, "changelist") for label in LABELS)]:
        response = client.get(page)

        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


def test_a_reader_can_neither_change_a_row_nor_restore_a_version(db: None, client: Client) -> None:
    model = world.model("gpt-4o")
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_aimodel"))
    client.force_login(reader)
    version = address("catalog.aimodel", "simple_history", model.pk, model.history.get().pk)

    assert client.get(address("catalog.aimodel", "change", model.pk)).status_code == 200
    assert client.post(address("catalog.aimodel", "change", model.pk), {"name": "other"}).status_code == 403
    assert client.post(version, {"name": "other"}).status_code == 403
    assert AIModel.objects.get().name == "gpt-4o"


def test_a_name_is_escaped(db: None, admin_client: Client) -> None:
    attack = '"><img/src=x/onerror=alert(1)><p/x-init=alert(2)>'
    vendor = world.vendor("evil", name=attack)
    model = world.model(attack, vendor=vendor, display_name=attack, tags=[attack])
    model.display_name = attack * 2
    model.save()

    pages = ["changelist", "change", "history", "delete"]
    for page in pages:
        for row in (vendor, model):
            args = [] if page == "changelist" else [row.pk]
            body = admin_client.get(address(row._meta.label_lower, page, *args)).content.decode()
            assert "<img/src" not in body, page
            assert "<p/x-init" not in body, page


def test_a_value_that_some_clients_cannot_read_is_saved_with_a_warning(admin_client: Client) -> None:
    model = world.model("gpt-4o")
    page = address("catalog.aimodel", "change", model.pk)

    values = {"context_length": "4294967296", "released_on": "1900-01-01"}
    text = admin_client.post(page, admin_world.filled_in(admin_client, page, **values), follow=True).content.decode()
    model.refresh_from_db()

    assert (model.context_length, str(model.released_on)) == (4_294_967_296, "1900-01-01")
    assert "The context window (4,294,967,296 tokens) is above 2,147,483,647" in text
    assert "The release date (1900-01-01) is not between 1970-01-02 and 2038-01-18" in text
