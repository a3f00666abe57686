"""Operators save the filters of a list under a name, for themselves or for others."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from catalog.admin.lists.tools import filters_of
from catalog.models import SavedFilter
from tests import world

pytestmark = pytest.mark.django_db

LIST, SAVE = "/admin/catalog/aimodel/", "/admin/catalog/aimodel/filters/"


@pytest.fixture
def reader() -> Client:
    person = User.objects.create_user("reader", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_aimodel"))
    client = Client()
    client.force_login(person)
    return client


def test_a_filter_is_saved_chosen_and_deleted(admin_client: Client) -> None:
    world.model()
    sent = {"name": " Drafts  of mine ", "query": "q=gpt&status__exact=draft&p=3&e=1"}

    answer = admin_client.post(SAVE, sent)

    row = SavedFilter.objects.get()
    assert (row.name, row.query, row.is_shared) == ("Drafts of mine", "q=gpt&status__exact=draft", False)
    assert answer["Location"] == f"{LIST}?q=gpt&status__exact=draft"
    page = admin_client.get(answer["Location"]).content.decode()
    assert 'aria-current="true">Drafts of mine' in page
    admin_client.post(SAVE, {"delete": row.pk, "query": row.query})
    assert not SavedFilter.objects.exists()


def test_the_same_name_replaces_the_filter(admin_client: Client) -> None:
    for query in ("q=a", "q=b"):
        admin_client.post(SAVE, {"name": "x", "query": query, "is_shared": "1"})

    assert [(row.query, row.is_shared) for row in SavedFilter.objects.all()] == [("q=b", True)]


def test_others_see_only_shared_filters_and_delete_none(admin_client: Client, reader: Client) -> None:
    admin_client.post(SAVE, {"name": "own", "query": "q=a"})
    admin_client.post(SAVE, {"name": "for all", "query": "q=b", "is_shared": "1"})

    page = reader.get(LIST).content.decode()

    assert ("own</a>" in page, "for all <span" in page) == (False, True)
    for row in SavedFilter.objects.all():
        assert reader.post(SAVE, {"delete": row.pk}).status_code == 403
    assert SavedFilter.objects.count() == 2


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "", "query": "q=a"},
        {"name": "x", "query": ""},
        {"name": "x", "query": "p=2"},
        {"name": "\x00", "query": "q=a"},
        {"name": "x", "query": "q=" + "a" * 3000},
    ],
)
def test_nothing_is_saved_without_filters_and_a_name(admin_client: Client, sent: dict[str, str]) -> None:
    answer = admin_client.post(SAVE, sent, follow=True)

    assert "Nothing was saved." in answer.content.decode()
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("row", ["x", "999", "9" * 30, "-1"])
def test_odd_numbers_delete_nothing(admin_client: Client, row: str) -> None:
    assert admin_client.post(SAVE, {"delete": row}).status_code == 403


def test_those_who_may_not_view_the_list_save_nothing(reader: Client) -> None:
    assert reader.post("/admin/tokens/token/filters/", {"name": "x", "query": "q=a"}).status_code == 403
    assert reader.get(SAVE)["Location"] == LIST


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("p=2&_popup=1", ""),
        ("o=1&q=a+b&q=", "o=1&q=a+b"),
        ("z=1&a=2&a=3", "a=2&a=3&z=1"),
        ("q=%E6%A8%A1", "q=%E6%A8%A1"),
    ],
)
def test_only_filters_are_saved(query: str, expected: Any) -> None:
    assert filters_of(query) == expected
