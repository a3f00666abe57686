"""Kinds of calls, and the comparison of a path with the known addresses of upstreams. Pure.

A template is a path without its first slash. It may contain `{model}`, an id that can have slashes, `{id}`, one segment
without percent-encoding, and the name of a list of prefixes at its start, e.g. `{openai}`.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class StatedIn(StrEnum):
    """The part of a call that decides which model the upstream uses."""

    PATH = "path"
    BODY = "body"
    QUERY = "query"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A kind of call.

    The model needs one of the `types` (endpoint types of the catalog); empty: every model may be called. Calls that
    name no model (`StatedIn.NOWHERE`) are allowed by their name in the setting AUTHORIZE_WITHOUT_MODEL.
    """

    name: str
    stated_in: StatedIn
    types: frozenset[str] = frozenset()

    def accepts(self, types: Collection[str]) -> bool:
        """Whether a model with these endpoint types may be called; a model without any types may, as lists show it."""
        return not self.types or not types or not self.types.isdisjoint(types)


@dataclass(frozen=True, slots=True)
class Route:
    """A known address of a kind of call."""

    template: str
    endpoint: Endpoint
    # The methods of this endpoint; empty: all. With another method, the address can be another endpoint.
    methods: frozenset[str] = frozenset()
    # The models that the address stands for without naming them.
    models: tuple[str, ...] = ()
    # Other models for which some upstream takes it.
    readings: tuple[str, ...] = ()
    # The parameters of the query that name the model, if the endpoint states it there.
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A route of a path, and the encoded id in the path; None if the route has none."""

    route: Route
    model: str | None = None


PLACEHOLDERS: Mapping[str, str] = {"model": r"(?P<model>.+)", "id": r"[A-Za-z0-9._~:@=+-]+"}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A route with placeholders."""

    route: Route
    expression: re.Pattern[str]
    in_any_case: re.Pattern[str]
    # A part of every path that matches: comparing it first is faster.
    part: str


class Routes:
    """Known addresses. `prefixes` are the lists that templates name; a prefix is empty or ends with a slash."""

    def __init__(self, routes: Iterable[Route], prefixes: Mapping[str, Sequence[str]]) -> None:
        self._literal: defaultdict[str, list[Route]] = defaultdict(list)
        self._patterns: list[Pattern] = []
        variants = {name: "(?:" + "|".join(map(re.escape, texts)) + ")" for name, texts in prefixes.items()}
        for route in routes:
            texts, named = PLACEHOLDER.split(route.template)[::2], PLACEHOLDER.findall(route.template)
            if PLACEHOLDERS.keys().isdisjoint(named):
                for prefix in prefixes[named[0]] if named else ("",):
                    self._literal[prefix + texts[-1]].append(route)
            else:
                expressions = [*({**PLACEHOLDERS, **variants}[name] for name in named), ""]
                text = "".join(
                    re.escape(text) + expression for text, expression in zip(texts, expressions, strict=True)
                )
                in_any_case = re.compile(text, re.DOTALL | re.IGNORECASE)
                self._patterns.append(Pattern(route, re.compile(text, re.DOTALL), in_any_case, max(texts, key=len)))
        self._folded = frozenset(map(str.casefold, self._literal))

    def matches(self, path: str) -> list[Match]:
        """The routes of a path without its first slash, the more specific ones first."""
        if path in self._literal:
            return [Match(route) for route in self._literal[path]]
        found = ((entry.route, entry.expression.fullmatch(path)) for entry in self._patterns if entry.part in path)
        return [Match(route, match.groupdict().get("model")) for route, match in found if match]

    def match_in_other_case(self, path: str) -> bool:
        """Whether a path has no route, but one for servers that ignore upper and lower case."""
        folded = path.casefold()
        return not self.matches(path) and (
            folded in self._folded
            or any(entry.in_any_case.fullmatch(path) for entry in self._patterns if entry.part.casefold() in folded)
        )
