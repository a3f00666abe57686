"""An unknown key id and a wrong secret are refused after the same work: nobody can ask the clock which key ids exist.

What is measured is the time that this thread computes, which other programs of the machine do not add to. Two samples
count as different only where they differ by a tenth, far beyond chance, and do so again in a second round.
"""

import contextlib
import datetime as dt
import random
import re
import statistics
import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import world
from tokens import keys
from tokens.api_error import ApiError
from tokens.auth.authentication import authenticate

pytestmark = pytest.mark.django_db

SAMPLES = 200
# The slower half is left out: pauses of the interpreter and of the machine are there.
KEPT = SAMPLES // 2
MOST_APART = 0.1
BEYOND_CHANCE = 6


def good() -> str:
    return world.token()[0].key_id


def disabled() -> str:
    return world.token(enabled=False)[0].key_id


def replaced() -> str:
    token, _ = world.token()
    key_id = token.key_id
    token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())
    return key_id


def wrong(key_id: str) -> str:
    """A key with that id, a right checksum, and another secret."""
    prefix, _, body = keys.make_key("mb_live").plaintext.rpartition("_")
    body = f"{prefix.rpartition('_')[0]}_{key_id}_{body[: -keys.CHECKSUM_LENGTH]}"
    return body + keys.checksum(body)


def ask(key_id: str) -> int:
    """Nanoseconds of work until the key is refused."""
    request = RequestFactory().get("/v1/models", headers={"authorization": f"Bearer {wrong(key_id)}"})
    now = timezone.now()
    began = time.thread_time_ns()
    with contextlib.suppress(ApiError):
        authenticate(request, at=now)
    return time.thread_time_ns() - began


def are_apart(known: str) -> bool:
    """Whether the quicker halves of two interleaved samples differ, by Welch's t and by how much."""
    samples: dict[bool, list[int]] = {True: [], False: []}
    for _ in range(SAMPLES):
        for is_known in random.sample([True, False], 2):
            samples[is_known].append(ask(known if is_known else keys.new_key_id()))
    one, other = (sorted(sample)[:KEPT] for sample in samples.values())
    apart = abs(statistics.mean(one) - statistics.mean(other))
    by_chance = ((statistics.variance(one) + statistics.variance(other)) / KEPT) ** 0.5
    return apart > BEYOND_CHANCE * by_chance and apart > MOST_APART * min(statistics.mean(one), statistics.mean(other))


@pytest.mark.parametrize("known", [good, disabled, replaced])
def test_an_unknown_id_and_a_wrong_secret_cost_the_same_queries(known: Callable[[], str]) -> None:
    key_id, statements = known(), []
    for tested_id in (key_id, keys.new_key_id()):
        with CaptureQueriesContext(connection) as queries:
            ask(tested_id)
        statements.append([re.sub(r"[0-9a-f]{64}", "", query["sql"]) for query in queries])

    assert statements[0] == statements[1]
    assert statements[0]


@pytest.mark.parametrize("known", [good, disabled, replaced])
def test_an_unknown_id_and_a_wrong_secret_take_the_same_time(known: Callable[[], str]) -> None:
    key_id = known()
    ask(key_id)

    assert not (are_apart(key_id) and are_apart(key_id))
