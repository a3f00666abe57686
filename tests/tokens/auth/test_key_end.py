"""Every response to a key that ends says when: with its grace period if it was replaced, else by itself."""

import datetime as dt

import pytest
import time_machine
from django.test import Client

from tests import world

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
GRACE_ENDS, END = "2026-11-23T12:00:00Z", "2027-01-01T00:00:00Z"
HEADER = "x-modelbook-key-expires-at"
# What a request asks for, and its status with a valid key.
REQUESTS = (
    ("/v1/models", 200), ("/v1/models/gpt-4o", 200), ("/v1/models/none", 404), ("/v1/models?dialect=anthropic", 200),
    ("/v1beta/models", 200), ("/v1/models?limit=0&dialect=anthropic", 400), ("/api/token", 200), ("/api/pricing", 200),
    ("/api/authorize?model=gpt-4o", 204), ("/api/authorize?model=none", 403), ("/api/usage", 405),
    ("/api/prices", 200), ("/models/gpt-4o", 200), ("/v1/model/info", 200), ("/api/export/prices.csv", 200),
    ("/llms.txt", 200), ("/llms.txt/", 200), ("/api/export/openrouter/models", 200),
)  # fmt: skip


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_every_response_to_a_replaced_key_says_when_it_ends(client: Client) -> None:
    world.model("gpt-4o")
    token, old = world.token()
    new = token.rotate(grace=dt.timedelta(days=1), at=NOON)

    for path, status in REQUESTS:
        answers = [client.get(path, headers={"authorization": f"Bearer {key}"}) for key in (old, new)]
        assert [answer.status_code for answer in answers] == [status] * 2, path
        # Authentication comes after the method.
        assert [answer.get(HEADER) for answer in answers] == [None if status == 405 else GRACE_ENDS, None], path


@pytest.mark.django_db
@time_machine.travel(NOON, tick=False)
def test_the_earlier_end_counts(client: Client) -> None:
    world.model("gpt-4o")
    token, old = world.token(expires_at=NOON + dt.timedelta(hours=1))
    new = token.rotate(grace=dt.timedelta(days=1), at=NOON)

    ends = {client.get("/v1/models", headers={"x-api-key": key})[HEADER] for key in (old, new)}

    assert ends == {"2026-11-22T13:00:00Z"}


@pytest.mark.django_db
def test_a_key_without_an_end_and_a_visitor_have_no_such_header(client: Client) -> None:
    key = world.key()

    for headers in ({"authorization": f"Bearer {key}"}, {}, {"authorization": "Bearer placeholder-of-somebody"}):
        for path in ("/v1/models", "/api/pricing", "/v1/nothing"):
            assert HEADER not in client.get(path, headers=headers)


@pytest.mark.django_db
def test_a_refused_key_has_no_such_header(client: Client) -> None:
    answer = client.get("/v1/models", headers={"authorization": f"Bearer {world.key(expires_at=world.LONG_AGO)}"})

    assert (answer.status_code, HEADER in answer) == (401, False)


@pytest.mark.django_db
def test_web_pages_may_read_it(client: Client) -> None:
    assert HEADER in client.get("/v1/models")["access-control-expose-headers"].lower()
