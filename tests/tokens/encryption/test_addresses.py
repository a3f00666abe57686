"""Addresses are shown without what may be a secret."""

import pytest

from tokens.encryption.addresses import mask_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example.com", "https://hooks.example.com"),
        ("https://hooks.example.com/modelbook/events", "https://hooks.example.com/modelbook/events"),
        ("https://own.example:8443/a?token=abc#x", "https://own.example:8443/a?…"),
        ("https://hooks.example.com/catch/8f3kd9aLw0Q2/", "https://hooks.example.com/catch/…w0Q2/"),
        ("https://discord.com/api/webhooks/123456789012345678/aB-c_9dEfGh", "https://discord.com/api/webhooks/…5678/…EfGh"),
    ],
)  # fmt: skip
def test_parts_that_nobody_can_guess_are_hidden(url: str, shown: str) -> None:
    assert mask_url(url, is_secret=False) == shown


def test_the_path_of_a_chat_is_a_secret() -> None:
    url = "https://hooks.slack.com/services/T000/B000/abcdefgh"

    assert mask_url(url, is_secret=True) == "https://hooks.slack.com/…efgh"
