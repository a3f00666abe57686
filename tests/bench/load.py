"""Asks a server as fast as it answers: with wrk where it is installed, else with a few threads of this process."""

import http.client
import os
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


def load(
    port: int, pid: int, *, seconds: float, path: str = "/v1/models", headers: dict[str, str], status: int = 200
) -> Speed:
    """Requests a second, and the processor's time that the server's processes took for each.

    RuntimeError where the server answers with another status: a refusal is quick, and would count as speed.
    """
    _expect(port, path, headers, status)
    cpu, began = cpu_seconds(pid), time.monotonic()
    if shutil.which("wrk"):
        count = _wrk(port, path, headers, seconds)
    else:
        count = _threads(port, path, headers, seconds, status)
    took = time.monotonic() - began
    # wrk counts errors, but does not check the status of each response.
    _expect(port, path, headers, status)
    return Speed(count / took, (cpu_seconds(pid) - cpu) / max(count, 1) * 1e6)


def _expect(port: int, path: str, headers: dict[str, str], status: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request("GET", path, headers=headers)
        received = client.getresponse().status
    finally:
        client.close()
    if received != status:
        raise RuntimeError(f"Port {port} answers {received} and not {status}.")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, those among them that have ended: workers take turns."""
    ticks = 0
    for one in [pid, *children(pid)]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        # utime, stime, and cutime, cstime of the children that were waited for; proc(5) counts from the process's id.
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    child_pids = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return child_pids + [grandchild for child in child_pids for grandchild in children(child)]


def _wrk(port: int, path: str, headers: dict[str, str], seconds: float) -> int:
    sent = [argument for name, value in headers.items() for argument in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", *sent, f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in done:
        raise RuntimeError(done)
    requests = re.search(r"(\d+) requests in", done)
    return int(requests[1]) if requests else 0


def _threads(port: int, path: str, headers: dict[str, str], seconds: float, status: int) -> int:
    counts = [0] * CONNECTIONS
    others: set[int] = set()
    end = time.monotonic() + seconds

    def ask(number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port)
        while time.monotonic() < end:
            try:
                client.request("GET", path, headers=headers)
                answer = client.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                # A worker restarts after a number of requests; connect again, as wrk does.
                client.close()
                continue
            if answer.status == status:
                counts[number] += 1
            else:
                others.add(answer.status)
        client.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if others:
        raise RuntimeError(f"Port {port} answered {sorted(others)} too, and not only {status}.")
    return sum(counts)
