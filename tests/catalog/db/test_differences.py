"""A difference gives back exactly the bytes of the second version, and is small if little has changed."""

import random
import zlib

import msgspec
import pytest

from catalog.db import differences
from catalog.db.differences import apply_difference, find_difference

ROWS = [f'"model-{number}": {{"input": {number * 7919 % 1000}, "mode": "chat"}}' for number in range(2_000)]
BASE = ("{" + ", ".join(ROWS) + "}").encode()


def with_price(number: int, price: str) -> bytes:
    rows = [row if index != number else row.replace('"input": ', f'"input": {price}') for index, row in enumerate(ROWS)]
    return ("{" + ", ".join(rows) + "}").encode()


@pytest.mark.parametrize(
    "content",
    [
        BASE,
        b"",
        BASE[:-1],
        BASE + b"\r\n",
        b"\xef\xbb\xbf" + BASE,
        with_price(0, "1"),
        with_price(1_000, "0.000123"),
        with_price(1_999, ""),
        # Rows that moved far away.
        ("{" + ", ".join(ROWS[1_500:] + ROWS[:1_500]) + "}").encode(),
    ],
)
def test_the_second_version_is_given_back_byte_for_byte(content: bytes) -> None:
    difference = find_difference(BASE, content)

    assert difference is not None
    assert apply_difference(BASE, difference, size=len(content)) == content


def test_one_changed_price_is_less_than_a_hundred_bytes() -> None:
    assert len(find_difference(BASE, with_price(1_000, "0.5")) or BASE) < 100


@pytest.mark.parametrize("content", [b"x", b"an entirely different document", bytes(range(256)) * 400])
def test_another_document_has_no_difference(content: bytes) -> None:
    assert find_difference(BASE, content) is None


def test_documents_with_repeated_and_changed_bytes_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "MOST_NEW", 1)
    choose = random.Random(3)  # noqa: S311
    for _ in range(500):
        base = bytes(choose.choices(b"ab", k=choose.randrange(400)))
        new = bytes(choose.choices(b"abc", k=choose.randrange(60)))
        content = base[: choose.randrange(400)] + new + base[choose.randrange(400) :]
        difference = find_difference(base, content)
        assert difference is not None
        assert apply_difference(base, difference, size=len(content)) == content


@pytest.mark.parametrize("parts", [[[0, 10**12]], [[-5, 10]], [b"x" * 11], [], "text", [[0, 5], [0, 2**62]]], ids=str)
def test_a_damaged_difference_is_refused(parts: object) -> None:
    difference = zlib.compress(msgspec.msgpack.encode(parts))
    try:
        content = apply_difference(b"0123456789", difference, size=10)
    except ValueError:
        return
    # The reader also compares the hash.
    assert content != b"0123456789"
