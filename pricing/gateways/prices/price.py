"""The value that all pricing rules of gateways produce. Imports no models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Price:
    """What a gateway charges for a model, and why.

    `row` has fields of new-api's price list, or `prices`, a list of price lines; empty if there is no price. `rules`
    has the rule behind each field that the operator did not set for this model: field -> a short phrase.
    """

    row: Mapping[str, Any]
    rules: Mapping[str, str] = field(default_factory=dict)
