"""Starting servers for tests: a free port, and waiting until one listens on it."""

import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

# No test fails because the machine is busy: this is far longer than any start or change takes.
SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {SECONDS} seconds"
        time.sleep(0.01)


def wait_for_port(port: int, process: "subprocess.Popen[Any]") -> None:
    def is_ready() -> bool:
        assert process.poll() is None, f"{process.args!r} ended at once"
        return is_listening(port)

    wait_until(is_ready, f"{process.args!r} listens")
