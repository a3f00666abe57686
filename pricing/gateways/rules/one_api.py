"""one-api: what it charges for a model name on a channel. A mapped model costs what the name of its target costs.

There are ratios only, and every model has one: built-in entries stay in effect for names that a saved option lacks, and
a model without any entry costs $60 per million tokens, for input and output. An entry for `name(channel type)` counts
before one for the name alone. Cached input and cache writes cost what other input costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pricing.gateways.rules.program import Figure, Program, ProgramPrice, as_price, stored

# The model ratio of names without an entry.
DEFAULT_RATIO = Decimal(30)
INTERNET = "-internet"


@dataclass(frozen=True)
class OneApi(Program):
    def price_of(self, name: str, options: Mapping[str, Any], channel_type: int | None = None) -> ProgramPrice:
        key = _without_internet(name, ("qwen-", "command-"))
        model = self._entry(options, "ModelRatio", key, channel_type, name=name)
        if model is None:
            model = Figure(DEFAULT_RATIO, f"by {self.name}'s default for names without a ratio")
        if model.value < 0:
            return ProgramPrice(refusal=f"{self.name} has a negative ratio for it")
        key = _without_internet(name, ("qwen-",))
        entry = self._entry(options, "CompletionRatio", key, channel_type, name=name)
        return as_price({"model_ratio": model, "completion_ratio": entry or self.completion(key, None)})

    def _entry(
        self, options: Mapping[str, Any], option: str, key: str, channel_type: int | None, *, name: str
    ) -> Figure | None:
        keys = [key] if channel_type is None else [f"{key}({channel_type})", key]
        for candidate in keys:
            entry = stored(options.get(option), candidate, name=name) or self.by_table(option, candidate, name=name)
            if entry:
                return entry
        return None


def _without_internet(name: str, families: tuple[str, ...]) -> str:
    return name.removesuffix(INTERNET) if name.startswith(families) else name
