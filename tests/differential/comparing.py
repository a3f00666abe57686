"""Runs the program of a source in its own environment, and explains where its costs differ from our quotes."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.prices import Sheet
from pricing.engine.quoting import Use, quote

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / ".clients"
# Programs that compute with floating-point numbers lose the last digits.
DIGITS = 12

# Part of a usage -> our meter. The parts are disjoint.
METERS = {
    "text": "input",
    "cached": "input.cache_read",
    "written_5m": "input.cache_write[5m]",
    "written_1h": "input.cache_write[1h]",
    "audio": "input.audio",
    "image": "input.image",
    "cached_audio": "input.audio.cache_read",
    "cached_image": "input.image.cache_read",
    "text_out": "output",
    "reasoning": "output.reasoning",
    "audio_out": "output.audio",
    "image_out": "output.image",
}

Row = Mapping[str, Any]
Usage = Mapping[str, int]


@dataclass(frozen=True)
class Case:
    """One use of one model of a file: parts of the usage with their quantities."""

    model: str
    row: Row
    usage: Usage
    tier: str | None
    # An ISO timestamp.
    at: str
    provider: str


USAGES: tuple[Usage, ...] = (
    {"text": 1000, "text_out": 500},
    {"text": 600, "cached": 400, "text_out": 500},
    {"text": 600, "written_5m": 300, "written_1h": 100, "text_out": 500},
    {"text": 600, "audio": 400, "text_out": 300, "audio_out": 200},
    {"text": 600, "image": 400, "text_out": 300, "image_out": 200},
    {"text": 600, "cached_audio": 400, "text_out": 500},
    {"text": 600, "cached_image": 400, "text_out": 500},
    {"text": 1000, "text_out": 300, "reasoning": 200},
)


def usages(bounds: Collection[int]) -> Iterator[Usage]:
    """Every kind of usage with a short prompt, and with prompts of the length of each bound and one token more."""
    yield from USAGES
    for bound in sorted(bounds):
        for total in (bound, bound + 1):
            for usage in USAGES:
                others = sum(number for name, number in usage.items() if METERS[name].startswith("input."))
                yield {**usage, "text": total - others}


def charge(sheet: Sheet, case: "Case") -> Decimal | None:
    """Our quote for the case by a sheet; None if it is unknown."""
    facts = {"service_tier": case.tier} if case.tier else {}
    uses = {METERS[name]: Use(Decimal(number), "token") for name, number in case.usage.items()}
    return quote(sheet, uses, facts, at=dt.datetime.fromisoformat(case.at)).amount


# What a program does otherwise than we do: the case in which our quote is the program's cost.
Deviation = Callable[[Case], Case]


@dataclass
class Result:
    """How many cases agree, or differ for each reason, and the cases that no reason explains."""

    counts: Counter[str] = field(default_factory=Counter)
    unexplained: list[tuple[Case, Decimal | None, Decimal | None]] = field(default_factory=list)


def run_program(client: str, program: str, question: Any, **environment: str) -> Any:
    """The answer of a program of this folder, run with the packages that install.sh installs as this client."""
    folder = CLIENTS / client
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing; tests/live/clients/install.sh --full installs it")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / program)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def report(title: str, result: Result, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the counts, also if the test passes."""
    lines = "".join(f"\n  {count:6} {reason}" for reason, count in result.counts.most_common())
    with capsys.disabled():
        sys.stdout.write(f"\n{title}: {result.counts.total() + len(result.unexplained)} costs{lines}\n")


def is_equal(ours: Decimal | None, theirs: Decimal | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= max(abs(ours), abs(theirs)).scaleb(-DIGITS)


def explain(
    costs: Iterable[tuple[Case, Decimal | None]],
    our_cost: Callable[[Case], Decimal | None],
    reasons: Mapping[str, Deviation],
) -> Result:
    """Compares the program's costs with our quotes.

    A reason explains a difference only if our quote of the case as the program treats it is the program's cost.
    """
    result = Result()
    for case, theirs in costs:
        ours = our_cost(case)
        if is_equal(ours, theirs):
            result.counts["agrees"] += 1
        elif name := _reason(case, theirs, our_cost, reasons):
            result.counts[name] += 1
        else:
            result.unexplained.append((case, ours, theirs))
    return result


def _reason(
    case: Case, theirs: Decimal | None, our_cost: Callable[[Case], Decimal | None], reasons: Mapping[str, Deviation]
) -> str:
    """The reason of a difference, or all reasons of it together; empty if they do not explain it."""
    for name, deviate in reasons.items():
        if (other := deviate(case)) != case and is_equal(our_cost(other), theirs):
            return name
    names = []
    for name, deviate in reasons.items():
        if (other := deviate(case)) != case:
            names.append(name)
            case = other
    return " and ".join(names) if len(names) > 1 and is_equal(our_cost(case), theirs) else ""
