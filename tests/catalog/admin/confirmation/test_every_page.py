"""No page of the admin stores a loss without a confirmation: every form, action and page, as they are registered."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from catalog.models import ModelAlias
from tests import admin_world, world
from tokens.models import ModelRelease

pytestmark = pytest.mark.django_db

# Pages beside Django's own, and why they store no loss without a confirmation.
PAGES = {}
# Fields that decide nothing, and those that the form needs.
LEFT = ("csrf", "initial-", "_", "edition", "change_reason")
TOMORROW = timezone.now().date() + dt.timedelta(days=1)


class Watcher:
    """What a key sees and pays, as it is answered by the API and not by the code that confirms."""

    def __init__(self, key: str) -> None:
        self.headers = {"authorization": f"Bearer {key}"}
        self.before = self.read()

    def read(self) -> dict[str, Any]:
        """Name -> price, of listed models and of those that can be called."""
        listed = Client().get("/v1/models", headers=self.headers)
        prices = Client().get("/api/pricing", headers=self.headers)
        if listed.status_code != 200:
            return {}
        by_name = {row["model_name"]: row for row in prices.json()["data"]} if prices.status_code == 200 else {}
        return {row["id"]: by_name.get(row["id"]) for row in listed.json()["data"]}

    def losses(self) -> list[str]:
        after = self.read()
        lost = [f"{name} is lost" for name in self.before.keys() - after.keys()]
        changed = [
            f"{name} has another price"
            for name in self.before.keys() & after.keys()
            if self.before[name] != after[name]
        ]
        gained = after.keys() - self.before.keys()
        return lost + changed + ([f"{sorted(gained)} are new"] if len(gained) > 1 else [])


@pytest.fixture
def rows(db: None) -> dict[str, Any]:
    rows = admin_world.one_of_everything()
    model, group = rows["catalog.aimodel"], rows["tokens.tokengroup"]
    world.price(model, role="list", input="3", output="12")
    other = world.model("o3")
    world.price(other, role="list", input="3", output="12")
    ModelAlias.objects.create(name="newest", model=model, listed=True)
    ModelRelease.objects.create(model=model, group=group, starts_at=world.LONG_AGO)
    for number in range(2):
        world.model(f"draft-{number}", status="draft")
    return rows


def changed_forms(form: admin_world.FormReader) -> Iterator[tuple[str, dict[str, Any]]]:
    """The form with one field changed at a time: boxes, menus, radio buttons, lists, and texts."""
    fields = form.fields | {"_save": "Save"}
    for name in sorted(form.boxes | form.choices.keys() | fields.keys()):
        if name.startswith(LEFT) or name.endswith("_FORMS") or name.endswith(("-id", "-model", "-group", "-sheet")):
            continue
        value = fields.get(name, "")
        if name in form.boxes:
            yield name, {key: value for key, value in fields.items() if key != name} | ({} if value else {name: "on"})
        elif isinstance(value, list):
            yield name, {**fields, name: []}
        elif name in form.choices:
            for choice in form.choices[name]:
                if choice != value:
                    yield f"{name}={choice}", {**fields, name: choice}
        elif name.endswith("_0"):
            yield name, {**fields, name: str(TOMORROW), f"{name[:-1]}1": "00:00:00"}
        elif name.endswith("_on"):
            yield name, {**fields, name: str(timezone.now().date())}
        else:
            yield name, {**fields, name: "*" if name in ("deny",) else "3"}


def stored(response: Any) -> bool:
    return not admin_world.is_confirmation(response)


def test_no_form_stores_a_loss_without_a_confirmation(admin_client: Client, rows: dict[str, Any]) -> None:
    watcher, confirmed, posts = Watcher(world.key(name="Acme")), set(), 0
    for model, model_admin in admin.site._registry.items():
        label = model._meta.label_lower
        place = f"/admin/{label.replace('.', '/')}/"
        for page in (f"{place}{rows[label].pk}/change/", f"{place}add/"):
            answer = admin_client.get(page)
            if answer.status_code != 200:
                continue
            reader = admin_world.FormReader()
            reader.feed(answer.content.decode())
            for what, form in changed_forms(reader):
                with transaction.atomic():
                    posts += 1
                    answer = admin_client.post(page, form)
                    if admin_world.is_confirmation(answer):
                        confirmed.add(f"{model._meta.model_name}.{what}")
                    assert not watcher.losses(), (page, what)
                    transaction.set_rollback(True)
    print(posts, sorted(confirmed))
    assert 0
