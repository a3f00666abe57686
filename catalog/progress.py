"""How far long work is: loops tell it to whoever watches, and where nobody does they cost nothing.

Commands watch: a bar on a terminal, a line now and then in a log, and nothing of what is done in a moment.
"""

import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, OutputWrapper

T = TypeVar("T")

# What is done sooner is not shown.
SECONDS_OF_PATIENCE = 2.0
SECONDS_BETWEEN_BARS = 0.1
SECONDS_BETWEEN_LINES = 10.0
WIDTH = 40

# Told what is being done, how much of it is done, and of how much; of 0: nobody knows.
Watcher = Callable[[str, int, int], None]

_watcher: ContextVar[Watcher | None] = ContextVar("progress_watcher", default=None)


def begun(what: str) -> None:
    """Tells that something begins, e.g. "Fetching https://…", of which nobody knows how long it takes."""
    if watcher := _watcher.get():
        watcher(what, 0, 0)


def told(rows: Collection[T], what: str) -> Iterable[T]:
    """These rows, telling how many of them are done, e.g. "Comparing prices"."""
    watcher = _watcher.get()
    return rows if watcher is None or len(rows) < 2 else _counted(rows, what, watcher)


def _counted(rows: Collection[T], what: str, watcher: Watcher) -> Iterator[T]:
    for done, row in enumerate(rows):
        watcher(what, done, len(rows))
        yield row


@contextmanager
def shown(command: BaseCommand, options: Mapping[str, Any]) -> Iterator[None]:
    """What is told inside is shown on the command's stderr, unless its answer is JSON or its verbosity 0."""
    if options["verbosity"] == 0 or options.get("format") == "json":
        yield
        return
    display = Display(command.stderr)
    token = _watcher.set(display)
    try:
        yield
    finally:
        _watcher.reset(token)
        display.clear()


class Display:
    """On a terminal one line that is drawn again and again, elsewhere a line every ten seconds."""

    def __init__(self, stream: OutputWrapper, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.clock = clock
        self.is_terminal = stream.isatty()
        self.next_at = clock() + SECONDS_OF_PATIENCE
        self.drawn = 0

    def __call__(self, what: str, done: int, of: int) -> None:
        now = self.clock()
        # While a host is waited for there is no second chance to say so; the line is gone when it answers.
        if now < self.next_at and (of or not self.is_terminal):
            return
        if self.is_terminal:
            self.next_at = max(self.next_at, now + SECONDS_BETWEEN_BARS)
            self._draw(f"{what} [{'#' * (WIDTH * done // of):<{WIDTH}}] {100 * done // of}%" if of else f"{what} …")
        else:
            self.next_at = now + SECONDS_BETWEEN_LINES
            self._write(f"{what}: {100 * done // of}%\n" if of else f"{what} …\n")

    def clear(self) -> None:
        """Leaves the terminal's line as it was."""
        if self.drawn:
            self._draw("")
            self._write("\r")

    def _draw(self, line: str) -> None:
        # A line that wraps cannot be drawn over.
        line = line[: shutil.get_terminal_size().columns - 1]
        self._write(f"\r{line:<{self.drawn}}")
        self.drawn = len(line)

    def _write(self, text: str) -> None:
        self.stream.write(text, style_func=str, ending="")
        self.stream.flush()
