"""Large and hostile files, planned one by one: `python -m tests.pricing.imports.heavy_files`.

Reads names of sources from stdin and answers each with a line: empty, or the file that took too much and what it took.
Each file is planned in a process of its own: what one has used is not there for the next. DATABASE_URL names a migrated
database.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from catalog.error_messages import InputError
from tests.pace import is_too_slow
from tests.sizes import FULL, size

# A quarter of what is accepted in the normal run, all of it in the full one.
SECONDS = size(2, full=20)
MEGABYTES = size(200, full=600)
MODELS = size(14_900, full=99_000)
LINES = size(240_000, full=990_000)
N = range(size(150, full=400))


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def many(number: int, row: bytes) -> bytes:
    return b"".join(row % index for index in range(number))


EVERY: dict[str, Callable[[], bytes]] = {
    "objects": lambda: b"[" + b"{}," * 11_000_000 + b"{}]",
    "numbers": lambda: b"[" + b"1.5," * 8_000_000 + b"1]",
    "rows": lambda: b'{"data": [' + b'{"id": "a", "pricing": {}},' * 100_000 + b"{}]}",
    "a long text": lambda: b'{"a": {"mode": "chat", "x": "' + b"y" * 31_000_000 + b'"}}',
    "a long key": lambda: b'{"' + b"k" * 31_000_000 + b'": {}}',
    "a long number": lambda: b'{"a": ' + b"9" * 31_000_000 + b"}",
    "escapes": lambda: b'"' + rb"\u0041" * 5_000_000 + b'"',
    "blanks": lambda: b" " * 33_000_000,
}
# The other sources are JSON, whose guards are tried by the first one.
READ_IN_THEIR_OWN_WAY = ("litellm", "csv", "yaml")
OWN: dict[str, dict[str, Callable[[], bytes]]] = {
    "csv": {
        "semicolons": lambda: b"model;input\n" + many(2_000_000, b"m-%d;1\n"),
        "tabs": lambda: b"model\tmeter\tamount\r" + many(1_500_000, b"m-%d\tinput\t2\r"),
        "as many lines as are read": lambda: b"model,meter,amount\n" + many(MODELS, b"m-%d,input,2\n"),
        "a long cell": lambda: b'model;input\n"' + b"x" * 31_000_000 + b'";1\n',
        "a long header": lambda: b"model;" + b"x;" * 15_000_000,
        "a long line": lambda: b"model;input\na" + b";" * 31_000_000,
    },
    "yaml": {
        "lines": lambda: b"format: modelbook/1\nmodels:\n" + many(2_000_000, b"- name: m-%d\n"),
        "as many lines as are read": lambda: b"format: modelbook/1\nmodels:\n" + many(MODELS, b"- name: m-%d\n"),
        "keys": lambda: b"format: modelbook/1\nx:\n" + many(LINES, b"  m-%d: 1\n"),
        "a long text": lambda: b"format: modelbook/1\nx: " + b"y" * 31_000_000,
    },
    "ratio_config": {
        "ratios": lambda: dump({"data": {"model_ratio": {f"m-{n}": 1.5 for n in range(LINES)}}}),
        "many models": lambda: dump({"data": {"model_ratio": {f"m-{n}": 1.5 for n in range(MODELS)}}}),
    },
    "litellm": {
        "keys of one row": lambda: dump({"a": {"mode": "chat", **{f"k{n}_cost": 1 for n in range(MODELS)}}}),
    },
    "models_dev": {
        "providers": lambda: dump({f"p{n}": {"id": "x", "models": {f"m{m}": {} for m in range(99)}} for n in N}),
    },
    "genai_prices": {
        "providers": lambda: dump([{"id": f"p{n}", "models": [{"id": f"m{m}"} for m in range(99)]} for n in N]),
    },
}


def complaint_about(slug: str) -> str:
    from catalog.sources import SOURCES
    from pricing.imports.options import Options
    from pricing.imports.pipeline import make_plan

    options = Options(source=SOURCES[slug])
    every = EVERY if FULL or slug in READ_IN_THEIR_OWN_WAY else {"rows": EVERY["rows"]}

    def plan(content: bytes) -> object:
        return make_plan(content, options, at=timezone.now())

    for name, make in {**every, **OWN.get(slug, {})}.items():
        # What is too large or too slow is so twice; what other programs do to a shared machine passes.
        complaint = in_a_child(make, plan) and in_a_child(make, plan)
        if complaint:
            return f"{name}: {complaint}"
    return ""


def in_a_child(make: Callable[[], bytes], plan: Callable[[bytes], object]) -> str:
    """What is wrong with how the file is planned, by a process of its own; empty if nothing is."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        complaint: str | None = "failed"
        try:
            complaint = measured(make(), plan)
        finally:
            os.write(writing, (complaint or "").encode())
            # At once: to take millions of objects apart takes longer than to read them.
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        complaint = pipe.read()
    return "killed" if os.waitpid(child, 0)[1] else complaint


def measured(content: bytes, plan: Callable[[bytes], object]) -> str | None:
    """What is wrong with how the file is planned, if anything is."""
    # From here on VmHWM is the peak of what follows.
    Path("/proc/self/clear_refs").write_text("5")
    before, began = megabytes("VmRSS"), time.process_time()
    try:
        plan(content)
    except InputError as refused:
        if not str(refused).endswith("."):
            return f"refused without a sentence: {refused}"
    used, peak = time.process_time() - began, megabytes("VmHWM") - before
    return f"{used:.1f} s, {peak:.0f} MB" if is_too_slow(used, SECONDS) or peak >= MEGABYTES else None


def megabytes(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


if __name__ == "__main__":
    import django

    django.setup()
    for line in sys.stdin:
        sys.stdout.write(complaint_about(line.strip()) + "\n")
        sys.stdout.flush()
