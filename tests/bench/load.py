"""Asks a server as fast as it answers: with wrk where it is installed, else with a few threads of this process."""

import http.client
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

CONNECTIONS = 8
# wrk asks with these keys in turn.
SCRIPT = """
local keys = {%s}
local turn = 0
request = function()
  turn = turn %% #keys + 1
  return wrk.format(nil, nil, {Authorization = "Bearer " .. keys[turn]})
end
"""


@dataclass(frozen=True)
class Speed:
    """What a target did in a while."""

    per_second: float
    cpu_us: float


def load(
    port: int,
    pid: int,
    *,
    seconds: float,
    path: str = "/v1/models",
    headers: dict[str, str],
    status: int = 200,
    keys: Sequence[str] = (),
) -> Speed:
    """Requests a second, and the processor's time that the server's processes took for each; `keys` ask in turn.

    RuntimeError where the server answers with another status: a refusal is quick, and would count as speed.
    """
    asked = headers | ({"Authorization": f"Bearer {keys[0]}"} if keys else {})
    _expect(port, path, asked, status)
    cpu, began = cpu_seconds(pid), time.monotonic()
    if shutil.which("wrk"):
        count = _wrk(port, path, headers, seconds, keys)
    else:
        count = _threads(port, path, headers, seconds, status, keys)
    took = time.monotonic() - began
    # wrk counts errors, but does not check the status of each response.
    _expect(port, path, asked, status)
    return Speed(count / took, (cpu_seconds(pid) - cpu) / max(count, 1) * 1e6)


def _expect(port: int, path: str, headers: dict[str, str], status: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request("GET", path, headers=headers)
        received = client.getresponse().status
    finally:
        client.close()
    if received != status:
        raise RuntimeError(f"Port {port} answers {path} with {received} and not {status}.")


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


def _wrk(port: int, path: str, headers: dict[str, str], seconds: float, keys: Sequence[str]) -> int:
    sent = [argument for name, value in headers.items() for argument in ("-H", f"{name}: {value}")]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % ", ".join(f'"{key}"' for key in keys))
        script.flush()
        sent += ["-s", script.name] if keys else []
        done = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", *sent, f"http://127.0.0.1:{port}{path}"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    if "Non-2xx" in done:
        raise RuntimeError(done)
    requests = re.search(r"(\d+) requests in", done)
    return int(requests[1]) if requests else 0


def _threads(port: int, path: str, headers: dict[str, str], seconds: float, status: int, keys: Sequence[str]) -> int:
    counts = [0] * CONNECTIONS
    others: set[int] = set()
    end = time.monotonic() + seconds

    def ask(number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port)
        turns = cycle([{"Authorization": f"Bearer {key}"} for key in (*keys[number:], *keys[:number])] or [{}])
        while time.monotonic() < end:
            try:
                client.request("GET", path, headers=headers | next(turns))
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
