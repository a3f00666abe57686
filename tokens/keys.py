"""API keys: their format, their creation, and the digest that is stored instead of a key.

A key is `<prefix>_<key id>_<secret><checksum>`, e.g. mb_live_4Zc0vXq1Lp_…: the key id (10 characters) may be shown and
logged, the secret (32 characters, 190 bits) is shown once, and the checksum (6 characters, CRC-32 of everything before
it) detects a mistyped key without a query. The digest is HMAC-SHA256 under a pepper that is not in the database, so a
stolen database contains no usable key. A slow hash would add nothing to 190 random bits, and would let anybody overload
the service.

Keys of tokens have the installation's prefix, and admin keys, for the management API, have ADMIN_PREFIX: neither can be
taken for the other.

For secret scanners: `[A-Za-z][A-Za-z0-9_-]*_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}`, or with the installation's own prefix
`mb_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}`; the checksum confirms that a match is a real key.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
KEY_ID_LENGTH = 10
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
ADMIN_PREFIX = "mb_admin"
# The start of what is stored in place of a digest, which has hexadecimal digits.
NO_KEY = "!"
# Longer texts are not looked up.
MAX_LENGTH = 256
PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")
SHAPE = re.compile(
    rf"(?P<body>{PREFIX.pattern}_(?P<key_id>[0-9A-Za-z]{{{KEY_ID_LENGTH}}})_[0-9A-Za-z]{{{SECRET_LENGTH}}})"
    rf"(?P<checksum>[0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)
GATEWAY_KEY = re.compile(r"(?:sk-)?(?P<key>[0-9A-Za-z]{40,128})(?:-[0-9]{1,10}|#!?[0-9]{1,10}(?:#ignore)?)?")
# one-hub and done-hub sign their keys: the number of the token, and its signature in base64.
SIGNED_KEY = re.compile(r"(?:sk-)?(?P<key>[0-9A-Za-z]{15}_[0-9A-Za-z_-]{43})(?:#!?[0-9]{1,10}(?:#ignore)?)?")
# A key inside a text: the end of one of ours, and one with sk-. Ids of calls may look like keys of other systems.
END_OF_KEY = re.compile(
    rf"_[0-9A-Za-z]{{{KEY_ID_LENGTH}}}_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}(?![0-9A-Za-z])"
)
SECRET_KEY = re.compile(r"(?<![0-9A-Za-z])sk-[0-9A-Za-z_-]{16,}")
# The same for keys of gateways without sk-.
SIGNED_PART = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{15}_[0-9A-Za-z_-]{43}(?![0-9A-Za-z_-])")
LONG_RUN = re.compile(r"[0-9A-Za-z]{40,}")
HEXADECIMAL = re.compile(r"[0-9a-f]+|[0-9A-F]+")
# Characters of a prefix. A masked key has at most 64 characters, and 17 of them are not the prefix.
MAX_PREFIX = 40
# Shorter keys of other systems can be guessed, in particular those that people made up.
MIN_FOREIGN_LENGTH = 20
# The headers in which clients send a key: OpenAI's, Anthropic's, Google's, Azure's, LiteLLM's, Azure API Management's.
HEADERS = ("Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key", "X-Litellm-Api-Key", "Ocp-Apim-Subscription-Key")
# What people paste around a key: quotes, brackets, and characters that nobody sees.
AROUND = r"\s\"'`<>(){}\[\]\xab\xbb\u2018-\u201f\u200b-\u200f\u2060\ufeff"
# What they paste before it: a scheme, or the name of a header or setting. `Token abc` has no key of ours.
BEFORE_KEY = re.compile(
    rf"(?i)(?:[{AROUND}]+|bearer(?:[\s:=+]|%20)+|(?:export\s+)?[a-z0-9_-]{{0,40}}(?:key|token|authorization)[\"']?\s*[:=]"
    rf"|(?:api-?key|key|token)\s+(?=\S{{{MIN_FOREIGN_LENGTH}}}))*+"
)
# What follows it, backwards: also the end of a line of JSON or of a sentence, and a line break that was not decoded.
BEHIND_KEY_BACKWARDS = re.compile(rf"(?:[{AROUND},;.]|[nrt]\\)*+")
SCHEMES = frozenset({"bearer", "basic"})


class UnfitKeyError(ValueError):
    """A key of another system that cannot be used here; the message says why, without the key."""


@dataclass(frozen=True)
class NewKey:
    """A new key; `plaintext` is stored nowhere else."""

    plaintext: str
    key_id: str

    def __repr__(self) -> str:
        return f"NewKey({self.key_id})"


def make_key(prefix: str, *, key_id: str = "") -> NewKey:
    """A new random key with a checksum; with this key id, if one is given."""
    key_id = key_id or new_key_id()
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
    """Whether the key may exist and is worth a query; `prefix` is that of new keys.

    False for a key of our own format with a typing error, and for keys that are too short or too long.
    """
    if not MIN_FOREIGN_LENGTH <= len(plaintext) <= MAX_LENGTH:
        return False
    return is_ours(plaintext) or not (plaintext.startswith(f"{prefix}_") or SHAPE.fullmatch(plaintext))


def is_ours(plaintext: str) -> bool:
    """Whether the key has our own format, with any prefix, and a correct checksum."""
    match = SHAPE.fullmatch(plaintext)
    return match is not None and hmac.compare_digest(checksum(match["body"]), match["checksum"])


def is_admin_key(plaintext: str) -> bool:
    """Whether a text has the prefix of keys for the management API, also one with a typing error."""
    return plaintext.startswith(f"{ADMIN_PREFIX}_")


def read_sent(text: str) -> list[str]:
    """The key in the value of a header or parameter, without what people paste around it: `Bearer "KEY"` is KEY.

    A key of another system may contain such characters itself, so the unchanged word comes first if it differs.
    Empty for values that cannot be one key: blanks, other schemes, several values in one place.
    """
    with suppress(UnicodeError):
        # Clients send UTF-8, and servers decode headers as latin-1.
        text = text.encode("latin-1").decode()
    start = _end_of(BEFORE_KEY, text)
    key = text[start : max(len(text) - _end_of(BEHIND_KEY_BACKWARDS, text[::-1]), start)]
    if not key or "," in key or len(key.split()) > 1 or key.lower() in SCHEMES:
        return []
    word = text.split()[-1]
    return [key] if "," in word or key not in word else list(dict.fromkeys([word, key]))


def _end_of(expression: re.Pattern[str], text: str) -> int:
    match = expression.match(text)
    return match.end() if match else 0


def contains_key(text: str) -> bool:
    """Whether the text contains a key: one of ours with a correct checksum, or one that starts with sk-."""
    if SECRET_KEY.search(text):
        return True
    return any(
        is_ours(text[start : match.end()])
        for match in END_OF_KEY.finditer(text)
        for start in range(max(match.start() - MAX_PREFIX, 0), match.start())
    )


def looks_like_key(text: str) -> bool:
    """Whether a text contains what may be a key, also with a typing error: it must not get into addresses and logs.

    Digests of files, which consist of hexadecimal digits, are not meant.
    """
    return any(expression.search(text) for expression in (END_OF_KEY, SECRET_KEY, SIGNED_PART)) or any(
        not HEXADECIMAL.fullmatch(run) for run in LONG_RUN.findall(text)
    )


def basic_credentials(header: str) -> tuple[str, ...]:
    """The password and the user of an Authorization header of the scheme Basic (RFC 7617); empty for other headers."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return ()
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ()
    return password, user


