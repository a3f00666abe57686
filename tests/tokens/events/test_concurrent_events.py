"""Events that several processes store at the same time: one for each change, and one for each reason."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from tests import world
from tests.events import subscribe
from tokens.events.outbox import emit
from tokens.models import Delivery, Event, Token, TokenGroup
from tokens.operators.tokens import revoke

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

WRITERS = 8


def all_at_once(write: Any, number: int) -> None:
    def one(place: int) -> None:
        try:
            write(place)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(one, range(number)))


def test_each_change_is_one_event_and_each_reason_too() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite in memory has one connection.")
    TokenGroup.objects.default()
    subscribe("token.issued", "token.revoked", "model.retiring")

    all_at_once(lambda place: world.token(name=f"customer {place}"), 40)
    # Each is revoked by two writers.
    all_at_once(lambda place: revoke(Token.objects.get(name=f"customer {place // 2}")), 40)
    all_at_once(lambda place: emit("model.retiring", {}, key=f"retirement {place // 8}"), 40)

    assert Event.objects.filter(type="token.issued").count() == 40
    assert Event.objects.filter(type="token.revoked").count() == 20
    assert Event.objects.filter(type="model.retiring").count() == 5
    assert Delivery.objects.count() == 65
