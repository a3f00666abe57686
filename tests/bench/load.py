"""Asks a server as fast as it answers: with wrk where it is installed, else with a few threads of this process."""

import http.client
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 8


@dataclass(frozen=True)
class Speed:
    """What a target did in a while."""

    per_second: float
    cpu_us: float


def load(port: int, pid: int, *, seconds: float, path: str = "/v1/models", headers: dict[str, str]) -> Speed:
    """Requests a second, and the processor's time that the server's processes took for each."""
    cpu, began = cpu_seconds(pid), time.monotonic()
    count = _wrk(port, path, headers, seconds) if shutil.which("wrk") else _threads(port, path, headers, seconds)
    took = time.monotonic() - began
    return Speed(count / took, (cpu_seconds(pid) - cpu) / max(count, 1) * 1e6)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children."""
    ticks = 0
    for one in [pid, *children(pid)]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def children(pid: int) -> list[int]:
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [grandchild for child in found for grandchild in children(child)]


def _wrk(port: int, path: str, headers: dict[str, str], seconds: float) -> int:
    sent = [argument for name, value in headers.items() for argument in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", *sent, f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in done and "If-None-Match" not in headers:
        raise RuntimeError(done)
    requests = re.search(r"(\d+) requests in", done)
    return int(requests[1]) if requests else 0


def _threads(port: int, path: str, headers: dict[str, str], seconds: float) -> int:
    counts = [0] * CONNECTIONS
    end = time.monotonic() + seconds

    def ask(number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port)
        while time.monotonic() < end:
            client.request("GET", path, headers=headers)
            client.getresponse().read()
            counts[number] += 1
        client.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)
