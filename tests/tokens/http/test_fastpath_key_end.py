"""The fast path says when a key ends, as Django does."""

import datetime as dt

import pytest
import time_machine

from tests import world
from tests.tokens.auth.test_key_end import END, GRACE_ENDS, HEADER, NOON
from tests.tokens.http.fast_server import Server, without_ids
from tokens.models import RetiredKey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", ["/v1/models", "/api/pricing", "/api/authorize?model=gpt-4o"])
def test_it_sends_the_end_until_it_changes(server: Server, path: str) -> None:
    world.model("gpt-4o")
    token, old = world.token()
    with time_machine.travel(NOON, tick=False) as clock:
        token.rotate(grace=dt.timedelta(days=1), at=NOON)
        first, second = server.get(old, path), server.get(old, path)
        tag = first[1].get("etag", "")
        unchanged = [server.get(old, path, if_none_match=tag) for _ in range(2 if tag else 0)]
        by_django = server.by_django
        RetiredKey.objects.update(valid_until=NOON + dt.timedelta(hours=2))
        sooner = server.get(old, path)
        clock.shift(dt.timedelta(hours=2))
        ended = server.get(old, path)

    assert first[1][HEADER] == GRACE_ENDS
    assert without_ids(second) == without_ids(first)
    assert [(answer[0], answer[1][HEADER]) for answer in unchanged] == [("304 Not Modified", GRACE_ENDS)] * len(
        unchanged
    )
    assert by_django == (2 if tag else 1)
    assert sooner[1][HEADER] == "2026-11-22T14:00:00Z"
    assert HEADER not in ended[1]


def test_it_sends_the_end_of_a_key(server: Server) -> None:
    key = world.key(expires_at=dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    with time_machine.travel(NOON, tick=False):
        assert [server.get(key)[1][HEADER] for _ in range(2)] == [END] * 2

    assert server.by_django == 1
