from decimal import Decimal
from typing import Any

import pytest

from pricing.gateways.reading.columns import json_column, names_in, networks_in, number_column, text_column


@pytest.mark.parametrize(
    ("stored", "number"),
    [(1, 1), (True, 1), ("t", 1), ("false", 0), ("12", 12), (Decimal("3.0"), 3), ("", 7), (None, 7), ("x", 7)],
)
def test_numbers_have_one_value_in_every_database(stored: Any, number: int) -> None:
    assert number_column({"status": stored}, "status", 7) == number


def test_texts_have_no_null_bytes_and_no_spaces_around_them() -> None:
    assert [text_column({"name": stored}, "name") for stored in (" a\x00b ", b"a", None)] == ["ab", "a", ""]


def test_json_that_is_not_json_is_reported_without_its_text() -> None:
    findings: list[str] = []

    def report(sentence: str, _subject: str | None = None, /) -> None:
        findings.append(sentence)

    assert json_column("{secret", "the option X", report) is None
    assert findings == ["the option X is not JSON and was left out"]


def test_lists_of_names_lose_spaces_and_duplicates() -> None:
    assert names_in(" a,b ,, a") == ("a", "b")


def test_networks_keep_what_is_valid() -> None:
    findings: list[str | None] = []

    def report(_sentence: str, subject: str | None = None, /) -> None:
        findings.append(subject)

    assert networks_in("10.0.0.1/8;nowhere\n::1,here", 4, report) == (("10.0.0.0/8", "::1"), False)
    assert networks_in("nowhere", 5, report) == ((), True)
    assert findings == ["token 4", "token 5"]
