"""Manual CSV files: both forms, all separators, and errors that name their line."""

import datetime as dt
from decimal import Decimal

import pytest

from catalog.prices import Line
from catalog.sources import csv_lines
from catalog.sources.csv_lines import plain_cell, safe_cell
from catalog.sources.records import Record
from catalog.sources.rows import SourceError

LONG = "model,vendor,provider,meter,amount,per,unit,currency,condition,valid_from,valid_to\n"


def records(text: str) -> dict[str, Record]:
    return {record.name: record for record in csv_lines.read(text.encode()).records}


def lines(record: Record) -> list[tuple[str, Decimal | None, int, str]]:
    assert record.prices is not None
    return [(line.meter, line.amount, line.per, line.unit) for line in record.prices.lines]


def test_the_short_form_is_in_dollars_per_million_tokens() -> None:
    by_model = records("model,input,output,cache_read\ngpt-4o,2.5,10,1.25\ngpt-4o-mini,0.15,,\n")

    assert lines(by_model["gpt-4o"]) == [
        ("input", Decimal("2.5"), 1_000_000, "token"),
        ("output", Decimal(10), 1_000_000, "token"),
        ("input.cache_read", Decimal("1.25"), 1_000_000, "token"),
    ]
    assert [line[0] for line in lines(by_model["gpt-4o-mini"])] == ["input"]


def test_the_long_form_has_one_line_per_price() -> None:
    by_model = records(
        LONG
        + "claude,Anthropic,,input,3,1000000,token,USD,,,\n"
        + "claude,,,input,6,1000000,token,,prompt_tokens>200000;service_tier=batch,,\n"
        + "claude,,,,x0.9,,,,,,\n"
        + "auto,,,input,dynamic,,,,,,\n"
        + "plan,,,input,included,,,,,,\n"
        + "bare,,,,,,,,,,\n"
        + "kling,,,output.video,0.5,1,second,CNY,,,\n"
    )

    claude = by_model["claude"].prices
    assert claude is not None
    assert claude.lines[1].conditions == (
        {"dim": "prompt_tokens", "op": "gt", "value": 200_000},
        {"dim": "service_tier", "op": "eq", "value": "batch"},
    )
    assert claude.lines[2] == Line("", Decimal("0.9"), kind="multiplier")
    assert by_model["claude"].vendor == "Anthropic"
    assert [by_model[name].prices.lines[0].kind for name in ("auto", "plan")] == ["dynamic", "included"]  # type: ignore[union-attr]
    assert by_model["bare"].prices is None
    assert by_model["kling"].prices.currency == "CNY"  # type: ignore[union-attr]


