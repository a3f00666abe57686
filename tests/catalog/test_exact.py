"""JSON and numbers are read and written with all digits; documents without finite numbers are refused."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.exact import InexactError, digits, multiply, plain, ratio, read_json, read_number, unfold, write_json

prices = st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=24)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**50), 10**50) | prices | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
# What price lists print as ratios: a double in its shortest form, of a quotient of two short prices.
cents = st.integers(1, 10**7).map(lambda number: Decimal(number) / 10**4)


@settings(deadline=None)
@given(values)
def test_written_json_is_read_back_the_same(value: Any) -> None:
    assert read_json(write_json(value)) == value


@settings(deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1E20"), max_value=Decimal("1E20"), places=20)
)
def test_plain_does_not_change_a_number(value: Decimal) -> None:
    assert plain(value) == value
    assert Decimal(digits(value)) == value
    assert "E" not in digits(value)


@settings(deadline=None)
@given(amount=cents, base=cents)
def test_a_ratio_unfolds_into_a_price_of_the_same_ratio(amount: Decimal, base: Decimal) -> None:
    factor = ratio(amount, base)

    assert ratio(unfold(factor, base), base) == factor


@settings(deadline=None)
@given(factor=st.floats(min_value=1e-9, max_value=1e6), base=cents)
def test_any_double_unfolds_into_a_price_of_the_same_ratio(factor: float, base: Decimal) -> None:
    read = Decimal(repr(factor))

    assert float(ratio(unfold(read, base), base)) == factor


@pytest.mark.parametrize(
    ("factor", "base", "price"),
    [
        ("4.166666666666667", "0.6", "2.5"),
        ("0.8219178082191781", "2", "1.64383561643836"),
        ("8", "1.25", "10"),
        ("0.1", "0.3", "0.03"),
        ("0", "5", "0"),
    ],
)
def test_a_rounded_ratio_unfolds_into_the_price_it_came_from(factor: str, base: str, price: str) -> None:
    unfolded = unfold(Decimal(factor), Decimal(base))

    assert ratio(unfolded, Decimal(base)) == Decimal(factor)
    assert abs(unfolded - Decimal(price)) < Decimal("1E-11")


@settings(deadline=None)
@given(st.lists(prices, max_size=3))
def test_a_product_keeps_every_digit(factors: list[Decimal]) -> None:
    assert Fraction(multiply(*factors)) == math.prod(map(Fraction, factors))


def test_a_product_with_more_digits_than_any_price_is_refused() -> None:
    assert multiply(Decimal("1e60"), Decimal("1e59")) == Decimal("1e119")
    with pytest.raises(InexactError):
        multiply(Decimal("1e60"), Decimal("1e60"))


@pytest.mark.parametrize(
    "document",
    [
        "", "{", "[1,]", "{'a': 1}", "[NaN]", "[Infinity]", "[-Infinity]", "[1e999]", "[-1e999]", "[1e-999]",
        "[1E99999999999999999999]", "[01]", "[.5]", "[1.]", "[+1]", "[0x10]", '{"a": 1, "a": 2}', '["\\u0000"]',
        '{"\\u0000": 1}', '["\\ud800"]', '["\\udc00\\ud800"]', '["\0"]', "[" * 100_000, '{"a":' * 100_000, "\ufeff{}",
        b"\xff\xfe{\x00}\x00", b'["\xed\xa0\x80"]', b'["\xc3"]', "[" + "9" * 5000 + "]", "[0." + "1" * 100 + "]",
    ],
    ids=lambda document: repr(document)[:24],
)  # fmt: skip
def test_a_hostile_document_is_one_sentence(document: str | bytes) -> None:
    with pytest.raises(InexactError) as refusal:
        read_json(document)

    assert len(str(refusal.value)) < 200
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (r'"\\u0000"', "\\u0000"),
        (r'"\\\\u0000 \\ud800"', "\\\\u0000 \\ud800"),
        (r'"\ud83d\ude00"', "\N{GRINNING FACE}"),
        ("[1E+4, 1e4, 10000.0]", [Decimal(10000)] * 3),
        ("-0.0", 0),
        ('{"a": {"b": 1}, "b": {"a": 1}}', {"a": {"b": 1}, "b": {"a": 1}}),
        ("[" * 200 + "]" * 200, None),
    ],
)
def test_a_strange_but_valid_document_is_read(document: str | bytes, value: Any) -> None:
    assert value is None or read_json(document) == value


@pytest.mark.parametrize(
    "text", ["", "1_000", "\uff11\uff12", "\u0663", "NaN", "sNaN", "inf", "1,5", "1 0", "0x1F", "1e", "--1", "1e61"]
)
def test_other_notations_are_not_numbers(text: str) -> None:
    with pytest.raises(InexactError):
        read_number(text)
