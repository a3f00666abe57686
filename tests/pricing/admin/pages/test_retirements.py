"""The page of retirements: figures by permission, and actions that are confirmed, with history."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.db.audit import record
from catalog.models import AIModel, AuditEntry
from pricing.models import UsageCount
from pricing.retirements.actions import set_forwarding
from tests import world
from tokens.models import Event, OperatorGroups, Token, Webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def old() -> AIModel:
    new = world.model("gpt-new")
    world.price(new, input="2", output="4")
    old = world.model("gpt-old", retires_on=timezone.now().date() + dt.timedelta(10), successor=new)
    world.price(old, input="1", output="4")
    return old


def act(client: Client, model: AIModel, action: str, **fields: str) -> Any:
    """Posts the form of the page, and confirms it where it asks for that."""
    address = reverse("retirement_action", args=[model.pk, action])
    page = client.get(address)
    assert page.status_code == 200, page
    fields = {"click": page.context["click"]} | fields
    response = client.post(address, fields)
    if response.status_code == 200 and "page" in response.context:
        posted = dict(response.context["posted"])
        shown = {"_shown": response.context["fingerprint"], "_accept_loss": "1", "_reason": "by request"}
        response = client.post(address, posted | shown)
    return response


def test_the_page_shows_keys_usage_and_prices(admin_client: Client, old: AIModel) -> None:
    world.key(name="Both")
    world.key(name="Only Old", allow=["gpt-old"])
    content = admin_client.get(reverse("retirements_page")).content.decode()
    for text in ("gpt-old", "in 10 days", "Both", "Only Old", "1 cannot call the successor", "not reported"):
        assert text in content, text
    assert "Input: $1.00 → $2.00 per million tokens" in content


@pytest.mark.parametrize(
    ("tables", "shown", "hidden"),
    [
        ([], ["gpt-old"], ["Secret Name", "not reported", "$1.00"]),
        (["token"], ["Secret Name"], ["$1.00"]),
        (["pricesheet"], [], ["Secret Name", "$1.00"]),
        (["token", "pricesheet", "usagecount"], ["Secret Name", "$1.00", "not reported"], []),
    ],
)
def test_figures_need_their_permissions(
    client: Client, old: AIModel, tables: list[str], shown: list[str], hidden: list[str]
) -> None:
    world.key(name="Secret Name")
    user = User.objects.create_user("viewer", is_staff=True)
    codes = [f"view_{table}" for table in ("aimodel", *tables)]
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(user)
    content = client.get(reverse("retirements_page")).content.decode()
    assert [text for text in shown if text not in content] == []
    assert [text for text in hidden if text in content] == []
    assert "Actions</th>" in content
    assert client.get(reverse("retirement_action", args=[old.pk, "forward"])).status_code == 403


def test_figures_of_other_groups_are_not_shown(client: Client, old: AIModel) -> None:
    """Who is responsible for some groups sees the keys in these, and the usage that they report."""
    token, _ = world.token(name="Ours")
    other, _ = world.token("vip", name="Theirs")
    for reporter, requests in ((token, 3), (other, 400)):
        UsageCount.objects.create(
            model=old,
            name="gpt-old",
            day=timezone.now().date(),
            reporter=reporter.key_id,
            requests=requests,
            tokens=requests,
        )
    user = User.objects.create_user("reseller", is_staff=True)
    tables = ["view_aimodel", "change_aimodel", "view_token", "view_pricesheet", "view_usagecount"]
    user.user_permissions.set(Permission.objects.filter(codename__in=tables))
    OperatorGroups.objects.create(operator=user).groups.set([world.token_group("default")])
    record("notified holders", about=old, detail="17 keys, event evt_1")
    client.force_login(user)
    pages = [reverse("retirements_page"), reverse("retirement_action", args=[old.pk, "notify"])]
    contents = [client.get(page).content.decode() for page in pages]
    assert "3 requests, 3 tokens in 30 days" in contents[0]
    for content in contents:
        assert "Ours" in content
        assert [text for text in ("Theirs", "403", "vip", "17 keys") if text in content] == []


def test_an_odd_address_shows_what_is_usual(admin_client: Client, old: AIModel) -> None:
    for text in ("9" * 5000, "", "x", "-1"):
        assert "gpt-old" in admin_client.get(reverse("retirements_page"), {"within": text}).content.decode()
    assert admin_client.get(reverse("retirement_action", args=[10**30, "forward"])).status_code == 404


def test_holders_are_notified_once_per_click(admin_client: Client, old: AIModel) -> None:
    token, key = world.token(name="Both")
    page = act(admin_client, old, "notify")
    assert "No webhook takes this event" in admin_client.get(page.url).content.decode()
    Webhook(url="https://hooks.example.com/", events=["model.retiring"]).save_with(vendors=[], groups=[])
    for _ in range(2):
        page = act(admin_client, old, "notify", click="a")
        assert "is on its way" in admin_client.get(page.url).content.decode()
    act(admin_client, old, "notify", click="b")
    events = list(Event.objects.order_by("pk"))
    assert [event.type for event in events] == ["model.retiring"] * 2
    assert f'"keys":[{{"key_id":"{token.key_id}","name":"Both"}}]' in events[0].data
    assert key not in events[0].data
    entry = AuditEntry.objects.filter(action="notified holders").latest("pk")
    assert (entry.name, entry.actor) == ("gpt-old", "admin")
    assert "Holders notified" in admin_client.get(reverse("retirements_page")).content.decode()


def test_calls_are_forwarded_and_no_longer_forwarded(admin_client: Client, old: AIModel) -> None:
    assert act(admin_client, old, "forward").status_code == 302
    old.refresh_from_db()
    assert old.forwards_to_successor
    assert old.history.latest().actor == "admin"
    assert "calls are forwarded" in admin_client.get(reverse("retirements_page")).content.decode()
    assert act(admin_client, old, "unforward").status_code == 302
    old.refresh_from_db()
    assert not old.forwards_to_successor


def test_forwarding_writes_nothing_else(admin_client: Client, old: AIModel) -> None:
    """What another operator changed meanwhile stays, and what an import stored does not get in the way."""
    AIModel.objects.filter(pk=old.pk).update(supported_endpoint_types=["unknown"])
    stale = AIModel.objects.get(pk=old.pk)
    AIModel.objects.filter(pk=old.pk).update(description="Changed meanwhile.")
    set_forwarding(stale.pk, is_forwarded=True)
    old.refresh_from_db()
    assert (old.forwards_to_successor, old.description) == (True, "Changed meanwhile.")


def test_a_model_without_a_date_is_not_forwarded(admin_client: Client, old: AIModel) -> None:
    AIModel.objects.filter(pk=old.pk).update(retires_on=None, deprecated_on=timezone.now().date())
    address = reverse("retirement_action", args=[old.pk, "forward"])
    assert address not in admin_client.get(reverse("retirements_page")).content.decode()
    for response in (admin_client.get(address), admin_client.post(address)):
        assert "Set a retirement date first" in response.content.decode()


def test_a_model_without_a_successor_is_not_forwarded(admin_client: Client, old: AIModel) -> None:
    AIModel.objects.filter(pk=old.pk).update(successor=None)
    response = admin_client.post(reverse("retirement_action", args=[old.pk, "forward"]))
    assert "Choose a successor first" in response.content.decode()
    old.refresh_from_db()
    assert not old.forwards_to_successor


@pytest.mark.parametrize("is_retired", [False, True])
def test_patterns_move_to_the_successor(admin_client: Client, old: AIModel, is_retired: bool) -> None:
    AIModel.objects.filter(name="gpt-new").update(name="vendor:x")
    terms = {
        "allowed": (["x", "gpt-old", "y"], []),
        "literal": (["id:gpt-old"], []),
        "both": (["gpt-old", "id:vendor:x"], []),
        "denied": (None, ["gpt-old"]),
        "pattern": (["gpt-*"], []),
        "none": (None, []),
    }
    for name, (allow, deny) in terms.items():
        world.token(name=name, allow=allow, deny=deny)
    if is_retired:
        AIModel.objects.filter(pk=old.pk).update(retires_on=timezone.now().date())
    before = {token.name: token.history.count() for token in Token.objects.all()}

    assert act(admin_client, old, "move").status_code == 302

    stays = [] if is_retired else ["gpt-old"]
    moved = {token.name: (token.allow, token.deny) for token in Token.objects.all()}
    assert moved == {
        "allowed": (["x", *stays, "id:vendor:x", "y"], []),
        "literal": ([*(["id:gpt-old"] if stays else []), "id:vendor:x"], []),
        "both": ([*stays, "id:vendor:x"], []),
        "denied": (None, [*stays, "id:vendor:x"]),
        "pattern": (["gpt-*"], []),
        "none": (None, []),
    }
    changed = {"allowed", "literal", "denied", *(["both"] if is_retired else [])}
    for token in Token.objects.all():
        assert token.history.count() - before[token.name] == (token.name in changed), token.name
        if token.name in changed:
            assert token.history.latest().history_change_reason, token.name
    assert "No key that you may see names the model" in str(
        admin_client.get(reverse("retirement_action", args=[old.pk, "move"])).content
    )
