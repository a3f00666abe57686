"""A change that takes much from a key is stopped, and says what it would take; a dry run says it of every change."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from rest_framework.test import APIRequestFactory, force_authenticate

from catalog.models import AIModel
from pricing.admin_api.resource import Resource
from pricing.admin_api.serializers import RowSerializer
from pricing.models import GroupRate
from tests import world

pytestmark = pytest.mark.django_db


class ModelSerializer(RowSerializer):
    class Meta:
        model = AIModel
        fields = ("name", "vendor", "status", "context_length")
        harmless_fields = ("context_length",)


class Models(Resource):
    address = "models"
    queryset = AIModel.objects.all()
    serializer_class = ModelSerializer
    lookup_field = "name"


class RateSerializer(RowSerializer):
    class Meta:
        model = GroupRate
        fields = ("id", "group", "ratio", "starts_at")


class Rates(Resource):
    address = "group-rates"
    queryset = GroupRate.objects.all()
    serializer_class = RateSerializer
    lookup_field = "pk"


@pytest.fixture
def send() -> Callable[..., Any]:
    """Sends a request to a resource, as an operator."""

    def send(resource: type[Resource], method: str, body: Any, *, by: Any = None, query: str = "", **key: Any) -> Any:
        view = resource.as_view({"patch": "update", "post": "create"})
        request = getattr(APIRequestFactory(), method)(f"/api/admin/v1/x?{query}", body, format="json")
        force_authenticate(request, by or User.objects.create_superuser("alice"))
        return view(request, **key)

    return send


def test_a_loss_is_stopped_and_can_be_accepted(send: Callable[..., Any]) -> None:
    model = world.model("gpt-4o")
    token, _ = world.token(name="shop")
    alice = User.objects.create_superuser("alice")

    def draft(query: str = "") -> Any:
        return send(Models, "patch", {"status": "draft"}, by=alice, query=query, name="gpt-4o")

    trial = draft("dry_run=1")
    stopped = draft()
    model.refresh_from_db()
    assert (trial.status_code, stopped.status_code, model.status) == (200, 409, "published")
    impact = read(stopped)["impact"]
    assert impact == trial.data["impact"]
    assert [(key["key_id"], key["name"], key["loses"]) for key in impact["keys"]] == [
        (token.key_id, "shop", ["gpt-4o"])
    ]
    assert impact["guards"]
    assert trial.data["result"]["status"] == "draft"

    assert draft("accept_loss=1").status_code == 200
    model.refresh_from_db()
    assert model.status == "draft"


def test_an_operator_sees_no_names_of_keys_without_permission(send: Callable[..., Any]) -> None:
    world.model("gpt-4o")
    world.token(name="shop")
    bob = User.objects.create_user("bob", is_staff=True)
    bob.groups.add(Group.objects.get(name="Catalog"))

    stopped = send(Models, "patch", {"status": "draft"}, by=bob, name="gpt-4o")

    assert [(key["key_id"], key["name"]) for key in read(stopped)["impact"]["keys"]] == [("", "")]
    assert b"shop" not in stopped.content


def test_a_scheduled_change_is_compared_at_its_moment(send: Callable[..., Any]) -> None:
    world.price(world.model("gpt-4o"), input="2.5")
    world.token()
    starts_at = (timezone.now() + dt.timedelta(days=30)).isoformat()

    body = {"group": "default", "ratio": "0.50", "starts_at": starts_at}
    trial = send(Rates, "post", body, query="dry_run=1")

    assert trial.status_code == 200
    prices = trial.data["impact"]["prices"]
    assert [(price["model"], price["group"], price["before"] is not None) for price in prices] == [
        ("gpt-4o", "default", True)
    ]
    # Exact numbers are texts, and a request may send a number.
    assert trial.data["result"]["ratio"] == "0.5"
    assert not GroupRate.objects.filter(starts_at__gt=timezone.now()).exists()


def read(response: Any) -> Any:
    return json.loads(response.content)
