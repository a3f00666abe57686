"""The admin's lists of models, and the fields to choose one, find what the public pages find."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.admin.lists import model_search
from catalog.admin.lists.model_search import find_models
from catalog.models import AIModel, ModelAlias
from pricing.models import PopularModel
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture(autouse=True)
def models() -> None:
    zhipu = world.vendor("zhipu", name="Zhipu AI")
    world.model("glm-4.6", vendor=zhipu)
    world.model("a/glm-4.6-air", vendor=zhipu)
    own = world.vendor("in-house", name="In-house", aliases=["自研"])
    ModelAlias.objects.create(name="newest", model=world.model("gpt-5", vendor=own, tags=["best value"], series="Five"))
    world.model("b/solar-pro3", vendor=own)


def listed(client: Client, text: str, page: str = "catalog/aimodel") -> set[str]:
    response = client.get(f"/admin/{page}/", {"q": text})
    return {str(row) for row in response.context["cl"].result_list}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("GPT5", {"gpt-5"}), ("ｇｐｔ　５", {"gpt-5"}), ("newest", {"gpt-5"}), ("in-house/gpt-5", {"gpt-5"}),
        ("ziyan", {"gpt-5", "b/solar-pro3"}), ("自研 gpt", {"gpt-5"}), ("智谱", {"glm-4.6", "a/glm-4.6-air"}),
        ("zhipu 4.6", {"glm-4.6", "a/glm-4.6-air"}), ("best value", {"gpt-5"}), ("five gpt", {"gpt-5"}), ("o3", set()),
        ("models/gpt-5", {"gpt-5"}), ("glm-4.6:free", {"glm-4.6", "a/glm-4.6-air"}),
        ("nothing", set()), ("***", set()),
    ],
)  # fmt: skip
def test_the_list_of_models_has_what_is_searched(admin_client: Client, text: str, names: set[str]) -> None:
    assert listed(admin_client, text) == names


def test_an_empty_search_lists_all_models(admin_client: Client) -> None:
    assert len(listed(admin_client, " ")) == AIModel.objects.count() == 4


def test_the_search_narrows_with_filters(admin_client: Client) -> None:
    AIModel.objects.filter(name="glm-4.6").update(status="draft")
    response = admin_client.get("/admin/catalog/aimodel/", {"q": "智谱", "status__exact": "draft"})
    assert [str(row) for row in response.context["cl"].result_list] == ["glm-4.6"]


def test_lists_of_rows_of_models_find_them_by_the_same_search(admin_client: Client) -> None:
    PopularModel.objects.create(model=AIModel.objects.get(name="glm-4.6"), position=1)
    assert len(listed(admin_client, "智谱", "catalog/offer")) == 2
    assert len(listed(admin_client, "zhipu glm4.6", "pricing/popularmodel")) == 1
    assert len(listed(admin_client, "main", "catalog/offer")) == 4


@pytest.mark.parametrize("text", ["智谱", "zhipu", "z.ai", "Zhipu"])
def test_vendors_are_found_in_any_spelling(admin_client: Client, text: str) -> None:
    assert listed(admin_client, text, "catalog/vendor") == {"Zhipu AI"}


def test_a_field_to_choose_a_model_has_the_one_with_this_name_first(admin_client: Client) -> None:
    field = {"app_label": "pricing", "model_name": "popularmodel", "field_name": "model"}
    results = admin_client.get("/admin/autocomplete/", {**field, "term": "GLM 4.6"}).json()["results"]
    assert [result["text"] for result in results] == ["glm-4.6", "a/glm-4.6-air"]


def test_tables_that_an_operator_may_not_view_are_not_searched(client: Client, django_user_model: Any) -> None:
    person = django_user_model.objects.create_user("somebody", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_aimodel"))
    client.force_login(person)
    assert listed(client, "GPT5") == {"gpt-5"}
    assert listed(client, "newest") == listed(client, "智谱") == set()

    person.user_permissions.add(Permission.objects.get(codename="view_modelalias"))

    assert listed(client, "newest") == {"gpt-5"}
    assert listed(client, "智谱") == set()


def test_nothing_is_found_without_a_view_of_models(django_user_model: Any) -> None:
    assert not find_models("gpt", django_user_model.objects.create_user("somebody", is_staff=True)).found


def test_the_index_is_read_once_for_each_state_of_the_catalog(admin_user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests run in a transaction, of which nothing is stored.
    monkeypatch.setattr(model_search, "may_store", lambda: True)
    find_models("gpt", admin_user)
    with CaptureQueriesContext(connection) as queries:
        assert len(find_models("gpt5", admin_user).found) == 1
    assert len(queries) == 1
    world.model("gpt-5-mini")

    assert len(find_models("gpt5", admin_user).found) == 2


def test_more_keys_than_a_statement_takes_are_not_sent(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_search, "MOST_KEYS", 1)
    assert listed(admin_client, "glm") == {"glm-4.6", "a/glm-4.6-air"}
