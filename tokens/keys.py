"""API keys: what one looks like, how it is made, and the digest that stands for it in the database.

A key is `<prefix>_<key id>_<secret><checksum>`, e.g. mb_live_4Zc0vXq1Lp_…: the key id (10 characters) may be shown and
logged, the secret (32 characters, 190 bits) is shown once, and the checksum (6 characters, CRC-32 of all before it)
tells a mistyped key from a real one without a query. The digest is HMAC-SHA256 under a pepper that is not in the
database: a stolen database holds nothing that opens a door. A slow hash would add nothing to 190 random bits, and
would itself be the way to stop the service.

For secret scanners: `[A-Za-z][A-Za-z0-9_-]*_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}`, or with the installation's own prefix
`mb_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}`; the checksum then tells a real key from one that only looks like it.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
KEY_ID_LENGTH = 10
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
# Nothing longer is looked at, whatever a client sends.
MAX_LENGTH = 256
PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")
SHAPE = re.compile(
    rf"(?P<body>{PREFIX.pattern}_(?P<key_id>[0-9A-Za-z]{{{KEY_ID_LENGTH}}})_[0-9A-Za-z]{{{SECRET_LENGTH}}})"
    rf"(?P<checksum>[0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)
GATEWAY_KEY = re.compile(r"(?:sk-)?(?P<key>[0-9A-Za-z]{40,128})(?:-[0-9]{1,10})?")
# Shorter ones are guessed sooner or later, and those that people think up are longer than they are random.
SHORTEST_FOREIGN = 20


class UnfitKeyError(ValueError):
    """A key of another system that cannot be taken over; the message says why, without the key."""


@dataclass(frozen=True)
class NewKey:
    """A key just made; `plaintext` exists only here."""

    plaintext: str
    key_id: str

    def __repr__(self) -> str:
        return f"NewKey({self.key_id})"


def make_key(prefix: str) -> NewKey:
    """A new random key with a checksum."""
    key_id = new_key_id()
    body = f"{prefix}_{key_id}_{_random(SECRET_LENGTH)}"
    return NewKey(body + checksum(body), key_id)


def checksum(body: str) -> str:
    """CRC-32 of the key's body in base 62, six characters."""
    rest = zlib.crc32(body.encode())
    letters = []
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        letters.append(ALPHABET[digit])
    return "".join(reversed(letters))


def is_plausible(plaintext: str, *, prefix: str) -> bool:
    """Whether the key is worth a query, where new keys have that prefix.

    A key of our own with a letter too few, too many or wrong is not, and nor is one so short that it was never taken
    over from anybody.
    """
    if not SHORTEST_FOREIGN <= len(plaintext) <= MAX_LENGTH:
        return False
    return is_ours(plaintext) or not (plaintext.startswith(f"{prefix}_") or SHAPE.fullmatch(plaintext))


def is_ours(plaintext: str) -> bool:
    """True for a key of our own shape, of whatever prefix, whose checksum is right."""
    match = SHAPE.fullmatch(plaintext)
    return match is not None and hmac.compare_digest(checksum(match["body"]), match["checksum"])


def normal_form(plaintext: str) -> str:
    """The part of a key that counts.

    Keys of new-api and one-api work with and without `sk-`, and with the number of a channel behind a dash; their 40 or
    more characters in between are the key. Every other key counts whole.
    """
    match = GATEWAY_KEY.fullmatch(plaintext)
    return match["key"] if match else plaintext


def refuse_unfit(plaintext: str, *, prefix: str) -> None:
    """UnfitKeyError for a key of another system that clients could not send, or that others could guess.

    `prefix` is that of new keys: what begins like one and is none is taken for a typing error.
    """
    if not (plaintext.isascii() and plaintext.isprintable()) or set(plaintext) & set(" ,"):
        raise UnfitKeyError("A key is one word of plain letters, digits and signs, without a comma.")
    if len(plaintext) < SHORTEST_FOREIGN:
        raise UnfitKeyError(f"A key of fewer than {SHORTEST_FOREIGN} characters could be guessed.")
    if not is_plausible(plaintext, prefix=prefix):
        raise UnfitKeyError(f"It is longer than {MAX_LENGTH} characters, or a key of this service with a typing error.")


def digest(plaintext: str, pepper: str) -> str:
    """The key as the database knows it: 64 hexadecimal digits."""
    secret = normal_form(plaintext).encode(errors="surrogateescape")
    return hmac.new(pepper.encode(), secret, hashlib.sha256).hexdigest()


def digests(plaintext: str, peppers: Mapping[int, str]) -> list[str]:
    """The key under every pepper in use, the newest first."""
    return [digest(plaintext, peppers[number]) for number in sorted(peppers, reverse=True)]


def new_key_id() -> str:
    """What a key is called where it is not to be seen."""
    return _random(KEY_ID_LENGTH)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
