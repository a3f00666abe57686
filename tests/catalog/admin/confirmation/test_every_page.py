"""No page of the admin stores a loss without a confirmation: every form, action and page, as they are registered."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import resolve
from django.utils import timezone

from catalog.models import ModelAlias
from tests import admin_world, world
from tokens.models import ModelRelease

pytestmark = pytest.mark.django_db

# Fields of texts that decide what keys see or pay, and another value for each.
TEXTS = {"name": "renamed", "slug": "renamed", "deny": "*", "ratio": "3", "multiplier": "3", "per_usd": "9"}


class Watcher:
    """What a key sees and pays, as the API answers it, and not as the code that confirms computes it."""

    def __init__(self, key: str) -> None:
        self.headers = {"authorization": f"Bearer {key}"}
        self.before = self.read()

    def read(self) -> dict[str, Any]:
        """Listed name -> its prices; empty if the key is refused."""
        listed = Client().get("/v1/models", headers=self.headers)
        if listed.status_code != 200:
            return {}
        rows = Client().get("/api/pricing", headers=self.headers).json()["data"]
        prices = {
            row["model_name"]: {name: row[name] for name in row if "ratio" in name or "price" in name} for row in rows
        }
        return {row["id"]: prices.get(row["id"]) for row in listed.json()["data"]}

    def losses(self) -> list[str]:
        before, after = self.before, self.read()
        gained = after.keys() - before.keys()
        return [
            *(f"{name} is lost" for name in before.keys() - after.keys()),
            *(f"{name} has another price" for name in before.keys() & after.keys() if before[name] != after[name]),
            *([f"{sorted(gained)} are new"] if len(gained) > 1 else []),
        ]


@pytest.fixture
def rows(db: None) -> dict[str, Any]:
    """A row of every table, and what a key can lose of it."""
    rows = admin_world.one_of_everything()
    model = rows["catalog.aimodel"]
    for priced in (model, world.model("o3")):
        world.price(priced, role="list", input="3", output="12")
    ModelAlias.objects.create(name="newest", model=model, listed=True)
    ModelRelease.objects.create(model=model, group=rows["tokens.tokengroup"], starts_at=world.LONG_AGO)
    for number in range(2):
        world.model(f"draft-{number}", status="draft")
    return rows


class Desk:
    """An operator who posts forms; responses are not rendered, which takes most of the time of a page."""

    def __init__(self, operator: User) -> None:
        self.operator = operator

    def post(self, view: Callable[..., Any], path: str, form: dict[str, Any], *args: Any) -> tuple[bool, bool]:
        """Whether the change is stored, and whether a confirmation is shown."""
        request: Any = RequestFactory().post(path, form)
        request.user, request.session = self.operator, SessionStore()
        request._messages, request._dont_enforce_csrf_checks = FallbackStorage(request), True
        request.resolver_match = resolve(path)
        response = view(request, *args)
        return response.status_code == 302, getattr(response, "template_name", "") == "catalog/admin/confirmation.html"


@pytest.fixture
def desk(admin_user: User) -> Desk:
    return Desk(admin_user)


def place_of(model: Any) -> str:
    return f"/admin/{model._meta.label_lower.replace('.', '/')}/"


def changed_forms(form: admin_world.FormReader) -> Iterator[tuple[str, dict[str, Any]]]:
    """The form with one field changed at a time: boxes, menus, radio buttons, lists, starts, ends, and some texts."""
    fields = form.fields | {"_save": "Save"}
    tomorrow = timezone.now().date() + dt.timedelta(days=1)
    for name in sorted(form.boxes | form.choices.keys() | fields.keys()):
        value, column = fields.get(name, ""), name.rsplit("-", 1)[-1]
        if name in form.boxes:
            others = {key: other for key, other in fields.items() if key != name}
            yield name, others if value else others | {name: "on"}
        elif isinstance(value, list):
            yield name, {**fields, name: []}
        elif name in form.choices:
            other = next((choice for choice in form.choices[name] if choice not in ("", value)), None)
            if other is not None:
                yield name, {**fields, name: other}
        elif name.endswith("starts_at_0"):
            yield name, {**fields, name: str(tomorrow), f"{name[:-1]}1": "00:00:00"}
        elif name == "retires_on":
            yield name, {**fields, name: str(timezone.now().date())}
        elif column in TEXTS:
            yield name, {**fields, name: TEXTS[column]}


def test_no_form_stores_a_loss_without_a_confirmation(admin_client: Client, desk: Desk, rows: dict[str, Any]) -> None:
    watcher, confirmed = Watcher(world.key(name="Acme")), set()
    for model, model_admin in admin.site._registry.items():
        key = str(rows[model._meta.label_lower].pk)
        page = f"{place_of(model)}{key}/change/"
        reader = admin_world.FormReader()
        reader.feed(admin_client.get(page).content.decode())
        for what, form in changed_forms(reader) if model_admin.has_change_permission(admin_request(desk)) else ():
            with transaction.atomic():
                is_stored, is_confirmed = desk.post(model_admin.changeform_view, page, form, key)
                if is_confirmed:
                    confirmed.add(f"{model._meta.model_name}.{what}")
                # A form that is shown again has stored nothing.
                assert not (is_stored and watcher.losses()), (page, what)
                transaction.set_rollback(True)
    assert confirmed >= {
        *("aimodel.name", "aimodel.status", "aimodel.listed", "aimodel.retires_on", "aimodel.offers-0-DELETE"),
        *("aimodel.offers-0-enabled", "aimodel.aliases-0-DELETE", "channel.enabled", "offer.enabled"),
        *("token.enabled", "token.groups", "token.deny", "token.allow_0", "tokengroup.channels"),
    }


def test_no_action_stores_a_loss_without_a_confirmation(desk: Desk, rows: dict[str, Any]) -> None:
    watcher, confirmed = Watcher(world.key(name="Acme")), set()
    for model, model_admin in admin.site._registry.items():
        keys = [str(key) for key in model._default_manager.values_list("pk", flat=True)[:50]]
        for action in model_admin.get_actions(admin_request(desk)):
            with transaction.atomic():
                form = {"action": action, "_selected_action": keys}
                is_stored, is_confirmed = desk.post(model_admin.changelist_view, place_of(model), form)
                if is_confirmed:
                    confirmed.add(f"{model._meta.model_name}.{action}")
                assert not watcher.losses(), (model, action, is_stored)
                transaction.set_rollback(True)
    assert confirmed >= {
        *("aimodel.publish", "aimodel.back_to_draft", "aimodel.unlist_models", "aimodel.hide_from_price_list"),
        *("channel.disable", "offer.disable", "token.disable", "channel.delete_selected", "token.delete_selected"),
    }


def test_no_deletion_stores_a_loss_without_a_confirmation(desk: Desk, rows: dict[str, Any]) -> None:
    watcher = Watcher(world.key(name="Acme"))
    for model, model_admin in admin.site._registry.items():
        key = str(rows[model._meta.label_lower].pk)
        with transaction.atomic(), suppress(PermissionDenied):
            desk.post(model_admin.delete_view, f"{place_of(model)}{key}/delete/", {"post": "yes"}, key)
            assert not watcher.losses(), model
            transaction.set_rollback(True)


def admin_request(desk: Desk) -> Any:
    request = RequestFactory().get("/")
    request.user = desk.operator
    return request