def test_only_input_and_output_have_a_default_unit() -> None:
    by_model = records(LONG + "a,,,guardrail,0.1,1,,,,,\na,,,x.litellm.odd,1,1,,,,,\na,,,input.audio,2,,,,,,\n")
    assert [unit for *_, unit in lines(by_model["a"])] == ["", "", "token"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffmodel,input,output\r\nm,2.5,10\r\n",
        "model;input;output\nm;2.5;10\n",
        "model\tinput\toutput\nm\t2.5\t10\n",
        "#decimal: comma\nmodel;input;output\nm;2,5;10\n",
        "\n#x\n".replace("\n#x\n", "") + 'Model , INPUT,output\n"m", 2.5 ,10\n\n',
    ],
)
def test_files_from_spreadsheets_are_read_the_same(text: str) -> None:
    assert [line[1] for line in lines(records(text)["m"])] == [Decimal("2.5"), Decimal(10)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model,input\nm,$2.5\n", "Line 2: '\\$2.5' is not a plain number"),
        ('model,input\na,1\nm,"1,000"\n', "Line 3: '1,000' is not a plain number"),
        ("#decimal: comma\nmodel;input\nm;2.5\n", "Line 3: '2.5' has a decimal point"),
        ("model,input\nm,-1\n", "Line 2: '-1' is negative"),
        ("model,input\nm,NaN\n", "Line 2"),
        ("model,input\nm,1e999\n", "Line 2"),
        ("model,input\n,1\n", "Line 2 has no model"),
        ("model,input\nm,1,2\n", "Line 2 has more cells"),
        ("model,price\nm,1\n", "unknown columns: price"),
        ("name,input\nm,1\n", "The header"),
        ("model,model,input\nm,m,1\n", "duplicate column"),
        ("model,input\n", "no line after"),
        (LONG + "m,,,input,1,0,token,,,,\n", "Line 2: '0' is not a valid number of units"),
        (LONG + "m,,,input,1,1,token,,whenever,,\n", "Line 2: 'whenever' is not a valid condition"),
        (LONG + "m,,,input,1,1,token,USD,,,\nm,,,output,1,1,token,CNY,,,\n", "Line 3: m has prices in two currencies"),
        ('model,input\n"m,1\n', "is not valid CSV"),
        ("model,input\nm\x00,1\n", "NUL"),
    ],
)
def test_an_error_names_its_line(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        csv_lines.read(text.encode())


def test_an_unknown_column_is_reported_and_left_out() -> None:
    document = csv_lines.read(b"model,meter,amount,comment,\nm,input,1,cheap,\nn,input,1,,\n")

    assert [record.name for record in document.records] == ["m", "n"]
    assert document.findings == ("the column comment has no meaning here and was left out",)


def test_a_provider_is_reported_as_unused() -> None:
    document = csv_lines.read((LONG + "m,,azure,input,1,1,token,,,,\n").encode())
    assert document.findings == ("the column provider has no meaning here and was left out",)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("model,meter,amount,valid_form", "unknown column 'valid_form': rename it to valid_from, or remove it"),
        ("model,meter,amount,conditions", "unknown column 'conditions': rename it to condition"),
        ("model,meter,amount,curency", "unknown column 'curency': rename it to currency"),
        ("model,input,condition", "The column condition needs one line per price"),
        ("model,input,per", "The column per needs one line per price"),
    ],
)
def test_a_column_that_would_change_the_price_is_refused(header: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        csv_lines.read(f"{header}\nm,input,1,\n".encode())


KINDS = "model,meter,amount,per,unit,currency,condition,kind,period,tier_mode\n"


def test_every_kind_is_read() -> None:
    record = records(
        KINDS
        + "m,input.audio,0.04,1,hour,,,,,\n"
        + "m,input.audio,10,1,second,,,minimum,,\n"
        + "m,web_search,1500,1,query,,,allowance,day,\n"
        + "m,input,0.9,1,,,,multiplier,,\n"
        + "m,,x0.8,,,,,Multiplier,,\n"
        + "m,output,,,,,,dynamic,,\n"
        + "m,request,included,,,,,included,,\n"
        + "m,input,2,1,token,,prompt_tokens>5,absolute,,graduated\n"
    )["m"]
    assert record.prices is not None
    assert [(line.kind, line.meter, line.amount) for line in record.prices.lines] == [
        ("absolute", "input.audio", Decimal("0.04")),
        ("minimum", "input.audio", Decimal(10)),
        ("allowance", "web_search", Decimal(1500)),
        ("multiplier", "input", Decimal("0.9")),
        ("multiplier", "", Decimal("0.8")),
        ("dynamic", "output", None),
        ("included", "request", None),
        ("absolute", "input", Decimal(2)),
    ]
    assert record.prices.lines[2].facts == {"period": "day"}
    assert record.prices.facts == {"tier_mode": "graduated"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("m,input,1,1,token,,,least,,", "'least' is not a valid kind: use one of absolute, multiplier"),
        ("m,input,1,1,,,,minimum,,", "The kind minimum needs a unit"),
        ("m,input,1,1,token,,,,,graduted", "Line 2: 'graduted' is not a valid tier_mode: write graduated"),
        ("m,input,,1,token,,,minimum,,", "The kind minimum needs an amount"),
        ("m,input,1,1,token,,,dynamic,,", "The amount '1' does not match the kind dynamic"),
        ("m,input,x2,1,token,,,minimum,,", "The amount 'x2' does not match the kind minimum"),
        ("m,input,included,1,token,,,dynamic,,", "The amount 'included' does not match the kind dynamic"),
        ("m,input,1,1,token,,,,,\nm,input,2,1000,token,,,,,", "Line 3 has the same meter, unit, .* as line 2"),
        ("m,input,1,1,token,,,,,\nm,input,,,token,,,included,,", "Line 3 has the same meter, unit, .* as line 2"),
    ],
)
def test_a_contradictory_kind_or_a_duplicate_price_is_refused(row: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        records(f"{KINDS}{row}\n")


def test_the_short_form_may_have_a_currency_and_dates() -> None:
    by_model = records("model,input,output,currency,valid_from\nm,2.5,10,CNY,2026-01-01\n")
    (sheet,) = by_model["m"].schedule
    assert (sheet.currency, len(sheet.lines), sheet.starts_at) == ("CNY", 2, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def test_more_dates_than_can_be_compared_are_refused() -> None:
    days = (dt.date(2027, 1, 1) + dt.timedelta(days=number) for number in range(900))
    with pytest.raises(SourceError, match="combinations of lines and dates"):
        records("model,meter,amount,valid_from\n" + "".join(f"m,input,1,{day}\n" for day in days))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "＠x", "'=1", "''", "plain", ""])
def test_a_cell_is_never_a_formula_and_is_read_back(text: str) -> None:
    cell = safe_cell(text)

    assert not cell.startswith(csv_lines.FORMULA_STARTS)
    assert plain_cell(cell) == text
