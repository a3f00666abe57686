"""Concurrent misses of one body render it once; the others wait for it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tokens.http import bodies
from tokens.http.bodies import Body, BodyCache, Deferred, deferring

THREADS = 16


class Renders:
    """A rendering that takes a moment; counts how often it starts."""

    def __init__(self, render: Callable[[int], bytes] = lambda _: b"body") -> None:
        self.count = 0
        self._render = render
        self._lock = threading.Lock()

    def __call__(self) -> bytes:
        with self._lock:
            self.count += 1
            number = self.count
        time.sleep(0.1)
        return self._render(number)


def at_once(call: Callable[[], Body], threads: int = THREADS) -> list[bytes | str]:
    """The bytes, or the text of the exception, that each of the threads gets."""
    start = threading.Barrier(threads)

    def run(_: int) -> bytes | str:
        start.wait()
        try:
            return call().plain
        except RuntimeError as error:
            return str(error)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


@pytest.mark.parametrize("is_stored", [True, False])
def test_concurrent_misses_render_once(is_stored: bool) -> None:
    cache, render = BodyCache(10_000), Renders()

    start = time.monotonic()
    results = at_once(lambda: cache.get_or_render("key", render, is_stored=is_stored))

    assert (results, render.count) == ([b"body"] * THREADS, 1)
    assert time.monotonic() - start < 0.1 * THREADS / 2
    assert (cache.get("key") is not None) is is_stored


def test_a_body_larger_than_the_memory_is_rendered_once_too() -> None:
    cache, render = BodyCache(100), Renders(lambda _: b"x" * 1_000)

    assert set(at_once(lambda: cache.get_or_render("key", render))) == {b"x" * 1_000}
    assert render.count == 1


@contextmanager
def being_rendered(cache: BodyCache, key: str, text: bytes) -> Iterator[None]:
    """In the block, another thread renders the body of this key; at its end, it gets the text."""
    is_waiting, end = threading.Event(), threading.Event()

    def render() -> bytes:
        is_waiting.set()
        assert end.wait(60)
        return text

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(cache.get_or_render, key, render)
        assert is_waiting.wait(60)
        yield
        end.set()
        assert future.result().plain == text


def test_other_bodies_do_not_wait() -> None:
    cache = BodyCache(10_000)

    with being_rendered(cache, "slow", b"slow"):
        assert cache.get_or_render("other", lambda: b"other").plain == b"other"


def test_after_a_failure_one_of_those_that_waited_tries_again() -> None:
    def fail_once(number: int) -> bytes:
        if number == 1:
            raise RuntimeError("the first fails")
        return b"body"

    cache, render = BodyCache(10_000), Renders(fail_once)

    results = at_once(lambda: cache.get_or_render("key", render))

    assert sorted(map(str, results)) == sorted(map(str, ["the first fails", *[b"body"] * (THREADS - 1)]))
    assert render.count == 2


def test_an_exception_reaches_those_that_waited_for_it_and_nobody_later() -> None:
    def fail(number: int) -> bytes:
        if number <= 2:
            raise RuntimeError(f"failure {number}")
        return b"body"

    cache, render = BodyCache(10_000), Renders(fail)

    results = at_once(lambda: cache.get_or_render("key", render))

    assert sorted(map(str, results)) == ["failure 1", *["failure 2"] * (THREADS - 1)]
    assert cache.get_or_render("key", render).plain == b"body"


def test_a_body_may_need_another_body() -> None:
    cache, inner = BodyCache(10_000), Renders(lambda _: b"inner")
    outer = Renders(lambda _: b"outer with " + cache.get_or_render("inner", inner).plain)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(at_once, lambda: cache.get_or_render("inner", inner))
        assert set(at_once(lambda: cache.get_or_render("outer", outer))) == {b"outer with inner"}
        assert set(other.result()) == {b"inner"}
    assert outer.count == 1


def test_a_body_that_needs_itself_does_not_wait_for_itself() -> None:
    cache = BodyCache(10_000)

    body = cache.get_or_render("key", lambda: cache.get_or_render("key", lambda: b"inner"))

    assert body.plain == b"inner"


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_WAIT", 0.05)
    cache = BodyCache(10_000)

    with being_rendered(cache, "key", b"late"):
        assert cache.get_or_render("key", lambda: b"own").plain == b"own"


@pytest.mark.parametrize("fails", [False, True])
def test_a_deferred_request_occupies_no_thread_and_is_told_the_end(fails: bool) -> None:
    cache, begun, ends = BodyCache(10_000), threading.Event(), threading.Event()

    def render() -> bytes:
        begun.set()
        ends.wait(10)
        if fails:
            raise RuntimeError("no rows")
        return b"body"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(cache.get_or_render, "key", render)
        begun.wait(10)
        with deferring(), pytest.raises(Deferred) as deferred:
            cache.get_or_render("key", lambda: b"not this one")
        told = threading.Event()
        deferred.value.flight.call_at_end(told.set)
        assert not told.is_set()
        ends.set()
        assert told.wait(10)
        assert isinstance(first.exception(), RuntimeError) is fails

    late = threading.Event()
    deferred.value.flight.call_at_end(late.set)
    assert late.is_set()


def test_a_deferring_thread_renders_what_no_other_thread_renders() -> None:
    with deferring():
        assert BodyCache(10_000).get_or_render("key", lambda: b"body").plain == b"body"
