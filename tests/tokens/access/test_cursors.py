"""A cursor is a position as text that is safe in addresses; a text that is not a cursor is none."""

import base64
from typing import Any

import pytest

from tokens.access.cursors import decode_cursor, encode_cursor, open_cursor, seal_cursor


@pytest.mark.parametrize("position", [[1, "a"], [0, "ÿ/+é?"], ["2026-01-01", -5, "a/1", 7]])
def test_a_position_survives_its_cursor(position: list[object]) -> None:
    for cursor, value in ((encode_cursor(position), decode_cursor), (seal_cursor(position), open_cursor)):
        assert value(cursor) == position
        assert not set(cursor) & set("+/=&?")


@pytest.mark.parametrize("text", ["", "x", "====", "é", "W10+", "A" * 5001, "bm90IGpzb24", encode_cursor([1, "a"])])
def test_another_text_is_not_a_cursor(text: str) -> None:
    assert decode_cursor(text) is None or text == encode_cursor([1, "a"])
    assert open_cursor(text) is None


def test_a_sealed_cursor_shows_nothing_and_cannot_be_written_by_others() -> None:
    cursor = seal_cursor(["popular", 57, "a"])

    assert cursor == seal_cursor(["popular", 57, "a"])
    assert b"popular" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place, letter in enumerate(cursor[:-1]):
        changed = cursor[:place] + ("A" if letter != "A" else "B") + cursor[place + 1 :]
        assert open_cursor(changed) is None


def test_a_sealed_cursor_of_another_installation_is_not_one(settings: Any) -> None:
    cursor = seal_cursor([1, "a"])
    settings.SECRET_KEY = "another-" + "x" * 50

    assert open_cursor(cursor) is None
