"""The facts of a model in words, for its page and for comparisons."""

from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.models import AIModel
from pricing.engine.formatting import capabilities, labels, moments
from pricing.pages.formatting import token_count, yes_or_no


@dataclass(frozen=True)
class Fact:
    """A known fact; `field` is its field of the model."""

    field: str
    label: str
    value: str


def has_input_limit(model: AIModel) -> bool:
    """Whether the longest input is shorter than the context window."""
    return model.longest_input != model.context_length


def facts_of(model: AIModel, *, shows_input_limit: bool) -> list[Fact]:
    """The known facts, in the order of the page."""
    facts = [
        Fact("vendor", _("Vendor"), model.vendor.name_in(get_language())),
        Fact("series", _("Series"), model.series),
        Fact("context_length", _("Context"), context(model.context_length)),
        Fact("max_input_tokens", _("Maximum input"), context(model.longest_input) if shows_input_limit else ""),
        Fact("max_output_tokens", _("Maximum output"), context(model.max_output_tokens)),
        Fact("input_modalities", _("Input types"), labels.modalities(model.input_modalities)),
        Fact("output_modalities", _("Output types"), labels.modalities(model.output_modalities)),
        Fact("capabilities", _("Capabilities"), capabilities.in_words(model.capabilities)),
        Fact("knowledge_cutoff", _("Knowledge cut-off"), model.knowledge_cutoff),
        Fact("open_weights", _("Open weights"), yes_or_no(model.open_weights)),
        Fact("released_on", _("Released"), model.released_on.isoformat() if model.released_on else ""),
        Fact("deprecated_on", _("Deprecated"), model.deprecated_on.isoformat() if model.deprecated_on else ""),
        Fact("retires_on", _("Retires"), moments.day(model.retires_at) if model.retires_at else ""),
        Fact("tags", _("Tags"), labels.join(model.tags)),
    ]
    return [fact for fact in facts if fact.value]


def context(number: int | None) -> str:
    """128K tokens; empty if the number is unknown or 0."""
    return f"{token_count(number)} {labels.units('token')}" if number else ""
