"""Publishing a model that no group reaches says that nobody can see it."""

import html

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client

from catalog.models import AIModel
from tests import admin_world, world

pytestmark = pytest.mark.django_db

LIST = "/admin/catalog/aimodel/"


def text(response: object) -> str:
    return html.unescape(response.content.decode())  # type: ignore[attr-defined]


def test_a_save_says_it(admin_client: Client) -> None:
    hidden = world.model("hidden", on=None, status="draft")
    page = f"{LIST}{hidden.pk}/change/"
    form = admin_world.filled_in(admin_client, page, status="published")
    shown = text(admin_client.post(page, form, follow=True))
    assert "No group reaches a channel of hidden, so nobody can see it." in shown
    assert AIModel.objects.get().status == "published"


def test_a_bulk_action_says_it_of_those_that_are_hidden(admin_client: Client) -> None:
    models = [world.model("seen", status="draft"), *(world.model(name, on=None, status="draft") for name in "ab")]
    form = {"action": "publish", ACTION_CHECKBOX_NAME: [str(model.pk) for model in models]}
    shown = text(admin_client.post(LIST, form, follow=True))
    assert "No group reaches a channel of a, b, so nobody can see them." in shown
    assert AIModel.objects.filter(status="published").count() == 3


def test_a_model_that_a_group_reaches_has_no_warning(admin_client: Client) -> None:
    model = world.model("seen", status="draft")
    page = f"{LIST}{model.pk}/change/"
    form = admin_world.filled_in(admin_client, page, status="published")
    assert "No group reaches" not in text(admin_client.post(page, form, follow=True))
