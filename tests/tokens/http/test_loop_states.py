"""The loop reads states without waiting, and they are those that a thread reads."""

import selectors
import time
from collections import deque
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from tests import world
from tokens.http.state import ANSWER_SECONDS, InlineStates, PipelinedStates, State, StateReader
from tokens.models import Token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]


class Loop:
    """A loop without clients."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.calls: deque[Callable[[], None]] = deque()

    def watch(self, file: int, on_readable: Callable[[int], None]) -> None:
        self.selector.register(file, selectors.EVENT_READ, on_readable)

    def unwatch(self, file: int) -> None:
        self.selector.unregister(file)

    def call(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def turn(self) -> None:
        while self.calls:
            self.calls.popleft()()
        for key, events in self.selector.select(0.01):
            key.data(events)


@pytest.fixture
def states() -> Iterator[PipelinedStates]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is asked without a loop.")
    states = PipelinedStates(Loop())
    ask(states, [None])
    turn_until(states, lambda: states._wrapper is not None)
    yield states
    states._fail("the end of the test")


def turn_until(states: PipelinedStates, condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        assert isinstance(states._loop, Loop)
        states._loop.turn()
        states.end_turn()


def ask(states: PipelinedStates, digests: list[str | None]) -> list[State | None]:
    answers: list[State | None] = []
    for digest in digests:
        states.ask(digest, answers.append)
    turn_until(states, lambda: len(answers) == len(digests))
    return answers


def digests() -> list[str | None]:
    """Those of two tokens, of none, and that of a request without a key."""
    world.key(name="one")
    world.key(name="two", allow=["id:x"])
    return [*Token.objects.order_by("pk").values_list("digest", flat=True), "0" * 64, None]


def test_postgresql_answers_many_requests_in_one_round_trip(states: PipelinedStates) -> None:
    asked = digests() * 50

    answers = ask(states, asked)

    reader = StateReader()
    expected = {digest: reader.read(digest) for digest in set(asked)}
    reader.clear()
    assert answers == [expected[digest] for digest in asked]
    assert expected["0" * 64] is None


def test_a_change_is_seen_by_the_next_question(states: PipelinedStates) -> None:
    digest = digests()[0]
    [before] = ask(states, [digest])
    Token.objects.filter(digest=digest).update(enabled=False)

    [after] = ask(states, [digest])

    assert before is not None
    assert after is not None
    assert before.rows != after.rows


def test_without_an_answer_nobody_waits_for_long(states: PipelinedStates, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(states._loop, Loop)
    monkeypatch.setattr(states._loop, "turn", lambda: time.sleep(0.05))
    start = time.monotonic()

    assert ask(states, [None, "0" * 64]) == [None, None]
    assert ANSWER_SECONDS <= time.monotonic() - start < ANSWER_SECONDS + 10
    assert states._wrapper is None


def test_a_cut_connection_is_replaced(states: PipelinedStates) -> None:
    digest = digests()[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert ask(states, [digest]) == [None]
    turn_until(states, lambda: ask(states, [digest]) != [None])


def test_sqlite_is_asked_at_once() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL may not answer at once.")
    asked = digests()
    answers: list[State | None] = []
    states = InlineStates()
    for digest in asked:
        states.ask(digest, answers.append)
    states._states.clear()

    reader = StateReader()
    assert answers == [reader.read(digest) for digest in asked]
    reader.clear()