def normal_form(plaintext: str) -> str:
    """The part of a key that identifies it.

    Keys of gateways work with and without `sk-`, and with the number of a channel after a dash (new-api, one-api) or a
    number sign (one-hub, done-hub); the characters in between are the key. All other keys are used as they are.
    """
    match = GATEWAY_KEY.fullmatch(plaintext) or SIGNED_KEY.fullmatch(plaintext)
    return match["key"] if match else plaintext


def refuse_unfit(plaintext: str, *, prefix: str) -> None:
    """Raises UnfitKeyError for a key of another system that clients cannot send, or that others can guess.

    `prefix` is that of new keys: a text that starts with it and is not a valid key is a typing error.
    """
    if not (plaintext.isascii() and plaintext.isprintable()) or set(plaintext) & set(" ,"):
        raise UnfitKeyError("A key must be printable ASCII without spaces and commas.")
    if len(plaintext) < MIN_FOREIGN_LENGTH:
        raise UnfitKeyError(f"A key with fewer than {MIN_FOREIGN_LENGTH} characters can be guessed. Use a longer one.")
    if is_admin_key(plaintext):
        raise UnfitKeyError("It is an admin key, which is for the management API. Use another one.")
    if not is_plausible(plaintext, prefix=prefix):
        raise UnfitKeyError(
            f"The key is longer than {MAX_LENGTH} characters, or it is a key of this service with a typing error."
        )


def digest(plaintext: str, pepper: str) -> str:
    """The key as it is stored: 64 hexadecimal digits."""
    return _digest(normal_form(plaintext), pepper)


def digests(plaintext: str, peppers: Mapping[int, str]) -> list[str]:
    """Every digest under which the key may be stored: one per configured pepper, the newest first.

    Signed keys that were entered with `sk-` before they had a normal form are stored with it.
    """
    newest_first = [peppers[number] for number in sorted(peppers, reverse=True)]
    found = [digest(plaintext, pepper) for pepper in newest_first]
    if match := SIGNED_KEY.fullmatch(plaintext):
        found += [_digest(f"sk-{match['key']}", pepper) for pepper in newest_first]
    return found


def fingerprint(pepper: str) -> str:
    """A text that is the same for the same secret only, and from which the secret cannot be computed."""
    return _digest("fingerprint of this pepper", pepper)


def _digest(text: str, pepper: str) -> str:
    return hmac.new(pepper.encode(), text.encode(errors="surrogateescape"), hashlib.sha256).hexdigest()


def is_key_id(text: str) -> bool:
    """Whether the text can be the key id of a key of our own format."""
    return len(text) == KEY_ID_LENGTH and set(text) <= set(ALPHABET)


def no_digest() -> str:
    """A text in place of the digest of a token without a key: no key has it, and each is different."""
    return NO_KEY + _random(SECRET_LENGTH)


def new_key_id() -> str:
    """A random name for a key, which may be shown and logged."""
    return _random(KEY_ID_LENGTH)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
