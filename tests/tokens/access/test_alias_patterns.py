"""A pattern that matches an alias matches its model, everywhere."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, ModelAlias
from tests import world
from tokens.access.many_scopes import ManyScopes
from tokens.access.visibility import Listing
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.explaining import explain, survey
from tokens.scope import Scope

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _models() -> None:
    ModelAlias.objects.create(name="nick", model=world.model("gpt-4o"))
    ModelAlias.objects.create(name="other", model=world.model("o1"))


def answers(client: Client, key: str, name: str) -> tuple[int, int]:
    headers = {"authorization": f"Bearer {key}"}
    single, call = (
        client.get(path, headers=headers) for path in (f"/v1/models/{name}", f"/api/authorize?model={name}")
    )
    return single.status_code, call.status_code


@pytest.mark.parametrize("pattern", ["nick", "n*k"])
@pytest.mark.parametrize("name", ["nick", "gpt-4o"])
def test_deny_hides_the_model_under_both_its_names(client: Client, pattern: str, name: str) -> None:
    assert answers(client, world.key(deny=[pattern]), name) == (404, 403)
    assert answers(client, world.key(deny=[pattern]), "other") == (200, 204)
    assert answers(client, world.key(allow=["gpt-*", "nick"], deny=[pattern]), name) == (404, 403)


@pytest.mark.parametrize("allow", [["nick"], ["n*k"], ["nick", "vendor:nobody"]])
def test_allow_opens_the_model_under_both_its_names_and_no_other(client: Client, allow: list[str]) -> None:
    token, key = world.token(allow=allow)

    listed = client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).json()["data"]
    assert [row["id"] for row in listed] == ["gpt-4o"]
    assert {answers(client, key, name) for name in ("nick", "gpt-4o")} == {(200, 204)}
    assert {answers(client, key, name) for name in ("other", "o1")} == {(404, 403)}
    assert [
        explanation.name for explanation in survey(scope_of(row_of(token)), at=timezone.now()) if explanation.visible
    ] == ["gpt-4o"]
    scope = Scope(groups=(world.token_group().pk,), allow=tuple(allow))
    assert not ManyScopes(at=timezone.now()).is_empty(scope)


def test_why_names_the_alias() -> None:
    obstacle = explain(world.token(deny=["ni*"])[0], "gpt-4o", at=timezone.now()).obstacle

    assert obstacle is not None
    assert obstacle.because == "deny pattern ni*, which matches its alias nick"


@pytest.mark.parametrize(
    ("patterns", "of_one", "of_all"),
    [
        # The key of the name, the starts, and its model. The list: the catalog (6), its rows and their vendors.
        ({}, 3, 8),
        ({"allow": ("vendor:openai", "*"), "deny": ("tag:x",)}, 3, 8),
        # The aliases of the model too; the catalog contains all of them.
        ({"deny": ("nick",)}, 4, 8),
        # The keys of the names first.
        ({"allow": ("other",)}, 4, 9),
    ],
)
def test_aliases_are_one_query_and_only_where_ids_are_named(
    patterns: dict[str, Any], of_one: int, of_all: int, django_assert_num_queries: Any
) -> None:
    listing = Listing(Scope(groups=(world.token_group().pk,), **patterns), timezone.now())

    with django_assert_num_queries(of_one):
        assert listing.model("o1")
    with django_assert_num_queries(of_all):
        assert listing.models()


def test_a_new_or_deleted_alias_applies_to_the_next_request(client: Client) -> None:
    key = world.key(deny=["late"])
    assert answers(client, key, "o1") == (200, 204)

    alias = ModelAlias.objects.create(name="late", model=AIModel.objects.get(name="o1"))
    assert answers(client, key, "o1") == (404, 403)

    alias.delete()
    assert answers(client, key, "o1") == (200, 204)
