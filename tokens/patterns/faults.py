"""Why a text should not be stored as a pattern: it looks like one of another kind, and would match nothing."""

import re

from catalog.names.typed_lists import SEPARATORS
from catalog.vocabulary import METERS
from tokens.patterns.kinds import FREE, LIMITS, LITERAL, PRICE, SELECTORS, Limit, PriceLimit, read_pattern

# Words that are likely meant as a selector. Ids may contain colons, so other words before a colon are accepted.
NEAR_SELECTORS = frozenset({
    *SELECTORS, LITERAL, "ids", "vendors", "provider", "providers", "serie", "tags", "endpoints", "endpoint_type",
    "endpoint-type", "modalities", "group", "groups", "channel", "channels", "model", "models", "alias",
    "capabilities",
})  # fmt: skip
# Words that are likely meant as the start of a comparison, if a colon or a sign follows.
NEAR_LIMITS = frozenset({
    *LIMITS, "context_length", "context-length", "context_window", "max_output_tokens", "max_tokens", "output_limit",
})  # fmt: skip
NEAR_PRICES = frozenset({"price", "prices", "cost", "costs", *METERS})
SEPARATOR = frozenset(SEPARATORS)
SIGNS = re.compile(r"[<>=≤≥]")
EXAMPLE = "price:input<=5"


def fault_of(text: str) -> str:
    """The reason, and what to do instead; empty for a pattern that may be stored."""
    selector, colon, name = text.partition(":")
    has_prefix = bool(colon) and selector in (*SELECTORS, LITERAL)
    if text != text.strip() or (has_prefix and name != name.strip()):
        return f"{text!r} matches nothing, because it starts or ends with a space. Remove the space."
    if selector != LITERAL and not SEPARATOR.isdisjoint(text):
        return (
            f"{text} is one name and matches nothing. Separate patterns by commas, or write {LITERAL}:{text} for a "
            "model id."
        )
    if has_prefix and not name:
        example = "" if selector == LITERAL else f", or {selector}:* for all"
        return f"{text} matches nothing. Write a name after the colon{example}."
    if has_prefix or isinstance(read_pattern(text), Limit | PriceLimit):
        return ""
    return _fault_of_comparison(text) or _fault_of_selector(text)


def _fault_of_selector(text: str) -> str:
    selector, colon, _ = text.partition(":")
    if colon and selector.strip().casefold() in NEAR_SELECTORS:
        selectors = ", ".join(f"{name}:" for name in (*SELECTORS, LITERAL))
        return f"{text} matches nothing. Use a model id, or one of {selectors} in lower case."
    return ""


def _fault_of_comparison(text: str) -> str:
    """The fault of a text that is likely meant as a comparison, or as `free`, and is neither."""
    if text.casefold() == FREE and text != FREE:
        return f"{text} is not {FREE}. Write {FREE} for models without charge, or {LITERAL}:{text} for a model id."
    subject = re.split(r"[:<>=≤≥]", text, maxsplit=1)[0]
    has_end = len(subject) < len(text)
    word, sign = subject.strip().casefold(), SIGNS.search(text)
    if has_end and (word in ("price", "prices") or (sign and word in NEAR_PRICES)):
        return _fault_of_price(text)
    if has_end and word in NEAR_LIMITS:
        names = " or ".join(LIMITS)
        return f"{text} is not a valid limit. Write {names}, then <=, <, >= or >, and a number, e.g. context>=200000."
    if "<" in text or ">" in text:
        return f"{text} is not a valid comparison. Write e.g. {EXAMPLE}, or {LITERAL}:{text} for a model id."
    return ""


def _fault_of_price(text: str) -> str:
    meter = re.split(r"[<>=≤≥]", text.removeprefix(PRICE), maxsplit=1)[0]
    if text.startswith(PRICE) and SIGNS.search(text) and meter and meter == meter.strip() and meter not in METERS:
        return f"{meter} is not a valid meter. Use one of {', '.join(METERS)}."
    return (
        f"{text} is not a valid price limit. Write {PRICE} and a meter, then <=, <, >= or >, and an amount in US "
        f"dollars without a sign or currency, e.g. {EXAMPLE}."
    )
