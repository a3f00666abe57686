"""Encrypts what must be read again and never be stored readable, e.g. authenticator secrets and those of webhooks.

The key is derived from SECRET_KEY, so a copy of the database alone does not open it. SECRET_KEY_FALLBACKS still open
what was encrypted before a rotation.
"""

import base64
from dataclasses import dataclass
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ValidationError


class UnreadableError(ValidationError):
    """SECRET_KEY was replaced, and its old value is not in SECRET_KEY_FALLBACKS."""


@dataclass(frozen=True)
class Cipher:
    """Encrypts texts for one purpose."""

    # Part of the key, so that a text of one purpose cannot be read for another one.
    purpose: bytes
    # What UnreadableError says, and what to do.
    unreadable: str

    def encrypt(self, text: str) -> str:
        return _ciphers(self.purpose, *_secrets()).encrypt(text.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """UnreadableError if no secret of this server has encrypted it."""
        try:
            return _ciphers(self.purpose, *_secrets()).decrypt(encrypted.encode()).decode()
        except InvalidToken:
            raise UnreadableError(self.unreadable, code="unreadable") from None


def _secrets() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=8)
def _ciphers(purpose: bytes, *secrets: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(purpose, secret))) for secret in secrets])


def _derive(purpose: bytes, secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
