"""The completion ratios that the programs of new-api's family have built in, by the name of the model.

A program uses them for models without a stored ratio, and a fixed one even in place of a stored ratio. A price list
shows 37.5 with such a ratio for a model that has no price. The rules change with releases, so a name can have several
ratios. The first rule that fits a name counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

# The model_ratio of a model without a price: $75 per million tokens.
UNSET_RATIO = Decimal("37.5")
# Programs print quotients such as 3.5 / 0.15 as doubles.
ROUNDING = Decimal("1e-9")


@dataclass(frozen=True)
class Rule:
    """The ratio of names that fit all texts of the rule; an empty text fits all names.

    `fixed`: a stored ratio has no effect, unless the name contains a slash.
    """

    ratio: str
    begins: str = ""
    contains: str = ""
    ends: str = ""
    exact: str = ""
    fixed: bool = False
    is_case_sensitive: bool = True
    # Endings of names that the rule does not apply to.
    except_endings: tuple[str, ...] = ()

    def fits(self, name: str) -> bool:
        if not self.is_case_sensitive:
            name = name.lower()
        return (
            name.startswith(self.begins)
            and self.contains in name
            and name.endswith(self.ends)
            and self.exact in ("", name)
            and not name.endswith(self.except_endings)
        )

    @property
    def value(self) -> Decimal:
        """The double nearest to the ratio, with the digits that the programs print."""
        amount, _slash, base = self.ratio.partition("/")
        return Decimal(repr(float(Fraction(amount) / Fraction(base or 1)))).normalize() + 0

    def describe(self) -> str:
        """The names that it fits, e.g. "names that begin with gpt-5"."""
        if self.exact:
            return f"the name {self.exact}"
        texts = (("begin with", self.begins), ("contain", self.contains), ("end with", self.ends))
        parts = [f"{verb} {text}" for verb, text in texts if text]
        return f"names that {' and '.join(parts)}" if parts else "all other names"

    def reason(self, program: str) -> str:
        """Why a program charges the ratio, e.g. "by new-api's fixed rule for names that begin with gpt-5"."""
        if self == Rule("1"):
            return f"by {program}'s default for names without a rule"
        return f"by {program}'s {'fixed ' * self.fixed}rule for {self.describe()}"


_GPT_4O = (
    Rule("2", ends="-all"),
    Rule("2", ends="-gizmo-*"),
    Rule("3", exact="gpt-4o-2024-05-13", fixed=True),
    Rule("20", begins="gpt-4o-mini-tts"),
    Rule("4", begins="gpt-4o"),
)
_GPT_5 = (
    Rule("6", begins="gpt-5.5", fixed=True),
    Rule("6.25", begins="gpt-5.4-nano", fixed=True),
    Rule("6", begins="gpt-5.4", fixed=True),
    Rule("8", begins="gpt-5", fixed=True),
)
# Later releases have a default for gpt-5.1, gpt-5.5 and others with a dot.
_GPT_5_LATER = (
    Rule("6.25", begins="gpt-5.4-nano", fixed=True),
    Rule("6", begins="gpt-5.4", fixed=True),
    Rule("6", begins="gpt-5", contains="."),
    Rule("8", begins="gpt-5", fixed=True),
)
_GPT_4_TO_CLAUDE_4 = (
    Rule("2", begins="gpt-4.5-preview", fixed=True),
    Rule("3", begins="gpt-4-turbo", fixed=True),
    Rule("3", begins="gpt-", ends="gpt-4-1106", fixed=True),
    Rule("3", begins="gpt-", ends="gpt-4-1105", fixed=True),
    Rule("2", begins="gpt-"),
    Rule("4", begins="o1", fixed=True),
    Rule("4", begins="o3", fixed=True),
    Rule("3", exact="chatgpt-4o-latest", fixed=True),
    Rule("5", contains="claude-3", fixed=True),
    Rule("5", contains="claude-sonnet-4", fixed=True),
    Rule("5", contains="claude-opus-4", fixed=True),
    Rule("5", contains="claude-haiku-4", fixed=True),
)
_CLAUDE_5 = (
    Rule("5", contains="claude-fable-5", fixed=True),
    Rule("5", contains="claude-sonnet-5", fixed=True),
    Rule("5", contains="claude-opus-5", fixed=True),
)
_COMMAND = (
    Rule("3", exact="command-r", fixed=True),
    Rule("5", exact="command-r-plus", fixed=True),
    Rule("4", exact="command-r-08-2024", fixed=True),
    Rule("4", exact="command-r-plus-08-2024", fixed=True),
    Rule("4", begins="command"),
)
_ERNIE_TO_LLAMA = (
    Rule("2", begins="ERNIE-Speed-", fixed=True),
    Rule("2", begins="ERNIE-Lite-", fixed=True),
    Rule("2", begins="ERNIE-Character", fixed=True),
    Rule("2", begins="ERNIE-Functions", fixed=True),
    Rule("0.8/0.64", exact="llama2-70b-4096", fixed=True),
    Rule("2", exact="llama3-8b-8192", fixed=True),
    Rule("0.79/0.59", exact="llama3-70b-8192", fixed=True),
)
_OTHERS = (
    Rule("3", begins="mistral-", fixed=True),
    Rule("4", begins="gemini-1.5", fixed=True),
    Rule("4", begins="gemini-2.0", fixed=True),
    Rule("8", begins="gemini-2.5-pro"),
    Rule("4", begins="gemini-2.5-flash-preview", ends="-nothinking"),
    Rule("3.5/0.15", begins="gemini-2.5-flash-preview"),
    Rule("4", begins="gemini-2.5-flash-lite"),
    Rule("2.5/0.3", begins="gemini-2.5-flash"),
    Rule("2.5/0.3", begins="gemini-robotics-er-1.5"),
    Rule("60", begins="gemini-3-pro-image"),
    Rule("6", begins="gemini-3-pro"),
    Rule("4", begins="gemini-"),
    *_COMMAND,
    *_ERNIE_TO_LLAMA,
    Rule("1"),
)
NEW_API_OF_APRIL = (*_GPT_4O, *_GPT_5, *_GPT_4_TO_CLAUDE_4, *_OTHERS)
NEW_API_OF_AUGUST = (*_GPT_4O, Rule("6", begins="gpt-5.6", fixed=True), *_GPT_5, *_GPT_4_TO_CLAUDE_4, *_OTHERS)
NEW_API_LATER = (*_GPT_4O, *_GPT_5_LATER, *_GPT_4_TO_CLAUDE_4, *_CLAUDE_5, *_OTHERS)
NOT_GPT_4 = ("-all", "-gizmo-*")
VELOERA = (
    Rule("3", exact="gpt-4o-2024-05-13", fixed=True),
    Rule("4", begins="gpt-4o", except_endings=NOT_GPT_4, fixed=True),
    Rule("2", begins="gpt-4.5-preview", except_endings=NOT_GPT_4, fixed=True),
    Rule("3", begins="gpt-4-turbo", except_endings=NOT_GPT_4, fixed=True),
    Rule("3", begins="gpt-4", ends="gpt-4-1106", fixed=True),
    Rule("3", begins="gpt-4", ends="gpt-4-1105", fixed=True),
    Rule("2", begins="gpt-4", except_endings=NOT_GPT_4),
    Rule("4", begins="o1", fixed=True),
    Rule("4", begins="o3", fixed=True),
    Rule("3", exact="chatgpt-4o-latest", fixed=True),
    Rule("5", contains="claude-3", fixed=True),
    Rule("5", contains="claude-sonnet-4", fixed=True),
    Rule("5", contains="claude-opus-4", fixed=True),
    Rule("3", contains="claude-instant-1", fixed=True),
    Rule("3", contains="claude-2", fixed=True),
    Rule("3", exact="gpt-3.5-turbo", fixed=True),
    Rule("3", begins="gpt-3.5", ends="0125", fixed=True),
    Rule("2", begins="gpt-3.5", ends="1106", fixed=True),
    Rule("4/3", begins="gpt-3.5", fixed=True),
    Rule("3", begins="mistral-", fixed=True),
    Rule("4", begins="gemini-1.0-pro", fixed=True),
    Rule("4", begins="gemini-1.5-pro", fixed=True),
    Rule("8", begins="gemini-2.5-pro-preview", fixed=True),
    Rule("4", begins="gemini-2.5-flash-preview", ends="-nothinking"),
    Rule("3.5/0.6", begins="gemini-2.5-flash-preview"),
    Rule("4", begins="gemini"),
    *_COMMAND,
    Rule("4", exact="deepseek-chat", is_case_sensitive=False, fixed=True),
    Rule("4", exact="deepseek-reasoner", is_case_sensitive=False, fixed=True),
    *_ERNIE_TO_LLAMA,
    Rule("1"),
)
ONE_API = (
    Rule("3", exact="gpt-3.5-turbo"),
    Rule("3", begins="gpt-3.5", ends="0125"),
    Rule("2", begins="gpt-3.5", ends="1106"),
    Rule("4/3", begins="gpt-3.5"),
    Rule("3", exact="gpt-4o-2024-05-13"),
    Rule("4", begins="gpt-4o"),
    Rule("3", begins="gpt-4-turbo"),
    Rule("3", begins="gpt-4", ends="preview"),
    Rule("2", begins="gpt-4"),
    Rule("4", begins="o1"),
    Rule("3", exact="chatgpt-4o-latest"),
    Rule("5", begins="claude-3"),
    Rule("3", begins="claude-"),
    Rule("3", begins="mistral-"),
    Rule("3", begins="gemini-"),
    Rule("2", begins="deepseek-"),
    Rule("0.8/0.64", exact="llama2-70b-4096"),
    Rule("2", exact="llama3-8b-8192"),
    Rule("0.79/0.59", exact="llama3-70b-8192"),
    Rule("2", exact="command"),
    Rule("2", exact="command-light"),
    Rule("2", exact="command-nightly"),
    Rule("2", exact="command-light-nightly"),
    Rule("3", exact="command-r"),
    Rule("5", exact="command-r-plus"),
    Rule("3", exact="grok-beta"),
    Rule("5", exact="ibm-granite/granite-20b-code-instruct-8k"),
    Rule("8.333333333333334", exact="ibm-granite/granite-3.0-2b-instruct"),
    Rule("5", exact="ibm-granite/granite-3.0-8b-instruct"),
    Rule("5", exact="ibm-granite/granite-8b-code-instruct-128k"),
    Rule("5", exact="meta/llama-2-13b"),
    Rule("5", exact="meta/llama-2-13b-chat"),
    Rule("5", exact="meta/llama-2-7b"),
    Rule("5", exact="meta/llama-2-7b-chat"),
    Rule("5", exact="meta/meta-llama-3-8b"),
    Rule("5", exact="meta/meta-llama-3-8b-instruct"),
    Rule("2.75/0.65", exact="meta/llama-2-70b"),
    Rule("2.75/0.65", exact="meta/llama-2-70b-chat"),
    Rule("2.75/0.65", exact="meta/meta-llama-3-70b"),
    Rule("2.75/0.65", exact="meta/meta-llama-3-70b-instruct"),
    Rule("5", exact="mistralai/mistral-7b-instruct-v0.2"),
    Rule("5", exact="mistralai/mistral-7b-v0.1"),
    Rule("1/0.3", exact="mistralai/mixtral-8x7b-instruct-v0.1"),
    Rule("1"),
)

# The completion ratios of single models that new-api stores until its operator changes them.
STORED_BY_NEW_API: Mapping[str, Decimal] = {
    "gpt-4o-gizmo-*": Decimal(3),
    "gpt-image-1": Decimal(8),
    "gpt-image-2": Decimal(6),
    "grok-4.6": Decimal(3),
}

# Names with a thinking budget -> the name that new-api looks up in their place; the first that fits counts.
THINKING = ("gemini-2.5-flash-lite", "gemini-2.5-flash", "gemini-2.5-pro")
GIZMOS = ("gpt-4-gizmo", "gpt-4o-gizmo")


def rule_of(rules: tuple[Rule, ...], name: str) -> Rule:
    """The first rule that fits; the last rule of each program fits all names."""
    return next(rule for rule in rules if rule.fits(name))


def gizmo_name(name: str) -> str:
    """The name that Veloera looks up: one name for all variants of a gizmo model."""
    return next((f"{family}-*" for family in GIZMOS if name.startswith(family)), name)


def new_api_name(name: str) -> str:
    """The name that new-api looks up: one name for all thinking budgets, and one for all variants of a gizmo model."""
    family = next((family for family in THINKING if name.startswith(family)), "")
    return f"{family}-thinking-*" if family and "-thinking-" in name else gizmo_name(name)


def is_unset(name: str, model_ratio: Decimal, completion_ratio: Decimal | None) -> bool:
    """Whether a price list may mean "no price" by these ratios of a model.

    Programs that copy a list write a missing ratio as 0. Gateways rename models, so the rules also fit the name without
    the part before a slash, and that in lower case.
    """
    if model_ratio != UNSET_RATIO:
        return False
    short = name.rpartition("/")[2]
    known = built_in(name) | built_in(short) | built_in(short.casefold())
    return not completion_ratio or any(abs(completion_ratio - ratio) < ROUNDING for ratio in known)


def built_in(name: str) -> frozenset[Decimal]:
    """The completion ratios that a program of the family may have for the name; 1 where it has no rule for it."""
    rules = (*_rules_of_new_api(name), rule_of(VELOERA, gizmo_name(name)))
    stored = STORED_BY_NEW_API.get(new_api_name(name), Decimal(1))
    return frozenset({Decimal(1), stored, *(rule.value for rule in rules)})


# Every price list asks for each of its names; comparing a name with all rules takes most of the time of its row.
@lru_cache(maxsize=20_000)
def fixed(name: str) -> frozenset[Decimal]:
    """The completion ratios that some version of new-api charges for the name, whatever ratio is stored for it.

    Empty if all versions charge a stored ratio.
    """
    if "/" in name:
        return frozenset()
    return frozenset(rule.value for rule in _rules_of_new_api(name) if rule.fixed)


def rule_of_new_api(name: str) -> Rule | None:
    """The rule for a name without a stored ratio; None if the versions of new-api have different ratios."""
    first, *others = _rules_of_new_api(name)
    return first if all(rule.value == first.value for rule in others) else None


def is_ignored(name: str, model_ratio: Decimal, completion_ratio: Decimal | None) -> bool:
    """Whether some version of new-api charges a model otherwise than by these ratios, stored under its name.

    `completion_ratio`: None if the model has no output, such as one that returns vectors.
    """
    if new_api_name(name) != name:
        return True
    if not model_ratio or completion_ratio is None:
        return False
    return any(float(ratio) != float(completion_ratio) for ratio in fixed(name))


def _rules_of_new_api(name: str) -> tuple[Rule, ...]:
    return tuple(rule_of(rules, new_api_name(name)) for rules in (NEW_API_OF_APRIL, NEW_API_OF_AUGUST, NEW_API_LATER))
