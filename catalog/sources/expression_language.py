"""The part of new-api's billing expressions that is read as prices: its syntax tree, and a strict parser.

It has choices between sums of `variable * number` and one number per request, by prompt length, by fields of the
request, and by hours and weekdays, followed by factors. Anything else is unreadable.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.exact import read_json, read_number

# Variable -> the meter that it counts.
VARIABLES = {
    "p": "input",
    "c": "output",
    "cr": "input.cache_read",
    "cc": "input.cache_write",
    "cc1h": "input.cache_write",
    "img": "input.image",
    "img_o": "output.image",
    "ai": "input.audio",
    "ao": "output.audio",
}
# The name for the number in a sum that no variable multiplies: millionths of a dollar for each request.
PER_REQUEST = ""
LONGEST = 20_000
DEEPEST = 40
VERSION = re.compile(r"\s*v1\s*:")
TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_]\w*)'
    r"|(?P<sign><=|>=|==|&&|\|\||[?:()+*,<>]))",
    re.ASCII,
)
COMPARISONS: dict[str, Callable[[int, Decimal], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "==": lambda left, right: left == right,
}


class UnreadableError(ValueError):
    """An expression that is not in the supported part of the language."""


@dataclass(frozen=True)
class Number:
    value: Decimal


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Clock:
    """hour, minute or weekday in a time zone."""

    name: str
    zone: str


@dataclass(frozen=True)
class Field:
    """A field of the request's body (`param`) or a header."""

    place: str
    name: str


@dataclass(frozen=True)
class Sum:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Product:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    condition: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True)
class FieldTest:
    """Whether a field of the request has a value; `kind` separates true from 1, which are equal in Python."""

    field: Field
    kind: str
    value: Any


@dataclass(frozen=True)
class Comparison:
    """A comparison of `len`, or of the `hour`, `minute` of the day or `weekday` of a time, with a whole number."""

    what: str
    zone: str
    sign: str
    number: Decimal

    def holds(self, value: int) -> bool:
        return COMPARISONS[self.sign](value, self.number)


@dataclass(frozen=True)
class AllOf:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple["Node", ...]


Condition = FieldTest | Comparison | AllOf | AnyOf
Node = Number | Variable | Clock | Field | Sum | Product | Choice | Condition
# Holds for every request at every time.
ALWAYS = AllOf(())


def is_about_time(node: Node) -> bool:
    """Whether it is a condition on the time only."""
    if isinstance(node, AllOf | AnyOf):
        return all(map(is_about_time, node.parts))
    return isinstance(node, Comparison) and node.what != "len"


def parse(text: str) -> Node:
    """The syntax tree of an expression, without the names of tiers; UnreadableError if it is not supported."""
    if len(text) > LONGEST:
        raise UnreadableError
    return _Parser(_tokens(VERSION.sub("", text, count=1) if VERSION.match(text) else text)).whole()


def _tokens(text: str) -> list[tuple[str, str]]:
    """The kind and text of each token."""
    tokens, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise UnreadableError
        kind = str(match.lastgroup)
        tokens.append((kind, match[kind]))
        place = match.end()
    return tokens


class _Parser:
    """A recursive descent parser, from the loosest operator to the tightest."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self.choice()
        if self.place != len(self.tokens):
            raise UnreadableError
        return node

    def choice(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableError
        node = self.either()
        if self.is_next("?"):
            self.take("?")
            yes = self.choice()
            self.take(":")
            node = Choice(node, yes, self.choice())
        self.depth -= 1
        return node

    def either(self) -> Node:
        parts = self.parted("||", self.both)
        return parts[0] if len(parts) == 1 else AnyOf(parts)

    def both(self) -> Node:
        """Conditions that must all hold; those on the time are grouped into one."""
        parts = self.parted("&&", self.comparison)
        clock = tuple(part for part in parts if is_about_time(part))
        others = tuple(part for part in parts if not is_about_time(part))
        if len(parts) == 1 or not others or not clock:
            return parts[0] if len(parts) == 1 else AllOf(parts)
        return AllOf((*others, AllOf(clock) if len(clock) > 1 else clock[0]))

    def comparison(self) -> Node:
        left = self.sum()
        if not any(map(self.is_next, COMPARISONS)):
            return left
        sign = self.take()[1]
        if isinstance(left, Field):
            if sign != "==":
                raise UnreadableError
            value = self.constant()
            return FieldTest(left, type(value).__name__, value)
        return _comparison(left, sign, self.sum())

    def constant(self) -> str | int | Decimal | bool:
        kind, text = self.take()
        if kind == "text":
            return _text(text)
        if kind == "number":
            number = read_number(text)
            return int(number) if number == number.to_integral_value() else number
        if text in ("true", "false"):
            return text == "true"
        raise UnreadableError

    def sum(self) -> Node:
        parts = self.parted("+", self.product)
        return parts[0] if len(parts) == 1 else Sum(parts)

    def product(self) -> Node:
        parts = self.parted("*", self.atom)
        return parts[0] if len(parts) == 1 else Product(parts)

    def parted(self, sign: str, part: Callable[[], Node]) -> tuple[Node, ...]:
        parts = [part()]
        while self.is_next(sign):
            self.take(sign)
            parts.append(part())
        return tuple(parts)

    def atom(self) -> Node:
        kind, text = self.take()
        if text == "(":
            node = self.choice()
            self.take(")")
            return node
        if kind == "number":
            return Number(read_number(text))
        if kind == "name" and self.is_next("("):
            return self.call(text)
        if text == "true":
            return ALWAYS
        if text not in VARIABLES and text != "len":
            raise UnreadableError
        return Variable(text)

    def call(self, name: str) -> Node:
        self.take("(")
        kind, text = self.take()
        if kind != "text":
            raise UnreadableError
        node: Node
        if name == "tier":
            self.take(",")
            node = self.choice()
        elif name in ("param", "header"):
            node = Field(name, _text(text))
        elif name in ("hour", "minute", "weekday"):
            node = Clock(name, _text(text))
        else:
            raise UnreadableError
        self.take(")")
        return node

    def is_next(self, sign: str) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place] == ("sign", sign)

    def take(self, sign: str = "") -> tuple[str, str]:
        if self.place == len(self.tokens) or (sign and not self.is_next(sign)):
            raise UnreadableError
        self.place += 1
        return self.tokens[self.place - 1]


def _text(token: str) -> str:
    value = read_json(token)
    if not isinstance(value, str):
        raise UnreadableError
    return value


def _comparison(left: Node, sign: str, right: Node) -> Comparison:
    what, zone = _operand(left)
    if not isinstance(right, Number) or right.value != right.value.to_integral_value():
        raise UnreadableError
    if what == "len" and sign == "==":
        raise UnreadableError
    return Comparison(what, zone, sign, right.value)


def _operand(node: Node) -> tuple[str, str]:
    """What is compared, and its time zone."""
    match node:
        case Variable("len"):
            return "len", ""
        case Clock("hour" | "weekday", zone):
            return node.name, zone
        case Sum((Product((Clock("hour", zone), Number(sixty))), Clock("minute", same))) if sixty == 60:
            if zone == same:
                return "minute", zone
    raise UnreadableError
