"""The types of events, and which models, tokens or imports they are about. No models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError


@dataclass(frozen=True)
class EventType:
    """One type of event; `says` completes "Sent when …"."""

    name: str
    says: str
    # The tables whose rows it is about: operators who may not see them may not send its events anywhere.
    tables: tuple[str, ...]
    # Whether each event concerns a vendor, and the groups of customers that it is about.
    has_vendor: bool = False
    has_groups: bool = False


def _of_models(name: str, says: str) -> EventType:
    return EventType(f"model.{name}", says, ("catalog.aimodel",), has_vendor=True, has_groups=True)


def _of_prices(name: str, says: str) -> EventType:
    return EventType(f"price.{name}", says, ("pricing.pricesheet",), has_vendor=True, has_groups=True)


def _of_tokens(name: str, says: str) -> EventType:
    return EventType(name, says, ("tokens.token",), has_groups=True)


def _of_imports(name: str, says: str) -> EventType:
    return EventType(f"import.{name}", says, ("catalog.importrun",))


TYPES = {
    event_type.name: event_type
    for event_type in (
        _of_models("added", "a model is created"),
        _of_models("changed", "fields of a model change, or it is deleted"),
        _of_models("deprecated", "a published model becomes deprecated"),
        _of_models("retiring", "a published model retires within 30 days, within 7 days, and today"),
        _of_models("retired", "a published model has retired"),
        _of_prices("announced", "a price is set, for now or later, gets an end, or is withdrawn"),
        _of_prices("in_force", "a price takes effect"),
        _of_prices("ended", "a price has ended"),
        _of_tokens("token.issued", "a token is created"),
        _of_tokens("token.rotated", "a token gets another key"),
        _of_tokens("token.revoked", "a token is disabled or deleted"),
        _of_tokens("token.expiring", "a token expires within 30 days, within 7 days, and within a day"),
        _of_tokens("token.refused", "a request with a token's key is refused, once a day for each token and code"),
        _of_tokens("budget.warning", "most of the budget of a token or a group is spent, once a period"),
        _of_tokens("budget.spent", "the budget of a token or a group is spent, once a period"),
        _of_imports("waiting", "an import waits for a review"),
        _of_imports("stopped", "a guard stops an import"),
        _of_imports("failed", "a source cannot be fetched or imported"),
        EventType(
            "health.found",
            "a health check finds a problem that it did not find before",
            ("catalog.aimodel", "pricing.pricesheet", "tokens.token"),
        ),
    )
}
# Sent by operators to test an address; no subscription names it.
PING = "ping"


def validate_types(names: Sequence[str]) -> None:
    """ValidationError if one of them is not a type of event."""
    unknown = [name for name in names if name not in TYPES]
    if unknown:
        raise ValidationError(
            f"Unknown event types: {', '.join(unknown)}. Known are {', '.join(TYPES)}.", code="unknown_type"
        )


def unmatched_types(names: Sequence[str], *, by_vendor: bool, by_group: bool) -> Iterator[tuple[str, str]]:
    """The types among these that a subscription with such limits never gets, each with what they do not concern."""
    for name in names:
        if by_vendor and not TYPES[name].has_vendor:
            yield name, "vendor"
        elif by_group and not TYPES[name].has_groups:
            yield name, "group"
