"""The review of a plan that removes what a file no longer contains: what it shows, and who may apply it."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from catalog.error_messages import InputError
from catalog.models import AIModel, ImportRun, ModelAlias
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import apply_run, forbidden_actions, plan_of, save_plan
from pricing.imports.rollback import roll_back
from tests import world
from tokens.models import OperatorGroups, Token

pytestmark = pytest.mark.django_db

ALLOWED = ("change_aimodel", "delete_aimodel", "delete_modelalias", "add_pricesheet")
FILE = """format: modelbook/1
vendors:
- {slug: openai, name: Openai}
models:
%s
aliases: []
"""
PEOPLE = """format: modelbook/1
tokens:
- {key_id: abcdefgh12, name: Acme production, groups: [default]}
roles:
- {name: Curators, permissions: [catalog.view_vendor]}
"""


def catalog(number: int = 40, *, listed: int | None = None) -> bytes:
    """A file with the first models of a catalog that has more of them."""
    for index in range(number):
        model = world.model(f"model-{index:02}")
        ModelAlias.objects.create(name=f"alias-{index:02}", model=model)
    rows = (f"- {{name: model-{index:02}, vendor: openai}}" for index in range(listed or number - 1))
    return (FILE % "\n".join(rows)).encode()


def waiting(content: bytes, *, prune: str = "delete") -> ImportRun:
    run = save_plan(content, Options(source=SOURCES["yaml"], prune=prune), at=timezone.now())[1]
    assert run is not None
    return run


def operator(*codes: str, **fields: Any) -> User:
    user = User.objects.create_user(f"user {User.objects.count()}", is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_importrun", "change_importrun", *codes]))
    return user


def apply(run: ImportRun, actor: User | None = None, **choices: Any) -> ImportRun | None:
    now = timezone.now()
    return apply_run(run, at=now, seen=plan_of(run, at=now).fingerprint, actor=actor, **choices)[1]


def test_the_form_offers_it_and_the_review_shows_what_is_removed() -> None:
    client = Client()
    client.force_login(operator(is_superuser=True))
    file = SimpleUploadedFile("catalog.yaml", catalog())

    posted = client.post("/admin/catalog/importrun/add/", {"source": "yaml", "file": file, "prune": "delete"})

    page = client.get(posted["Location"]).content.decode()
    assert "prune delete" in page
    assert page.count("Model model-39") == page.count("Alias alias-39") == 1
    row = page[page.index("Model model-39") :][:900]
    assert "stored" in row
    assert "removed" in row
    other = client.post(
        "/admin/catalog/importrun/add/",
        {"source": "litellm", "file": SimpleUploadedFile("a.json", b"{}"), "prune": "delete"},
    )
    assert "--prune needs a file that contains the whole catalog" in other.content.decode()


def test_chosen_models_are_removed_and_the_rest_waits() -> None:
    run = waiting(catalog(listed=38).replace(b"aliases: []\n", b""))

    rest = apply(run, chosen=["model-38"])

    assert sorted(AIModel.objects.filter(name__gte="model-38").values_list("name", flat=True)) == ["model-39"]
    assert rest is not None
    assert plan_of(rest, at=timezone.now()).structure.removed_models == ["model-39"]
    run.refresh_from_db()
    roll_back(run, at=timezone.now(), accept_loss=True)
    assert AIModel.objects.get(name="model-38").aliases.count() == 1


def test_many_removals_wait_for_a_confirmation_also_if_each_is_chosen() -> None:
    run = waiting(catalog(listed=30).replace(b"aliases: []\n", b""))
    sentence = "10 of 40 models are not in the file and are removed"
    with pytest.raises(InputError, match=sentence):
        apply(run)
    with pytest.raises(InputError, match=sentence):
        apply(run, chosen=[f"model-{number}" for number in range(30, 40)])
    assert AIModel.objects.count() == 40

    assert apply(run, accepted=["allow_removals", "accept_loss"]) is None
    assert AIModel.objects.count() == 30


def test_who_may_not_delete_models_and_prices_removes_none() -> None:
    run = waiting(catalog())
    plan = plan_of(run, at=timezone.now())
    assert forbidden_actions(plan, operator("change_aimodel")) == [
        "delete models",
        "delete aliases",
        "set prices, which are removed with their models and groups",
    ]
    assert forbidden_actions(plan, operator(*ALLOWED)) == []
    with pytest.raises(InputError, match="You do not have permission to delete models, delete aliases"):
        apply(run, operator("change_aimodel"))


def test_tokens_and_roles_need_the_permissions_for_them() -> None:
    world.token_group()
    run = waiting(PEOPLE.encode())
    plan = plan_of(run, at=timezone.now())
    support = operator("add_token", "change_token", "view_token")
    assert forbidden_actions(plan, support) == ["add roles"]
    assert forbidden_actions(plan, operator("add_group", "change_group")) == ["add tokens", "add roles"]
    with pytest.raises(InputError, match="You do not have permission to add roles"):
        apply(run, support)

    apply(run, operator(is_superuser=True))

    assert Group.objects.get(name="Curators").permissions.count() == 1
    assert Token.objects.get().history.first().history_user is not None
    run.refresh_from_db()
    with pytest.raises(InputError, match="You do not have permission"):
        roll_back(run, at=timezone.now(), actor=operator("change_token", "delete_token"))
    roll_back(run, at=timezone.now(), actor=User.objects.get(is_superuser=True), accept_loss=True)
    assert not Token.objects.exists()
    assert not Group.objects.filter(name="Curators").exists()


def test_a_limited_operator_applies_no_tokens() -> None:
    group = world.token_group("vip")
    support = operator("add_token", "change_token", "view_token", "view_tokengroup")
    OperatorGroups.objects.create(operator=support).groups.add(group)
    plan = plan_of(
        waiting(PEOPLE.replace("roles:\n- {name: Curators, permissions: [catalog.view_vendor]}\n", "").encode()),
        at=timezone.now(),
    )
    assert forbidden_actions(plan, User.objects.get(pk=support.pk)) == ["add tokens"]


def test_who_may_not_see_keys_sees_none_of_the_plan() -> None:
    world.token_group()
    run = waiting(PEOPLE.encode())
    for user, is_seen in ((operator(), False), (operator(is_superuser=True), True)):
        client = Client()
        client.force_login(user)
        page = client.get(f"/admin/catalog/importrun/{run.pk}/change/").content.decode()
        assert ("Acme production" in page) is is_seen
        assert ("Curators" in page) is is_seen
    apply(run, User.objects.get(is_superuser=True))
    client = Client()
    client.force_login(operator())
    assert "abcdefgh12" not in client.get(f"/admin/catalog/importrun/{run.pk}/change/").content.decode()
