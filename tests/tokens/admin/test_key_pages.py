"""The admin's pages about one token: rotation with a grace period, replaced keys, and visible models."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import models
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Offer
from tests import world
from tokens.models import RetiredKey, Token

pytestmark = pytest.mark.django_db

KEY = re.compile(r"mb_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}")


def page(token: Token, name: str) -> str:
    return f"/admin/tokens/token/{token.pk}/{name}/"


def status(client: Client, key: str) -> int:
    return client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code


def test_a_tokens_page_links_to_both_pages(admin_client: Client) -> None:
    token, _ = world.token()

    html = admin_client.get(page(token, "change")).content.decode()

    assert page(token, "rotate").rstrip("/") in html
    assert page(token, "sees").rstrip("/") in html


@pytest.mark.parametrize(("grace", "old_works"), [("0", 401), ("1", 200), ("168", 200)])
def test_a_rotation_shows_the_new_key_once(admin_client: Client, grace: str, old_works: int) -> None:
    token, old = world.token()
    assert "24 hours" in admin_client.get(page(token, "rotate")).content.decode()

    answer = admin_client.post(page(token, "rotate"), {"grace": grace, "key_id": token.key_id}, follow=True)

    match = KEY.search(answer.content.decode())
    assert match is not None
    assert "no-store" in answer["Cache-Control"]
    assert (status(admin_client, match[0]), status(admin_client, old)) == (200, old_works)
    until = RetiredKey.objects.get().valid_until - timezone.now()
    assert abs(until - dt.timedelta(hours=int(grace))) < dt.timedelta(minutes=1)
    assert match[0] not in admin_client.get(page(token, "change")).content.decode()


def test_a_rotation_is_in_the_history_with_its_author(admin_client: Client, admin_user: Any) -> None:
    token, _ = world.token()

    admin_client.post(page(token, "rotate"), {"grace": "0", "key_id": token.key_id})

    newest = Token.history.order_by("-history_id").first()
    assert newest is not None
    assert (newest.history_user, newest.key_id) == (admin_user, Token.objects.get().key_id)


@pytest.mark.parametrize("grace", ["", "48", "-1", "x"])
def test_another_grace_period_is_refused(admin_client: Client, grace: str) -> None:
    token, old = world.token()

    answer = admin_client.post(page(token, "rotate"), {"grace": grace, "key_id": token.key_id})

    assert answer.status_code == 200
    assert not RetiredKey.objects.exists()
    assert status(admin_client, old) == 200


def test_opening_the_page_rotates_nothing_and_readers_may_not_rotate(client: Client, django_user_model: Any) -> None:
    token, old = world.token()
    reader = django_user_model.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_token"))
    client.force_login(reader)

    assert client.get(page(token, "sees")).status_code == 200
    assert client.post(page(token, "rotate"), {"grace": "0", "key_id": token.key_id}).status_code == 403
    assert client.post(page(token, "replaced"), {"key_id": token.key_id}).status_code == 403
    assert status(client, old) == 200


def test_a_form_sent_twice_creates_one_key(admin_client: Client) -> None:
    token, _ = world.token()
    sent = {"grace": "24", "key_id": token.key_id}
    assert f'value="{token.key_id}"' in admin_client.get(page(token, "rotate")).content.decode()
    match = KEY.search(admin_client.post(page(token, "rotate"), sent, follow=True).content.decode())

    answer = admin_client.post(page(token, "rotate"), sent, follow=True)

    assert "Nothing changed" in answer.content.decode()
    assert RetiredKey.objects.count() == 1
    assert match is not None
    assert match[0][8:18] == Token.objects.get().key_id


def test_a_replaced_key_is_ended_before_its_grace_period_ends(admin_client: Client) -> None:
    token, old = world.token()
    first = token.key_id
    new = token.rotate(grace=dt.timedelta(hours=24), at=timezone.now())
    listed = admin_client.get(page(token, "replaced")).content.decode()
    assert "End now" in listed
    assert first in listed

    answer = admin_client.post(page(token, "replaced"), {"key_id": first}, follow=True)

    assert f"The replaced key {first} no longer works." in answer.content.decode()
    assert (status(admin_client, old), status(admin_client, new)) == (401, 200)
    assert "End now" not in admin_client.get(page(token, "replaced")).content.decode()


@pytest.mark.parametrize("key_id", ["", "nonsense", "\x00", "another's", "its own"])
def test_only_replaced_keys_of_the_token_can_be_ended(admin_client: Client, key_id: str) -> None:
    token, old = world.token()
    other, others = world.token()
    named = {"another's": other.key_id, "its own": token.key_id}
    other.rotate(grace=dt.timedelta(hours=24), at=timezone.now())

    answer = admin_client.post(page(token, "replaced"), {"key_id": named.get(key_id, key_id)}, follow=True)

    assert "Nothing changed" in answer.content.decode()
    assert (status(admin_client, old), status(admin_client, others)) == (200, 200)


def test_uses_after_the_grace_period_are_shown(admin_client: Client) -> None:
    token, _ = world.token()
    token.rotate(grace=dt.timedelta(0), at=timezone.now())
    RetiredKey.objects.update(refused_uses=3, refused_at=timezone.now())

    html = admin_client.get(page(token, "change")).content.decode()
    leaked = admin_client.get("/admin/tokens/token/?validity=leaked")

    assert "uses after that: 3" in html
    assert list(leaked.context["cl"].queryset) == [token]


@pytest.mark.parametrize(
    ("left", "says", "listed"),
    [
        (dt.timedelta(hours=3), "expires within a day", ["day", "week", "expiring"]),
        (dt.timedelta(days=3), "expires within 7 days", ["week", "expiring"]),
        (dt.timedelta(days=20), "expires within 30 days", ["expiring"]),
        (dt.timedelta(days=40), "valid", []),
    ],
)
def test_a_token_that_expires_soon_says_so(
    admin_client: Client, left: dt.timedelta, says: str, listed: list[str]
) -> None:
    token, _ = world.token(expires_at=timezone.now() + left)

    assert token.state(at=timezone.now()) == says
    for name in ("day", "week", "expiring"):
        tokens = admin_client.get(f"/admin/tokens/token/?validity={name}").context["cl"].queryset
        assert list(tokens) == ([token] if name in listed else [])


def test_the_page_shows_visible_models_and_reasons_for_hidden_ones(admin_client: Client) -> None:
    world.model("seen")
    world.model("hidden", status="draft")
    world.model("denied")
    token, _ = world.token(deny=["denied"])

    html = admin_client.get(page(token, "sees")).content.decode()

    for text in ("seen", "passes all checks", "the model is published (it is a draft)", "(deny pattern denied)"):
        assert text in html
    only = admin_client.get(page(token, "sees"), {"gate": "the model is published"}).context["page"]
    assert [explanation.name for explanation, _ in only] == ["hidden"]
    assert [
        explanation.name for explanation, _ in admin_client.get(page(token, "sees"), {"q": "EE"}).context["page"]
    ] == ["seen"]


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        (
            {},
            (
                "all models of its groups (no allow list is set)",
                "it never expires",
                "no start is set",
                "every address is allowed",
            ),
        ),
        (
            {"allow": [], "networks": ["203.0.113.0/24"], "is_over_budget": True},
            ("no models (the allow list is empty)", "it must be in 203.0.113.0/24", "it is over budget"),
        ),
        (
            {"allow": ["gpt-*"], "enabled": False, "expires_at": dt.datetime(2030, 1, 31, tzinfo=dt.UTC)},
            ("only models that match its allow list", "it is disabled", "expires at 2030-01-31 00:00 UTC"),
        ),
    ],
)
def test_the_page_says_whether_the_key_is_valid(
    admin_client: Client, fields: dict[str, Any], texts: tuple[str, ...]
) -> None:
    token, _ = world.token(**fields)

    html = admin_client.get(page(token, "sees")).content.decode()

    for text in texts:
        assert text in html


def test_it_works_on_5000_models_in_a_handful_of_queries(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    vendor, channels = world.vendor(), [world.channel(slug) for slug in ("east", "west")]
    created = models.QuerySet[AIModel](AIModel).bulk_create(
        AIModel(name=f"model-{number:04}", vendor=vendor, status="published") for number in range(5000)
    )
    models.QuerySet[Offer](Offer).bulk_create(
        Offer(model=model, channel=channel) for model in created for channel in channels
    )
    token, _ = world.token(allow=["*-1*"])
    admin_client.get(page(token, "sees"))

    # Session, user, token with groups; token, groups, channels of groups, starts, channels, offers, models, listed
    # aliases.
    with django_assert_max_num_queries(13):
        answer = admin_client.get(page(token, "sees"), {"page": "3"})

    assert (answer.context["visible"], len(answer.context["page"])) == (1000, 100)


@pytest.mark.parametrize("query", [{"page": "x"}, {"page": "99"}, {"q": "\x00"}, {"q": "%"}, {"gate": "<script>"}])
def test_odd_addresses_get_a_page(admin_client: Client, query: dict[str, str]) -> None:
    world.model()
    token, _ = world.token()

    answer = admin_client.get(page(token, "sees"), query)

    assert answer.status_code == 200
    assert '<script>"' not in answer.content.decode()
    assert admin_client.get("/admin/tokens/token/999/sees/").status_code == 404
