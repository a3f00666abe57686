"""The page of unknown models: what it lists, what it previews, and what creating a draft or an alias does."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, ModelAlias
from pricing.models import UsageCount, UsageEvent, UsageReporter
from pricing.usage.events import Event, record_events
from pricing.usage.quantities import read_usage
from tests import world

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/unknown-models/", "/admin/unknown-models/add/"


def use(*names: str) -> None:
    """A call of each of these names, an hour ago."""
    token, _ = world.token(name="gateway")
    UsageReporter.objects.create(token=token)
    now = timezone.now()
    usage = read_usage({"input": 1000, "output": 200})
    events = [Event(name, token.key_id, name, now - dt.timedelta(hours=1), usage) for name in names]
    record_events(events, reporter=token.pk, reporter_name=token.key_id, at=now)


def test_an_alias_is_previewed_and_then_created(admin_client: Client) -> None:
    use("openai/gpt-4o")
    world.price(world.model(), input="2.5", output="10")
    page = admin_client.get(LIST).content.decode()
    assert "openai/gpt-4o" in page
    assert "Alias of gpt-4o" in page
    values = {"as": "alias", "name": "openai/gpt-4o", "model": "gpt-4o"}
    preview = admin_client.get(ADD, values).content.decode()
    assert '<strong class="text-important">1 call</strong>' in preview
    assert "0.0045 USD" in preview
    assert not ModelAlias.objects.exists()
    assert UsageEvent.objects.get().cost is None
    answer = admin_client.post(ADD, values, follow=True).content.decode()
    assert "openai/gpt-4o is now an alias of gpt-4o: 1 call assigned, 1 of 1 event priced." in answer
    assert "All reported models are in the catalog." in answer
    assert UsageEvent.objects.get().cost == Decimal("0.0045")
    assert ModelAlias.history.get().history_user == User.objects.get()


def test_an_alias_that_shows_the_model_to_a_key_is_reported_before_and_after(admin_client: Client) -> None:
    use("claude-cheap", "claude-bad")
    world.model()
    world.key(name="Acme", allow=["claude-*"])
    values = {"as": "alias", "name": "claude-cheap", "model": "gpt-4o"}

    for answer in (admin_client.get(ADD, values), admin_client.post(ADD, values, follow=True)):
        assert answer.content.decode().count("The alias claude-cheap shows gpt-4o to 1 key (Acme)") == 1
    refused = admin_client.post(ADD, values | {"name": "claude-bad", "model": "absent"}).content.decode()
    assert "There is no model absent." in refused
    assert "shows absent" not in refused


def test_a_draft_is_created_and_its_page_opens(admin_client: Client) -> None:
    use("claude-next")
    values = {"as": "draft", "name": "claude-next"}
    assert "No call had a price at its time" in admin_client.get(ADD, values).content.decode()
    assert not AIModel.objects.exists()
    response = admin_client.post(ADD, values)
    model = AIModel.objects.get()
    assert response["Location"] == f"/admin/catalog/aimodel/{model.pk}/change/"
    assert (model.name, model.status) == ("claude-next", AIModel.Status.DRAFT)
    assert UsageCount.objects.get().model == model


def test_what_cannot_be_added_is_explained(admin_client: Client) -> None:
    use("gpt-4o, please", "x")
    cases = (
        ({"as": "draft", "name": "gpt-4o, please"}, "This is not a valid model id"),
        ({"as": "alias", "name": "x", "model": "absent"}, "There is no model absent."),
        ({"as": "alias", "name": "x", "model": ""}, "Enter the id of a model."),
    )
    for values, message in cases:
        response = admin_client.post(ADD, values)
        assert response.status_code == 200
        assert message in response.content.decode()
    assert UsageCount.objects.filter(model=None).count() == 2
    assert admin_client.post(ADD, {"as": "draft", "name": "never reported"}).status_code == 302


def test_each_person_may_add_what_their_permissions_allow(client: Client) -> None:
    use("x")
    operator = User.objects.create_user("operator", is_staff=True)
    client.force_login(operator)
    assert client.get(LIST).status_code == 403
    operator.user_permissions.add(Permission.objects.get(codename="view_usagecount"))
    page = client.get(LIST)
    assert page.status_code == 200
    assert "Draft" not in page.content.decode()
    assert client.post(ADD, {"as": "draft", "name": "x"}).status_code == 403
    assert not AIModel.objects.exists()


def test_the_usage_of_a_name_that_has_come_into_the_catalog_is_assigned(admin_client: Client) -> None:
    use("gpt-4o")
    model = world.model()
    values = {"as": "draft", "name": "gpt-4o"}
    assert "is in the catalog by now." in admin_client.get(ADD, values).content.decode()
    answer = admin_client.post(ADD, values, follow=True).content.decode()
    assert "gpt-4o is now in the catalog: 1 call assigned" in answer
    assert UsageCount.objects.get().model == model


@pytest.mark.parametrize("kind", ["draft", "alias"])
def test_a_name_like_another_model_is_confirmed_or_refused(admin_client: Client, kind: str) -> None:
    use("GPT-4o", "gpt-4\u043e")
    world.model("gpt-4o")
    world.model("other")
    values = {"as": kind, "name": "GPT-4o", "model": "other"}

    for page in (admin_client.get(ADD, values), admin_client.post(ADD, values)):
        assert (
            "GPT-4o looks like the model gpt-4o, which differs only by upper and lower case." in page.content.decode()
        )
    refused = admin_client.post(ADD, values | {"name": "gpt-4\u043e", "confirm_name": "gpt-4\u043e"})
    assert "People could confuse the two" in refused.content.decode()
    assert (AIModel.objects.count(), ModelAlias.objects.count()) == (2, 0)
    assert admin_client.post(ADD, values | {"confirm_name": "GPT-4o"}).status_code == 302
    assert AIModel.objects.count() + ModelAlias.objects.count() == 3


def test_a_name_like_the_model_of_its_alias_is_added(admin_client: Client) -> None:
    use("GPT-4o")
    world.model("gpt-4o")
    assert admin_client.post(ADD, {"as": "alias", "name": "GPT-4o", "model": "gpt-4o"}).status_code == 302
