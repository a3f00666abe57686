"""Progress of long work: loops report to a watcher, and cost nothing where there is none.

Commands install a watcher. It draws a bar on a terminal, writes a line now and then to a log, and stays silent for work
that takes only a moment.
"""

import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, OutputWrapper

T = TypeVar("T")

# Work that takes less time is not shown.
SECONDS_OF_PATIENCE = 2.0
SECONDS_BETWEEN_BARS = 0.1
SECONDS_BETWEEN_LINES = 10.0
WIDTH = 40

# Receives the name of the work, the number of finished steps and the number of all steps; 0 steps: unknown.
Watcher = Callable[[str, int, int], None]

_watcher: ContextVar[Watcher | None] = ContextVar("progress_watcher", default=None)


def announce(what: str) -> None:
    """Reports the start of work of unknown length, such as "Fetching https://…"."""
    if watcher := _watcher.get():
        watcher(what, 0, 0)


def report(what: str, done: int, total: int) -> None:
    """Reports how much is done, e.g. how many bytes of a file are read."""
    if watcher := _watcher.get():
        watcher(what, done, total)


def track(rows: Collection[T], what: str) -> Iterable[T]:
    """The same rows, reporting how many are done under a name such as "Comparing prices"."""
    watcher = _watcher.get()
    return rows if watcher is None or len(rows) < 2 else _counted(rows, what, watcher)


def _counted(rows: Collection[T], what: str, watcher: Watcher) -> Iterator[T]:
    for done, row in enumerate(rows):
        watcher(what, done, len(rows))
        yield row


@contextmanager
def show_progress(command: BaseCommand, options: Mapping[str, Any]) -> Iterator[None]:
    """Shows the progress of the work inside on the command's stderr; not with JSON output or verbosity 0."""
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
    """On a terminal one line that is redrawn, elsewhere a new line every ten seconds."""

    def __init__(self, stream: OutputWrapper, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.clock = clock
        self.is_terminal = stream.isatty()
        self.next_at = clock() + SECONDS_OF_PATIENCE
        self.drawn = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = self.clock()
        # Work of unknown length reports only once, so a terminal shows it at once; clear() removes it.
        if now < self.next_at and (total or not self.is_terminal):
            return
        if self.is_terminal:
            self.next_at = max(self.next_at, now + SECONDS_BETWEEN_BARS)
            bar = f"[{'#' * (WIDTH * done // total):<{WIDTH}}] {100 * done // total}%" if total else "…"
            self._draw(f"{what} {bar}")
        else:
            self.next_at = now + SECONDS_BETWEEN_LINES
            self._write(f"{what}: {100 * done // total}%\n" if total else f"{what} …\n")

    def clear(self) -> None:
        """Erases the terminal's line."""
        if self.drawn:
            self._draw("")
            self._write("\r")

    def _draw(self, line: str) -> None:
        # A line that wraps cannot be overwritten.
        line = line[: shutil.get_terminal_size().columns - 1]
        self._write(f"\r{line:<{self.drawn}}")
        self.drawn = len(line)

    def _write(self, text: str) -> None:
        self.stream.write(text, style_func=str, ending="")
        self.stream.flush()
