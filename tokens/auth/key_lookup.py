"""Finds the token of what an operator knows of a key: the key itself, what is displayed of it, its key id, a name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import Q, QuerySet

from tokens import keys
from tokens.models import Pepper, RetiredKey, Token

# More tokens than these are not offered for a choice.
MOST = 20
DOTS = re.compile(r"…|\.{3}")
# A key of ours as it is displayed, and the displayed end of any key.
MASKED = re.compile(rf".*_([0-9A-Za-z]{{{keys.KEY_ID_LENGTH}}})_…\S{{1,4}}")
END = re.compile(r"(?:sk-)?…\S{4}")


@dataclass(frozen=True)
class KeyMatch:
    """A key that may be meant."""

    token: Token
    masked: str
    # The key id of a replaced key; empty for the current one.
    key_id: str = ""
    pepper: int | None = None
    # What is wrong with the pepper of the key, in a sentence; empty: nothing.
    pepper_problem: str = ""
    # Whether the whole key was entered and is the stored one; None: only a part of it was entered.
    is_secret_correct: bool | None = None
    # Why the entered key is not the stored one.
    problem: str = ""

    @property
    def is_replaced(self) -> bool:
        return bool(self.key_id)

    @property
    def shown_key_id(self) -> str:
        """The key id, by which the same key is found again."""
        return self.key_id or self.token.key_id


@dataclass(frozen=True)
class KeyLookup:
    """The keys that may be meant, at most MOST; without any, `problem` says why."""

    matches: tuple[KeyMatch, ...]
    problem: str = ""


def find_keys(text: str, tokens: QuerySet[Token]) -> KeyLookup:
    """The keys of these tokens that a text means: a key, a masked key, a current or former key id, or a name."""
    text = DOTS.sub("…", text.replace("\x00", "").strip())
    if not text:
        return KeyLookup((), "Enter a key, its displayed part, a key id or the name of a token.")
    ways = (_by_key, _by_masked_key, _by_key_id, _by_name)
    for way in ways:
        matches = list(way(text, tokens))
        if matches:
            problems = Pepper.objects.problems()
            return KeyLookup(
                tuple(replace(match, pepper_problem=problems.get(match.pepper or 0, "")) for match in matches[:MOST])
            )
    return KeyLookup((), _why_unknown(text))


def _by_key(text: str, tokens: QuerySet[Token]) -> Iterator[KeyMatch]:
    """A whole key, as clients send it, perhaps with what people copy around it."""
    if "…" in text:
        return
    for key in keys.read_sent(text):
        digests = set(keys.digests(key, settings.TOKEN_PEPPERS))
        for match in _matches(tokens, Q(digest__in=digests)):
            yield replace(match, is_secret_correct=True)
            return
    for key in keys.read_sent(text):
        shape = keys.SHAPE.fullmatch(key)
        if shape is None:
            continue
        # The key id is a part of our keys: the token is known even if the secret is wrong.
        problem = "its secret is another one"
        if not keys.is_ours(key):
            problem = "it has a typing error: its checksum is wrong"
        for match in _matches(tokens, Q(key_id=shape["key_id"])):
            yield replace(match, is_secret_correct=False, problem=problem)


def _by_masked_key(text: str, tokens: QuerySet[Token]) -> Iterator[KeyMatch]:
    if match := MASKED.fullmatch(text):
        yield from _matches(tokens, Q(key_id=match[1]))
    elif END.fullmatch(text):
        yield from _matches(tokens, Q(masked=text))
        if not text.startswith("sk-"):
            yield from _matches(tokens, Q(masked=f"sk-{text}"))


def _by_key_id(text: str, tokens: QuerySet[Token]) -> Iterator[KeyMatch]:
    yield from _matches(tokens, Q(key_id=text))


def _by_name(text: str, tokens: QuerySet[Token]) -> Iterator[KeyMatch]:
    """Tokens of that name, else those whose names contain it."""
    if keys.looks_like_key(text):
        return
    for condition in (Q(name__iexact=text), Q(name__icontains=text[:128])):
        found = [_current(token) for token in tokens.filter(condition).order_by("name", "pk")[:MOST]]
        if found:
            yield from found
            return


def _matches(tokens: QuerySet[Token], condition: Q) -> Iterator[KeyMatch]:
    """The keys that meet a condition, current ones first."""
    for token in tokens.filter(condition).order_by("name", "pk")[:MOST]:
        yield _current(token)
    retired = RetiredKey.objects.filter(condition, token__in=tokens.order_by().values("pk")).select_related("token")
    for key in retired.order_by("-retired_at", "-pk")[:MOST]:
        yield KeyMatch(key.token, key.masked, key_id=key.key_id, pepper=key.pepper)


def _current(token: Token) -> KeyMatch:
    return KeyMatch(token, token.masked, pepper=token.pepper)


def _why_unknown(text: str) -> str:
    """Why no key was found, without the text: it may be a key of another system."""
    if "…" in text:
        return "no key is displayed like this"
    if any(map(keys.is_admin_key, keys.read_sent(text))):
        return "it is an admin key, which is only valid for the management API; admin keys have a page of their own"
    if any(keys.SHAPE.fullmatch(key) and not keys.is_ours(key) for key in keys.read_sent(text)):
        return "the key has a typing error: its checksum is wrong"
    problems = " ".join(Pepper.objects.problems().values())
    if keys.looks_like_key(text) and problems:
        return f"no stored key is equal under the configured peppers. {problems}"
    return "no token has this key, key id or name"
