"""Runs the program of a source in its own environment, and explains where its costs differ from our quotes."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CLIENTS = HERE.parents[1] / ".clients"
# Programs that compute with floating-point numbers lose the last digits.
DIGITS = 12

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


def is_equal(ours: Decimal | None, theirs: Decimal | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= max(abs(ours), abs(theirs)).scaleb(-DIGITS)


def explain(
    costs: Iterable[tuple[Case, Decimal | None]],
    quote: Callable[[Case], Decimal | None],
    reasons: Mapping[str, Deviation],
) -> Result:
    """Compares the program's costs with our quotes.

    A reason explains a difference only if our quote of the case as the program treats it is the program's cost.
    """
    result = Result()
    for case, theirs in costs:
        ours = quote(case)
        if is_equal(ours, theirs):
            result.counts["agrees"] += 1
        elif name := _reason(case, theirs, quote, reasons):
            result.counts[name] += 1
        else:
            result.unexplained.append((case, ours, theirs))
    return result


def _reason(
    case: Case, theirs: Decimal | None, quote: Callable[[Case], Decimal | None], reasons: Mapping[str, Deviation]
) -> str:
    """The reason of a difference, or all reasons of it together; empty if they do not explain it."""
    for name, deviate in reasons.items():
        if (other := deviate(case)) != case and is_equal(quote(other), theirs):
            return name
    names = []
    for name, deviate in reasons.items():
        if (other := deviate(case)) != case:
            names.append(name)
            case = other
    return " and ".join(names) if len(names) > 1 and is_equal(quote(case), theirs) else ""
