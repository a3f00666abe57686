"""A cursor is a position as text that is safe in addresses; a text that is not a cursor is none."""

import pytest

from tokens.access.cursors import decode_cursor, encode_cursor


@pytest.mark.parametrize("position", [[1, "a"], [0, "ÿ/+é?"], ["2026-01-01", -5, "a/1", 7]])
def test_a_position_survives_its_cursor(position: list[object]) -> None:
    cursor = encode_cursor(position)
    assert decode_cursor(cursor) == position
    assert not set(cursor) & set("+/=&?")


@pytest.mark.parametrize("text", ["x", "====", "é", "W10+", "A" * 5001, "bm90IGpzb24"])
def test_another_text_is_not_a_cursor(text: str) -> None:
    assert decode_cursor(text) is None
