"""The completion ratios that new-api and its forks have in their program, by the name of the model.

A price list shows 37.5 with such a ratio for a model that has no price. The rules change with releases, so a name can
have several ratios. They are those of new-api (April and August 2026) and of Veloera.
"""

from dataclasses import dataclass
from decimal import Decimal

# The model_ratio of a model without a price: $75 per million tokens.
UNSET_RATIO = Decimal("37.5")
# Programs print quotients such as 3.5 / 0.15 as doubles.
ROUNDING = Decimal("1e-9")


@dataclass(frozen=True)
class Rule:
    """The ratio of names that fit all texts of the rule; an empty text fits all names."""

    ratio: str
    begins: str = ""
    contains: str = ""
    ends: str = ""
    exact: str = ""

    def fits(self, name: str) -> bool:
        return (
            name.startswith(self.begins)
            and self.contains in name
            and name.endswith(self.ends)
            and self.exact in ("", name)
        )


NEW_API = (
    Rule("2", ends="-all"),
    Rule("2", ends="-gizmo-*"),
    Rule("3", exact="gpt-4o-2024-05-13"),
    Rule("20", begins="gpt-4o-mini-tts"),
    Rule("4", begins="gpt-4o"),
    Rule("6", begins="gpt-5.6"),
    Rule("6", begins="gpt-5.5"),
    Rule("6.25", begins="gpt-5.4-nano"),
    Rule("6", begins="gpt-5.4"),
    Rule("8", begins="gpt-5"),
    Rule("2", begins="gpt-4.5-preview"),
    Rule("3", begins="gpt-4-turbo"),
    Rule("3", begins="gpt-", ends="gpt-4-1106"),
    Rule("3", begins="gpt-", ends="gpt-4-1105"),
    Rule("2", begins="gpt-"),
    Rule("4", begins="o1"),
    Rule("4", begins="o3"),
    Rule("3", exact="chatgpt-4o-latest"),
    Rule("5", contains="claude-3"),
    Rule("5", contains="claude-sonnet-4"),
    Rule("5", contains="claude-opus-4"),
    Rule("5", contains="claude-haiku-4"),
    Rule("3", begins="mistral-"),
    Rule("4", begins="gemini-1.5"),
    Rule("4", begins="gemini-2.0"),
    Rule("8", begins="gemini-2.5-pro"),
    Rule("4", begins="gemini-2.5-flash-preview", ends="-nothinking"),
    Rule("3.5/0.15", begins="gemini-2.5-flash-preview"),
    Rule("4", begins="gemini-2.5-flash-lite"),
    Rule("2.5/0.3", begins="gemini-2.5-flash"),
    Rule("2.5/0.3", begins="gemini-robotics-er-1.5"),
    Rule("60", begins="gemini-3-pro-image"),
    Rule("6", begins="gemini-3-pro"),
    Rule("4", begins="gemini-"),
    Rule("3", exact="command-r"),
    Rule("5", exact="command-r-plus"),
    Rule("4", exact="command-r-08-2024"),
    Rule("4", exact="command-r-plus-08-2024"),
    Rule("4", begins="command"),
    Rule("2", begins="ERNIE-Speed-"),
    Rule("2", begins="ERNIE-Lite-"),
    Rule("2", begins="ERNIE-Character"),
    Rule("2", begins="ERNIE-Functions"),
    Rule("0.8/0.64", exact="llama2-70b-4096"),
    Rule("2", exact="llama3-8b-8192"),
    Rule("0.79/0.59", exact="llama3-70b-8192"),
    Rule("1"),
)
# Before the rule for gpt-5.6.
NEW_API_OF_APRIL = tuple(rule for rule in NEW_API if rule.begins != "gpt-5.6")
VELOERA = (
    Rule("3", exact="gpt-3.5-turbo"),
    Rule("3", begins="gpt-3.5", ends="0125"),
    Rule("2", begins="gpt-3.5", ends="1106"),
    Rule("4/3", begins="gpt-3.5"),
    Rule("3", contains="claude-instant-1"),
    Rule("3", contains="claude-2"),
    Rule("3.5/0.6", begins="gemini-2.5-flash-preview"),
    Rule("4", exact="deepseek-chat"),
    Rule("4", exact="deepseek-reasoner"),
    *NEW_API,
)


def is_unset(name: str, model_ratio: Decimal, completion_ratio: Decimal | None) -> bool:
    """Whether a price list may mean "no price" by these ratios of a model.

    Programs that copy a list write a missing ratio as 0. Gateways rename models, so the rules also fit the name without
    the part before a slash, in lower case.
    """
    if model_ratio != UNSET_RATIO:
        return False
    known = built_in(name) | built_in(name.rpartition("/")[2].casefold())
    return not completion_ratio or any(abs(completion_ratio - ratio) < ROUNDING for ratio in known)


def built_in(name: str) -> frozenset[Decimal]:
    """The completion ratios that a program of the family may have for the name; 1 where it has no rule for it."""
    return frozenset({Decimal(1), *(_first(rules, name) for rules in (NEW_API, NEW_API_OF_APRIL, VELOERA))})


def _first(rules: tuple[Rule, ...], name: str) -> Decimal:
    ratio = next(rule.ratio for rule in rules if rule.fits(name))
    amount, _slash, base = ratio.partition("/")
    return Decimal(amount) / Decimal(base or 1)
