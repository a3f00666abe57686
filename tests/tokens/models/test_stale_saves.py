"""A token that was read before a rotation or a request, and is saved afterwards, brings nothing of its key back."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from tests import world
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def status(client: Client, key: str) -> int:
    return client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code


@pytest.mark.parametrize("deferred", [(), ("digest", "pepper")])
def test_a_stale_save_does_not_bring_back_the_replaced_key(client: Client, deferred: tuple[str, ...]) -> None:
    token, old = world.token()
    stale = Token.objects.defer(*deferred).get(pk=token.pk)
    new = token.rotate(grace=dt.timedelta(0), at=timezone.now())
    used_at = timezone.now()
    Token.objects.filter(pk=token.pk).update(last_used_at=used_at)

    stale.note = "edited"
    stale.save()

    stored = Token.objects.get()
    assert (status(client, new), status(client, old)) == (200, 401)
    assert (stored.key_id, stored.masked, stored.note) == (token.key_id, token.masked, "edited")
    assert stored.last_used_at == used_at
    record = stored.history.order_by("-history_id").first()
    assert (record.key_id, record.note) == (token.key_id, "edited")


def test_a_stale_save_does_not_bring_back_a_deleted_token(client: Client) -> None:
    token, key = world.token()
    stale = Token.objects.get()
    token.delete()

    with pytest.raises(Token.DoesNotExist):
        stale.save()

    assert status(client, key) == 401
