"""What follows from the stored facts of a model: the same for a row of the database and for an entry in memory."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from django.db import models

from catalog.vocabulary import charged_sides, returns_text

# A model whose id ends in it, and has no other one, stands for every id that begins with the rest.
WILDCARD = "*"
# In the names of models that measure or classify a text and write none; many sources list them as chat models.
WITHOUT_TEXT = re.compile("embed|rerank|moderation", re.IGNORECASE)

# The largest whole numbers that every client reads. A larger one makes some clients reject the whole list: Google's and
# several of Anthropic's store counts of tokens in 32 bits, and JavaScript's numbers are exact up to 53.
INT32 = 2**31 - 1
INT53 = 2**53 - 1
# The release dates whose Unix time every client reads: async-openai for Rust reads no negative one, others 32 bits.
# Sources write 0, which is 1970-01-01, for an unknown one.
EPOCH = dt.date(1970, 1, 1)
FIRST_RELEASE, LAST_RELEASE = dt.date(1970, 1, 2), dt.date(2038, 1, 18)
# The limits of a model in tokens, in words; they are checked together.
Limit = Literal["context_length", "max_input_tokens", "max_output_tokens"]
LIMITS: Mapping[Limit, str] = {
    "context_length": "context window",
    "max_input_tokens": "input limit",
    "max_output_tokens": "maximum output",
}


def readable(count: int | None, largest: int) -> int | None:
    """The count; None if it is unknown, which many programs write as 0, or larger than some clients can read."""
    return None if count is None or not 0 < count <= largest else count


def readable_release(released_on: dt.date | None) -> dt.date | None:
    """The release date; None if it is unknown or some clients cannot read its Unix time."""
    return None if released_on is None or not FIRST_RELEASE <= released_on <= LAST_RELEASE else released_on


def created_on(released_on: dt.date | None, created_at: dt.datetime) -> dt.date:
    """The day that clients see as created: the release date, else the day (UTC) on which the catalog learned of it."""
    return readable_release(released_on) or created_at.date()


def unix_time(day: dt.date) -> int:
    """The first second (UTC) of the day."""
    return (day - EPOCH).days * 86_400


def unreadable_facts(facts: Mapping[str, Any]) -> Iterator[str]:
    """What lists leave out of these facts of a model, one sentence each."""
    for limit, words in LIMITS.items():
        tokens = facts.get(limit)
        if tokens == 0:
            yield f"the {words} is 0 tokens: lists leave it out"
        elif readable(tokens, INT32) != tokens:
            yield f"the {words} ({tokens:,} tokens) is above {INT32:,}: Gemini's and Anthropic's lists leave it out"
    released_on = facts.get("released_on")
    if readable_release(released_on) != released_on:
        yield f"the release date ({released_on}) is not between {FIRST_RELEASE} and {LAST_RELEASE}: lists leave it out"


class ModelFacts:
    """Reads the fields of a model and adds none; AIModel describes them."""

    __slots__ = ()

    class Lifecycle(models.TextChoices):
        ACTIVE = "active"
        DEPRECATED = "deprecated"
        RETIRED = "retired"

    name: Any
    display_name: Any
    vendor: Any
    series: Any
    tags: Any
    description: Any
    version: Any
    context_length: Any
    max_input_tokens: Any
    max_output_tokens: Any
    input_modalities: Any
    output_modalities: Any
    capabilities: Any
    reasoning_levels: Any
    knowledge_cutoff: Any
    open_weights: Any
    default_parameters: Any
    supported_endpoint_types: Any
    public_endpoint_types: Any
    released_on: Any
    created_at: Any
    deprecated_on: Any
    retires_on: Any

    @property
    def own_name(self) -> str:
        """The model's id; in a list, `name` can be an alias."""
        name: str = self.name
        return name

    @property
    def is_wildcard(self) -> bool:
        """Whether the model stands for every id that begins with its `prefix`."""
        return len(self.name) > 1 and self.name.find(WILDCARD) == len(self.name) - 1

    @property
    def prefix(self) -> str:
        """The id of a wildcard model without its end."""
        name: str = self.name
        return name.removesuffix(WILDCARD)

    @property
    def title(self) -> str:
        """The name on pages: the display name, or the id."""
        title: str = self.display_name or self.name
        return title

    @property
    def created_on(self) -> dt.date:
        """The day that clients see as created."""
        return created_on(self.released_on, self.created_at)

    @property
    def created(self) -> int:
        """The first second (UTC) of `created_on` as Unix time."""
        return unix_time(self.created_on)

    def unreadable_facts(self) -> Iterator[str]:
        """What lists leave out of the facts of this model."""
        return unreadable_facts({name: getattr(self, name) for name in (*LIMITS, "released_on")})

    @property
    def retires_at(self) -> dt.datetime | None:
        """The moment (UTC) at which the offer of the model ends; None if no retirement is known."""
        if self.retires_on is None:
            return None
        return dt.datetime.combine(self.retires_on, dt.time(), tzinfo=dt.UTC)

    @property
    def longest_input(self) -> int | None:
        """The longest input in tokens: the input limit, or the context window if no limit of its own is known."""
        longest: int | None = self.max_input_tokens or self.context_length
        return longest

    def selectors(self) -> dict[str, list[str]]:
        """Values that patterns of tokens may match in addition to the id; reads the vendor."""
        inputs, outputs = self.input_modalities, self.output_modalities
        return {
            "vendor": [self.vendor.slug, self.vendor.name],
            "series": [self.series],
            "tag": self.tags,
            "capability": self.capabilities,
            "endpoint": self.callable_endpoint_types,
            "modality": [
                *inputs,
                *outputs,
                *(f"input-{name}" for name in inputs),
                *(f"output-{name}" for name in outputs),
            ],
        }

    def lifecycle(self, *, on: dt.date) -> str:
        """The lifecycle stage on a day. A future retirement date alone does not deprecate the model."""
        if self.retires_on is not None and self.retires_on <= on:
            return self.Lifecycle.RETIRED
        is_deprecated = self.deprecated_on is not None and self.deprecated_on <= on
        return self.Lifecycle.DEPRECATED if is_deprecated else self.Lifecycle.ACTIVE

    @property
    def callable_endpoint_types(self) -> list[str]:
        """The endpoint types that customers may call: the curated list, or all supported types if there is none."""
        curated: list[str] | None = self.public_endpoint_types
        return list(self.supported_endpoint_types) if curated is None else curated

    @property
    def charged_sides(self) -> frozenset[str]:
        """The sides, input and output, whose missing price is unknown, see catalog.vocabulary.charged_sides."""
        return charged_sides(self.callable_endpoint_types, self.output_modalities)

    @property
    def is_chat_model(self) -> bool:
        """Whether it writes text, for which all vendors charge."""
        writes = returns_text(self.callable_endpoint_types, self.output_modalities)
        return writes and "output" in self.charged_sides and not WITHOUT_TEXT.search(self.own_name)
