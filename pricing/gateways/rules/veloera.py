"""Veloera: what it charges for a model name. A model that a channel maps to another name costs what that name costs.

The price per call counts before ratios. A model without a model ratio is refused, unless the site is in self-use mode.
Cached input costs cache_ratio times the input price, or the input price if the model has no cache ratio. Ratios of
cache writes, images and audio cannot be stored: cache writes cost what the built-in table says, otherwise 1.25 times
the input price; audio has ratios by rules for names, where it is charged at all; images cost what text costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.sources.completion_ratios import gizmo_name
from pricing.gateways.rules.program import Figure, ProgramPrice, RefusingProgram, as_price

GIZMO = "gpt-4-gizmo"
AUDIO_COMPLETION = Decimal(2)


@dataclass(frozen=True)
class Veloera(RefusingProgram):
    def price_of(self, name: str, options: Mapping[str, Any], channel_type: int | None = None) -> ProgramPrice:
        if call := self.saved_or_built_in(options, "ModelPrice", gizmo_name(name), name=name):
            return as_price({"model_price": call})
        # Ratios know one gizmo, prices both.
        key = gizmo_name(name) if name.startswith(GIZMO) else name
        model = self.saved_or_built_in(options, "ModelRatio", key, name=name) or self.ratio_if_unset(options)
        if model is None:
            return self.refused()
        write = self.by_table("CreateCacheRatio", name, name=name)
        return as_price(
            {
                "model_ratio": model,
                "completion_ratio": self._completion(name, options),
                "cache_ratio": self.saved_or_built_in(options, "CacheRatio", name, name=name),
            },
            unlisted={
                "create_cache_ratio": write or self.write_if_unset(),
                **self._audio(name),
            },
        )

    def _completion(self, name: str, options: Mapping[str, Any]) -> Figure:
        entry = self.saved_or_built_in(options, "CompletionRatio", name, name=name)
        # The table is looked up by the name itself, the rules by one name for all variants of a gizmo.
        return entry if entry and "/" in name else self.completion(gizmo_name(name), entry)

    def _audio(self, name: str) -> Mapping[str, Figure]:
        ratio = _audio_ratio(name)
        if ratio is None:
            return {}
        rule = f"by {self.name}'s rule for audio of this name"
        return {"audio_ratio": Figure(ratio, rule), "audio_completion_ratio": Figure(AUDIO_COMPLETION, rule)}


def _audio_ratio(name: str) -> Decimal | None:
    """The multiple of the input price for audio; None for names whose audio is charged as text."""
    if "-realtime" in name:
        if name.endswith("gpt-4o-realtime-preview-2024-12-17"):
            return Decimal(8)
        return Decimal("16.666666666666668") if "mini" in name else Decimal(20)
    if name.startswith("gpt-4o-audio"):
        if name.endswith("gpt-4o-audio-preview-2024-12-17"):
            return Decimal(16)
        return Decimal("66.66666666666667") if "mini" in name else Decimal(40)
    return None
