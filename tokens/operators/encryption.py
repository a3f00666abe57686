"""The encryption of what belongs to operators: authenticator secrets, and forms that wait for a confirmation."""

from tokens.encryption.ciphers import Cipher

CIPHER = Cipher(
    b"modelbook: secrets of operators",
    "Your authenticator app and recovery codes cannot be checked, because SECRET_KEY was replaced. "
    "Sign in with a passkey, or ask an administrator to run `manage.py reset_mfa`.",
)
