"""Reads the catalog as YAML: text stays text, and dangerous or ambiguous YAML is refused."""

from decimal import Decimal

import pytest

from catalog.exact import InexactError
from catalog.sources import yaml_catalog
from catalog.sources.rows import SourceError

WHOLE = """\
format: modelbook/1
vendors:
- {slug: acme, name: ACME, aliases: [no, 12:30]}
channels:
- slug: east
  name: East
  enabled: false
  weight: 3
  offers:
  - {model: m/1, enabled: true, upstream_name: '1e-06'}
groups:
- {slug: vip, label: VIP, is_public: yes-no, rate: '0.80', channels: [east]}
models:
- name: m/1
  status: published
  vendor: acme
  series: 1e6
  context_length: 200000
  released_on: 2026-01-31
  public_endpoint_types: []
  prices:
    sell:
      currency: USD
      lines:
      - {meter: input, amount: 0.000000150000000000000012, per: 1, unit: token}
      - {meter: input, amount: '2', per: 1000000, unit: token, when: prompt_tokens>200000, facts: '{"a":1.50}'}
"""


def sound(text: str = WHOLE) -> bytes:
    return text.replace("yes-no", "true").encode()


def test_every_scalar_is_text() -> None:
    document = yaml_catalog.read(sound())

    record, structure = document.records[0], document.structure
    assert (record.series, record.context_length, record.public_endpoint_types) == ("1e6", 200_000, ())
    assert structure.vendors["acme"]["aliases"] == ["no", "12:30"]
    assert structure.offers["east", "m/1"] == {"enabled": True, "upstream_name": "1e-06"}
    assert structure.channels["east"] == {"name": "East", "enabled": False, "weight": 3}
    assert structure.rates == {"vip": {"ratio": Decimal("0.8")}}
    assert structure.reach == {"vip": ("east",)}


def test_prices_keep_their_digits_conditions_and_facts() -> None:
    structure = yaml_catalog.read(sound()).structure
    sheet = structure.prices["sell"]["m/1"]
    assert sheet is not None
    first, second = sheet.lines

    assert first.amount == Decimal("0.000000150000000000000012")
    assert second.conditions == ({"dim": "prompt_tokens", "op": "gt", "value": 200_000},)
    assert str(second.facts["a"]) == "1.50"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "format: modelbook/2\n",
        "- format\n",
        "format: modelbook/1\nmodels: 5\n",
        "format: modelbook/1\nmodels:\n- m\n",
        "format: modelbook/1\nmodels:\n- {name: [m]}\n",
        "format: modelbook/1\nmodels:\n- {status: draft}\n",
        "format: modelbook/1\nmodels:\n- {name: m, vendor: nobody}\n",
        "format: modelbook/1\nmodels:\n- {name: m, context_length: many}\n",
        "format: modelbook/1\nmodels:\n- {name: m, context_length: -5}\n",
        "format: modelbook/1\nmodels:\n- {name: m, released_on: soon}\n",
        "format: modelbook/1\nmodels:\n- {name: m, tags: {a: b}}\n",
        "format: modelbook/1\nmodels:\n- {name: m, prices: [1]}\n",
        "format: modelbook/1\nmodels:\n- {name: m, prices: {sell: 5}}\n",
        "format: modelbook/1\nmodels:\n- {name: m, prices: {price: {currency: USD}}}\n",
        "format: modelbook/1\nmodels:\n- {name: m, prices: {sell: {currency: [USD]}}}\n",
        "format: modelbook/1\nmodels:\n- {name: m, prices: {sell: {currency: USD, valid_from: 2027-01-01}}}\n",
        "format: modelbook/1\nmodels:\n- {name: m, default_parameters: [1]}\n",
        "format: modelbook/1\nmodels:\n- {name: m, prices: {sell: {lines: []}}}\n",
        "format: modelbook/1\nmodels:\n- {name: m, prices: {sell: {currency: USD, lines: [{amount: 1e999}]}}}\n",
        "format: modelbook/1\nmodels:\n- {name: m, prices: {sell: {currency: USD, lines: [{amount: '-1'}]}}}\n",
        "format: modelbook/1\nchannels:\n- {slug: c, enabled: maybe}\n",
        "format: modelbook/1\nformat: modelbook/1\n",
        "format: modelbook/1\nmodels: &all\n- {name: m}\naliases: *all\n",
        "format: modelbook/1\nmodels: !!python/object/apply:os.system ['true']\n",
        "format: modelbook/1\n---\nformat: modelbook/1\n",
        "format: modelbook/1\nmodels: [",
        "format: modelbook/1\nmodels: " + "[" * 100_000,
        "format: modelbook/1\n? [a, b]\n: c\n",
        "\tformat: modelbook/1\n",
        'format: modelbook/1\nmodels:\n- {name: "m\\0"}\n',
    ],
)
def test_an_invalid_catalog_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises((SourceError, InexactError)) as refused:
        yaml_catalog.read(text.encode())

    assert "\n" not in str(refused.value)
    assert "Error" not in str(refused.value)
    assert len(str(refused.value)) < 300


