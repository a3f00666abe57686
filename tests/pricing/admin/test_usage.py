"""The admin of reported usage: events are found by key, model or id, and priced again; tokens show their sums."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Offer
from pricing.models import UsageEvent, UsageReporter
from pricing.usage.events import Event, record_events
from pricing.usage.quantities import read_usage
from tests import world
from tokens.models import Token

pytestmark = pytest.mark.django_db
EVENTS = "/admin/pricing/usageevent/"


@pytest.fixture
def token() -> Token:
    """A token with a call of a priced model and one of a model that its groups cannot reach."""
    token, _ = world.token(name="Acme")
    gateway, _ = world.token(name="gateway")
    UsageReporter.objects.create(token=gateway)
    world.price(world.model("gpt-4o"), input="2.5")
    world.price(world.model("unreached", on=None), input="1")
    now = timezone.now()
    usage = read_usage({"input": 1000})
    events = [
        Event("chatcmpl-1", token.key_id, "gpt-4o", now - dt.timedelta(minutes=1), usage),
        Event("chatcmpl-2", token.key_id, "unreached", now, usage),
    ]
    record_events(events, reporter=gateway.pk, reporter_name=gateway.key_id, at=now)
    return token


def test_a_search_finds_a_key_a_model_or_an_event(admin_client: Client, token: Token) -> None:
    def found(**query: str) -> list[str]:
        rows = admin_client.get(EVENTS, query).context["cl"].result_list
        return [row.event_id for row in rows]

    assert found() == found(q=token.key_id) == ["chatcmpl-2", "chatcmpl-1"]
    assert found(q="gpt-4o") == found(q="chatcmpl-1") == found(cost="known") == ["chatcmpl-1"]
    assert found(q="gpt") == found(cost="unknown_model") == []
    assert found(cost="unknown") == ["chatcmpl-2"]
    assert found(token__id__exact=str(token.pk)) == ["chatcmpl-2", "chatcmpl-1"]


def test_events_of_unknown_cost_are_priced_again(admin_client: Client, token: Token) -> None:
    Offer.objects.create(model=AIModel.objects.get(name="unreached"), channel=world.channel())
    chosen = list(UsageEvent.objects.values_list("pk", flat=True))
    values = {"action": "price_unknown", "_selected_action": chosen}
    answer = admin_client.post(EVENTS, values, follow=True).content.decode()
    assert "1 of 1 event of unknown cost priced." in answer
    assert UsageEvent.objects.get(event_id="chatcmpl-2").cost == Decimal("0.001")


def test_the_page_of_a_token_has_the_sums_of_its_calls(admin_client: Client, token: Token) -> None:
    page = admin_client.get(f"/admin/tokens/token/{token.pk}/change/").content.decode()
    assert f'href="{EVENTS}?token__id__exact={token.pk}">2 calls</a>: 0.0025 USD, unknown cost of 1 call' in page
    other, _ = world.token(name="quiet")
    assert "no reported calls" in admin_client.get(f"/admin/tokens/token/{other.pk}/change/").content.decode()
