"""Texts are encrypted for one purpose, and survive a rotation of SECRET_KEY."""

from typing import Any

import pytest

from tokens.encryption.ciphers import Cipher, UnreadableError

CIPHER = Cipher(b"test", "It cannot be read.")


def test_a_text_is_read_again_after_a_rotation_of_the_key(settings: Any) -> None:
    encrypted = CIPHER.encrypt("secret")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "y" * 50

    assert "secret" not in encrypted
    assert CIPHER.decrypt(encrypted) == "secret"


def test_a_text_of_another_purpose_or_key_cannot_be_read(settings: Any) -> None:
    encrypted = CIPHER.encrypt("secret")

    with pytest.raises(UnreadableError, match=r"Not for you\."):
        Cipher(b"other", "Not for you.").decrypt(encrypted)
    settings.SECRET_KEY = "y" * 50
    with pytest.raises(UnreadableError, match=r"It cannot be read\."):
        CIPHER.decrypt(encrypted)
