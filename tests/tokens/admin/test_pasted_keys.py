"""A key in an address of the admin is neither searched for nor logged: the page that takes keys opens."""

import logging

import pytest
from django.test import Client

from catalog.models import SavedFilter
from tests import world

pytestmark = pytest.mark.django_db

PLACES = (
    "/admin/tokens/token/?q={}",
    "/admin/catalog/aimodel/?q={}",
    "/admin/catalog/aimodel/?_changelist_filters=q%3D{}",
    "/admin/search/?s={}",
    "/admin/search/?extended=1&s={}",
    "/admin/autocomplete/?term={}&app_label=catalog&model_name=offer&field_name=model",
    "/admin/explain/?key={}",
    "/admin/login/?next=/admin/tokens/token/?q={}",
    "/admin/login/?next=/admin/tokens/token/%3Fq%3D{}",
    "/admin/tokens/token/{}/change/",
    "/admin/{}/",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["ours", "mistyped", "sk", "plain"])
def test_a_key_in_an_address_opens_the_page_for_keys(
    admin_client: Client, place: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = world.key()
    key = {"ours": key, "mistyped": f"{key[:-1]}{'a' if key[-1] != 'a' else 'b'}", "sk": "sk-" + "aZ9" * 16}.get(
        kind, "bY8" * 16
    )

    answer = admin_client.get(place.replace("{}", key))

    assert (answer.status_code, answer["Location"]) == (302, "/admin/explain/")
    assert key not in answer.content.decode() + str(answer.headers)
    page = admin_client.get("/admin/explain/").content.decode()
    assert "That looks like a key." in page
    assert key not in page + caplog.text
    assert key not in str(dict(admin_client.session))


def test_the_search_box_moves_to_the_page(admin_client: Client) -> None:
    answer = admin_client.get(f"/admin/search/?s={world.key()}", headers={"hx-request": "true"})

    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/admin/explain/")


def test_those_who_may_not_view_tokens_get_the_overview(client: Client, django_user_model: type) -> None:
    client.force_login(django_user_model.objects.create_user("somebody", is_staff=True))  # type: ignore[attr-defined]

    assert client.get(f"/admin/search/?s={world.key()}")["Location"] == "/admin/"


@pytest.mark.parametrize(
    "query", ["gpt-4o", "mb_live_0123456789_…abcd", "0123456789", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c"]
)
def test_other_searches_stay(admin_client: Client, query: str) -> None:
    assert admin_client.get("/admin/tokens/token/", {"q": query}).status_code == 200


@pytest.mark.parametrize("field", ["query", "name"])
def test_a_saved_filter_has_no_key(admin_client: Client, field: str) -> None:
    form = {"query": "q=acme", "name": "mine"} | {field: f"q={world.key()}"}

    assert admin_client.post("/admin/tokens/token/filters/", form)["Location"] == "/admin/explain/"
    assert not SavedFilter.objects.exists()


def test_a_sign_in_does_not_lead_to_an_address_with_a_key(client: Client, django_user_model: type) -> None:
    django_user_model.objects.create_superuser("ann", password="correct horse")  # type: ignore[attr-defined]
    form = {"username": "ann", "password": "correct horse", "next": f"/admin/tokens/token/?q={world.key()}"}

    assert client.post("/admin/login/", form)["Location"] == "/admin/explain/"
    assert client.get("/admin/").status_code == 200
