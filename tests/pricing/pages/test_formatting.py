"""What pages show beside prices."""

import pytest

from pricing.pages.formatting import plain_text, token_count


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""), (512, "512"), (8192, "8K"), (131_072, "128K"), (128_000, "128K"), (200_000, "200K"),
        (1_048_576, "1M"), (1_000_000, "1M"), (1_050_000, "1.05M"), (10_000_000, "10M"), (262_144, "256K"),
    ],
)  # fmt: skip
def test_context_lengths_are_short(number: int | None, text: str) -> None:
    assert token_count(number) == text


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("Like [o4-mini](/openai/o4-mini), but **slower**.", "Like o4-mini, but slower."),
        ("See [prices [1]](https://a.example/b_(c)).", "See [prices [1]](https://a.example/b_(c))."),
        ("A [list] (of notes), 2 * 3\n- one", "A [list] (of notes), 2 * 3\n- one"),
        ("", ""),
    ],
)
def test_descriptions_are_shown_without_markdown(description: str, text: str) -> None:
    assert plain_text(description) == text
