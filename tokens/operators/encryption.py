"""Encrypts what must be read again and never be stored readable: authenticator secrets, and forms that wait.

The key is derived from SECRET_KEY, so a copy of the database alone does not open it. SECRET_KEY_FALLBACKS still open
what was encrypted before a rotation.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ValidationError

PURPOSE = b"modelbook: secrets of operators"


class UnreadableError(ValidationError):
    """SECRET_KEY was replaced, and its old value is not in SECRET_KEY_FALLBACKS."""

    def __init__(self) -> None:
        super().__init__(
            "Your authenticator app and recovery codes cannot be checked, because SECRET_KEY was replaced. "
            "Sign in with a passkey, or ask an administrator to run `manage.py reset_mfa`.",
            code="unreadable",
        )


def encrypt(text: str) -> str:
    return _ciphers(*_secrets()).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """UnreadableError if no secret of this server has encrypted it."""
    try:
        return _ciphers(*_secrets()).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise UnreadableError from None


def _secrets() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=4)
def _ciphers(*secrets: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derive(secret))) for secret in secrets])


def _derive(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
