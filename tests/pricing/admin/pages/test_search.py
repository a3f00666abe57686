"""The search box finds pages and rows that the operator may view, with a bounded number of queries."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, ModelAlias
from tests import admin_world, world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def found(client: Client, text: str) -> list[tuple[str, str]]:
    answer = client.get("/admin/search/", {"s": text, "extended": "1"})
    return [(item.title, item.link) for item in answer.context["results"]] if answer.context else []


def test_everything_is_found_by_its_names(admin_client: Client) -> None:
    everything = admin_world.one_of_everything()
    model, token = everything["catalog.aimodel"], everything["tokens.token"]
    ModelAlias.objects.create(name="newest-of-all", model=model)
    old = token.key_id
    token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())
    run = everything["catalog.importrun"]
    expected = {
        "GPT-4": (model.name, f"/admin/catalog/aimodel/{model.pk}/change/"),
        "newest-of": (model.name, f"/admin/catalog/aimodel/{model.pk}/change/"),
        token.key_id: (token.name, f"/admin/tokens/token/{token.pk}/change/"),
        token.key_id[:6]: (token.name, f"/admin/tokens/token/{token.pk}/change/"),
        token.masked: (token.name, f"/admin/tokens/token/{token.pk}/change/"),
        old: (token.name, f"/admin/tokens/token/{token.pk}/change/"),
        token.name.upper(): (token.name, f"/admin/tokens/token/{token.pk}/change/"),
        f"#{run.pk}": (str(run), f"/admin/catalog/importrun/{run.pk}/change/"),
        "litellm": (str(run), f"/admin/catalog/importrun/{run.pk}/change/"),
        "health": ("Health checks", "/admin/check/"),
        "refused": ("Refused requests", "/admin/explain/"),
    }
    for label in ("catalog.vendor", "catalog.channel", "tokens.tokengroup"):
        row = everything[label]
        expected[row.slug] = (str(row), f"/admin/{label.replace('.', '/')}/{row.pk}/change/")

    for text, result in expected.items():
        assert result in found(admin_client, text), text


def test_equal_names_come_first_and_each_kind_has_a_limit(admin_client: Client) -> None:
    for name in (*(f"a-gpt-{number:02}" for number in range(20)), "gpt-x", "gpt"):
        world.model(name)

    names = [title for title, link in found(admin_client, "gpt") if "/aimodel/" in link]

    assert names[:2] == ["gpt", "gpt-x"]
    assert len(names) == 8


def test_what_is_typed_is_not_stored(admin_client: Client) -> None:
    model = world.model("gpt-4o")
    assert found(admin_client, "gpt-4o")
    model.delete()

    assert not [link for _, link in found(admin_client, "gpt-4o") if "/aimodel/" in link]


def test_nobody_finds_what_they_may_not_view(client: Client, django_user_model: Any) -> None:
    world.model("secret-model")
    token, _ = world.token(name="secret customer")
    person = django_user_model.objects.create_user("somebody", is_staff=True)
    client.force_login(person)
    assert found(client, "secret") == found(client, token.key_id) == found(client, "Refused") == []

    person.user_permissions.add(Permission.objects.get(codename="view_token"))

    assert [title for title, _ in found(client, "secret")] == ["secret customer"]


def test_only_staff_may_search(client: Client) -> None:
    assert client.get("/admin/search/?s=gpt").status_code == 302


@pytest.mark.parametrize("text", ["", " ", "\x00", "%", "x", "#", "9" * 40, "a" * 500, "'\"<script>"])
def test_odd_texts_find_nothing(admin_client: Client, text: str) -> None:
    world.model()

    assert admin_client.get("/admin/search/", {"s": text}).status_code == 200


def test_many_models_need_few_queries(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    vendor = world.vendor()
    AIModel.objects.bulk_create([AIModel(name=f"m{number:05}", vendor=vendor) for number in range(15_000)])

    # Session, user, the revision, the vendors, one for each kind of rows, and three for the index.
    with django_assert_max_num_queries(14):
        assert len(found(admin_client, "m149")) == 8


def test_other_spellings_find_models_and_vendors(admin_client: Client) -> None:
    vendor = world.vendor("zhipu", name="Zhipu AI")
    for name in ("zai-org/glm-4.6-air", "glm-4.6", "a-glm-4.60"):
        world.model(name, vendor=vendor)

    assert [title for title, _link in found(admin_client, "GLM4.6")] == ["glm-4.6", "zai-org/glm-4.6-air"]
    assert {title for title, _link in found(admin_client, "智谱")} == {
        "Zhipu AI", "zai-org/glm-4.6-air", "glm-4.6", "a-glm-4.60",
    }  # fmt: skip
