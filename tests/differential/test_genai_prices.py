"""Our quotes for genai-prices' own data are the costs that genai-prices computes, except for named reasons."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from catalog.exact import read_json, write_json
from catalog.prices import Sheet
from catalog.sources import genai_prices
from tests.differential.comparing import Case, Deviation, Row, charge, explain, report, run_program, usages
from tests.samples import REAL, real
from tests.sizes import FULL

NAME = "genai-prices/data_v2_2026-08-21.json"
# Providers that sell their own models.
FIRST_PARTY = {
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "minimax",
    "mistral",
    "moonshotai",
    "openai",
    "perplexity",
    "voyageai",
    "x-ai",
    "zai",
    "zhipuai",
}
NOW = "2026-11-25T12:00:00+00:00"


def _with_zeros(case: Case) -> Case:
    zeros = {"input_mtok": Decimal(0), "output_mtok": Decimal(0)}
    prices = [{**entry, "prices": {**zeros, **entry["prices"]}} for entry in entries(case.row)]
    return replace(case, row={**case.row, "prices": prices})


# docs/decisions.md gives the grounds.
REASONS: Mapping[str, Deviation] = {"tokens without a price cost nothing": _with_zeros}


@cache
def _record(row: bytes) -> Any:
    return genai_prices.read(row).records[0]


def our_cost(case: Case) -> Decimal | None:
    body = [{"id": case.provider, "name": case.provider, "models": [case.row]}]
    record = _record(write_json(body)).priced_at(dt.datetime.fromisoformat(case.at))
    return charge(record.prices or Sheet("USD", ()), case)


def entries(row: Row) -> list[Any]:
    """The prices of a row, with their constraints."""
    prices = row.get("prices", {})
    return prices if isinstance(prices, list) else [{"prices": prices}]


def cases(providers: Any) -> Iterator[Case]:
    """Every kind of usage of every model, now, and on the first and the last day of each dated price."""
    for provider in providers:
        for row in provider["models"] if provider["id"] in FIRST_PARTY else ():
            bounds = {
                int(tier["start"])
                for entry in entries(row)
                for price in entry["prices"].values()
                if isinstance(price, dict)
                for tier in price["tiers"]
            }
            starts = [entry["constraint"]["start_date"] for entry in entries(row) if _is_dated(entry)]
            days = [dt.datetime.fromisoformat(f"{start}T00:00:00+00:00") for start in starts]
            moments = [NOW, *(day.isoformat() for start in days for day in (start - dt.timedelta(seconds=1), start))]
            for at in moments:
                for usage in usages(bounds):
                    yield Case(row["id"], row, usage, None, at, provider["id"])


def _is_dated(entry: Any) -> bool:
    return "start_date" in (entry.get("constraint") or {})


@pytest.mark.skipif(not FULL, reason="part of the full run")
def test_genai_prices_computes_the_same_costs_from_its_data(capsys: pytest.CaptureFixture[str]) -> None:
    listed = list(cases(read_json(real(NAME))))
    assert len(listed) >= 2000
    questions = [{**asdict(case), "row": None} for case in listed]
    answers = run_program("genai-prices", "genai_prices_costs.py", {"data": str(REAL / NAME), "cases": questions})
    costs = [None if answer is None else Decimal(answer) for answer in answers]

    result = explain(zip(listed, costs, strict=True), our_cost, REASONS)

    report(NAME, result, capsys)
    assert result.unexplained == []
