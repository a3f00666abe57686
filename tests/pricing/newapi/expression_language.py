"""An engine for the part of new-api's billing expressions that prices are written in, after its own description.

Written apart from what writes them: it reads the text alone.
"""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

TOKEN = re.compile(r'\s*(?:(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*")|([a-z_][a-z_0-9]*)|(<=|>=|==|&&|\|\||[?:()+*,<>]))')
# A variable's tokens stay in p or c unless the expression names the variable, wherever in it.
REST_IN = {"cr": "p", "cc": "p", "cc1h": "p", "img": "p", "ai": "p", "img_o": "c", "ao": "c"}


def charge(text: str, tokens: Mapping[str, int], *, facts: Mapping[str, Any], at: dt.datetime) -> Decimal:
    """Dollars for tokens by variable, each token counted under one; the prompt's length is all that went in."""
    named = set(re.findall(r"[a-z_0-9]+", re.sub(r'"[^"]*"', "", text)))
    values = {name: Decimal(tokens.get(name, 0)) for name in ("p", "c", *REST_IN)}
    length = sum(values[name] for name in ("p", "cr", "cc", "cc1h", "img", "ai"))
    for name, rest in REST_IN.items():
        if name not in named:
            values[rest] += values[name]
    dollars: Decimal = _Engine(text, {**values, "len": length}, facts, at).run() / 1_000_000
    return dollars


class _Engine:
    """Recursive descent over the tokens; every branch is computed, as none has an effect."""

    def __init__(self, text: str, names: Mapping[str, Any], facts: Mapping[str, Any], at: dt.datetime) -> None:
        self.tokens = self._split(text)
        self.place = 0
        self.names, self.facts, self.at = names, facts, at

    @staticmethod
    def _split(text: str) -> list[str]:
        tokens, place = [], 0
        while place < len(text):
            match = TOKEN.match(text, place)
            assert match, f"not of the language: {text[place : place + 40]}"
            tokens.append(match[0].strip())
            place = match.end()
        return tokens

    def run(self) -> Any:
        value = self.choice()
        assert self.place == len(self.tokens), self.tokens[self.place :]
        return value

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        assert token, "ends too early"
        assert not expected or token == expected, f"{token} where {expected} was due"
        self.place += 1
        return token

    def choice(self) -> Any:
        condition = self.either()
        if self.peek() != "?":
            return condition
        self.take("?")
        yes = self.choice()
        self.take(":")
        no = self.choice()
        assert isinstance(condition, bool)
        return yes if condition else no

    def either(self) -> Any:
        value = self.both()
        while self.peek() == "||":
            self.take()
            other = self.both()
            value = value or other
        return value

    def both(self) -> Any:
        value = self.comparison()
        while self.peek() == "&&":
            self.take()
            other = self.comparison()
            value = value and other
        return value

    def comparison(self) -> Any:
        left = self.sum()
        if self.peek() not in ("<", ">", "<=", ">=", "=="):
            return left
        sign, right = self.take(), self.sum()
        if sign == "==":
            return left == right
        return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[sign]

    def sum(self) -> Any:
        value = self.product()
        while self.peek() == "+":
            self.take()
            value = value + self.product()
        return value

    def product(self) -> Any:
        value = self.atom()
        while self.peek() == "*":
            self.take()
            value = value * self.atom()
        return value

    def atom(self) -> Any:
        token = self.take()
        if token == "(":
            value = self.choice()
            self.take(")")
            return value
        if token.startswith('"'):
            return token[1:-1]
        if token[0].isdigit():
            return Decimal(token)
        if token == "true":
            return True
        return self.call(token) if self.peek() == "(" else self.names[token]

    def call(self, name: str) -> Any:
        self.take("(")
        arguments = [self.choice()]
        while self.peek() == ",":
            self.take()
            arguments.append(self.choice())
        self.take(")")
        if name == "tier":
            return arguments[1]
        if name in ("param", "header"):
            return self.facts.get(arguments[0])
        local = self.at.astimezone(ZoneInfo(arguments[0]))
        return {"hour": local.hour, "minute": local.minute, "weekday": local.isoweekday() % 7}[name]