LINES = "format: modelbook/1\nmodels:\n- {name: m, prices: {sell: {currency: USD, lines: [%s]}}}\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("{kind: least, meter: input, amount: 1}", "'least' is not a valid kind of price: use one of absolute, mult"),
        ("{kind: minimum, meter: input, unit: token}", "A price of the kind minimum needs an amount \\(input\\)"),
        ("{meter: input, unit: token}", "A price of the kind absolute needs an amount"),
        ("{meter: input, amount: [1], unit: token}", "m, sell price: amount is not text"),
        ("{meter: input, amount: 1, unit: token, per: 0}", "m, sell price: '0' is not a valid whole number"),
        ("{meter: input, amount: 1, unit: token, facts: '[1]'}", "m, sell price: facts is not a JSON object"),
        # A price without its date or condition would be a wrong price.
        (
            "{meter: input, amount: 1, unit: token, valid_from: 2027-01-01}",
            "the key 'valid_from' is unknown: use kind, ",
        ),
        ("{meter: input, amount: 1, unit: token, wen: batch=true}", "the key 'wen' is unknown"),
        ("{kind: dynamic, amount: 1}", "A price of the kind dynamic has no amount: remove it \\(all meters\\)"),
        (
            "{meter: input, amount: 1, unit: token}, {meter: input, amount: 2, per: 1000, unit: token}",
            "There are two prices for input per token: keep one of them",
        ),
        (
            ", ".join(["{meter: input, amount: 1, unit: token, when: batch=true}"] * 2),
            "There are two prices for input per token if batch=true: keep one of them",
        ),
    ],
)
def test_a_contradictory_or_duplicate_price_is_refused(lines: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        yaml_catalog.read((LINES % lines).encode())


def test_every_kind_of_price_is_read() -> None:
    lines = (
        "{meter: input.audio, amount: ' 0.18 ', unit: hour}, "
        "{kind: minimum, meter: input.audio, amount: 10, unit: second}, "
        '{kind: allowance, meter: web_search, amount: 1500, unit: query, facts: \'{"period":"day"}\'}, '
        "{kind: multiplier, meter: '', amount: 0.9}, {kind: included, meter: ocr}"
    )
    (sheet,) = yaml_catalog.read((LINES % lines).encode()).structure.prices["sell"].values()
    assert sheet is not None
    assert [(line.kind, line.amount) for line in sheet.lines] == [
        ("absolute", Decimal("0.18")),
        ("minimum", Decimal(10)),
        ("allowance", Decimal(1500)),
        ("multiplier", Decimal("0.9")),
        ("included", None),
    ]
    assert sheet.lines[2].period == "day"


def test_other_bytes_are_refused() -> None:
    with pytest.raises(SourceError, match="not UTF-8"):
        yaml_catalog.read(b"format: \xff")


@pytest.mark.parametrize("value", ["", " {}", " ''", " null", " ~", " none"])
def test_a_section_without_entries_is_written_as_an_empty_list(value: str) -> None:
    with pytest.raises(SourceError, match=r"The section 'tokens' is not a list: write `tokens: \[\]`"):
        yaml_catalog.read(f"format: modelbook/1\ntokens:{value}\n".encode())
