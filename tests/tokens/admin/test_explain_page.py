"""The page that explains refused requests: keys are sent by POST only, and are not shown again."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from tests import world
from tests.tokens.api.calls import ask
from tokens.auth.last_use import LAST_USE
from tokens.models import Token

pytestmark = pytest.mark.django_db

PAGE = "/admin/explain/"


def gates(page: Any) -> dict[str, bool | None]:
    return {gate.asks: gate.passed for gate in page.context["explanation"].gates}


def test_a_key_is_explained_and_not_shown_again(admin_client: Client) -> None:
    world.model()
    token, key = world.token(deny=["gpt-*"], networks=["203.0.113.0/24"])

    page = admin_client.post(PAGE, {"key": f"Bearer {key}", "model": "gpt-4o"})

    html = page.content.decode()
    assert "Refused: 403 model_not_allowed" in html
    assert "deny pattern gpt-*" in html
    assert key not in html
    assert key[-38:] not in html
    assert f'value="{token.key_id}"' in html
    assert gates(page)["the address is allowed"] is None
    assert html.count("Not checked") == len([passed for passed in gates(page).values() if passed is None])
    assert "no-store" in page["Cache-Control"]


def test_an_unknown_key_is_not_shown_again(admin_client: Client) -> None:
    html = admin_client.post(PAGE, {"key": "sk-" + "x" * 40, "model": "gpt-4o"}).content.decode()

    assert "Refused: 401 invalid_api_key" in html
    assert "x" * 40 not in html
    assert "sk-xxx" not in admin_client.post(PAGE, {"key": "sk-" + "x" * 40, "address": "nowhere"}).content.decode()


def test_several_keys_are_offered_for_a_choice(admin_client: Client) -> None:
    world.model()
    ids = [world.token(name=name)[0].key_id for name in ("Acme one", "Acme two")]

    page = admin_client.post(PAGE, {"key": "acme", "model": "gpt-4o"})

    assert [match.shown_key_id for match in page.context["choices"]] == ids
    assert ("model", "gpt-4o") in page.context["others"]


def test_the_last_refusal_is_shown_in_every_place_and_explained(admin_client: Client) -> None:
    world.model()
    token, key = world.token(deny=["gpt-*"])
    LAST_USE.clear()
    answer = ask(admin_client, "/api/authorize?model=gpt-4o", key=key, **{"x-original-uri": "/v1/chat/completions?a=1"})
    LAST_USE.flush()

    filled = admin_client.get(f"{PAGE}?token={token.pk}")
    explained = admin_client.post(PAGE, filled.context["form"].initial)

    assert filled.context["form"].initial == {
        "key": token.key_id, "model": "gpt-4o", "address": "127.0.0.1", "call": "/v1/chat/completions",
    }  # fmt: skip
    assert f"Refused: {answer.status_code} {answer['x-modelbook-reason']}" in explained.content.decode()
    assert answer["x-request-id"] in explained.content.decode()
    assert "403 model_not_allowed: /v1/chat/completions gpt-4o from 127.0.0.1" in (
        admin_client.get(f"/admin/tokens/token/{token.pk}/change/").content.decode()
    )
    listed = admin_client.get("/admin/tokens/token/?validity=refused")
    assert list(listed.context["cl"].queryset) == [token]
    assert "model_not_allowed" in listed.content.decode()
    assert admin_client.get(f"/admin/tokens/token/{token.pk}/explain/")["Location"] == f"{PAGE}?token={token.pk}"


@pytest.mark.parametrize("number", ["", "x", "999", "9" * 40, "-1", "\x00"])
def test_odd_numbers_get_an_empty_form(admin_client: Client, number: str) -> None:
    assert admin_client.get(PAGE, {"token": number}).context["form"].initial == {}


def test_only_those_who_may_view_tokens_may_ask(client: Client, django_user_model: Any) -> None:
    _, key = world.token()
    person = django_user_model.objects.create_user("somebody", is_staff=True)
    client.force_login(person)

    assert client.post(PAGE, {"key": key}).status_code == 403
    person.user_permissions.add(Permission.objects.get(codename="view_token"))
    assert client.post(PAGE, {"key": key}).status_code == 200


def test_a_moment_is_checked_with_the_present_settings(admin_client: Client) -> None:
    world.model()
    token, _ = world.token(expires_at=timezone.now() + dt.timedelta(days=1), rate_limit="5/minute")

    page = admin_client.post(PAGE, {"key": token.key_id, "model": "gpt-4o", "at": "2999-01-01T00:00"})

    assert "Refused: 401 key_expired" in page.content.decode()
    assert gates(page)["the rate limit is not exceeded"] is None
    assert Token.objects.get().last_used_at is None
