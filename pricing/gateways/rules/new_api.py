"""new-api: what it charges for a model name.

The price per call counts before ratios. Prices, model ratios, completion ratios and audio ratios are looked up by one
name for all thinking budgets and gizmos; cache and image ratios by the name itself. A model without a model ratio is
refused, unless the site is in self-use mode.

Cached input costs cache_ratio times the input price, or the input price if the model has no cache ratio. Cache writes
cost create_cache_ratio, or 1.25 if it has none, both for Claude's usage reports and for OpenAI's; writes that last an
hour cost 1.6 times that. Image tokens without a ratio cost what text costs, and so do audio tokens of a model with
neither an audio ratio nor an audio completion ratio, except audio input of some Gemini models. A model with one of the
two has 1 for the other one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.sources.completion_ratios import new_api_name
from pricing.gateways.rules.program import Figure, ProgramPrice, RefusingProgram, as_price, double

COMPACT = "-openai-compact"
HOUR_WRITES = Decimal("1.6")
# Beginning of a name -> dollars per million audio tokens of input; the first that fits counts.
GEMINI_AUDIO = {
    "gemini-2.5-flash-preview-native-audio": "3",
    "gemini-2.5-flash-preview-lite": "0.5",
    "gemini-2.5-flash": "1",
    "gemini-2.0-flash": "0.7",
    "gemini-robotics-er-1.5": "1",
}


@dataclass(frozen=True)
class NewApi(RefusingProgram):
    """A version of new-api; all versions look up names in the same way."""

    def price_of(self, name: str, options: Mapping[str, Any], channel_type: int | None = None) -> ProgramPrice:
        key = new_api_name(name)
        if call := self._price(options, "ModelPrice", key, name=name):
            return as_price({"model_price": call})
        model = self._price(options, "ModelRatio", key, name=name) or self.ratio_if_unset(options)
        if model is None:
            return self.refused()
        return self._by_ratios(name, key, model, options)

    def _price(self, options: Mapping[str, Any], option: str, key: str, *, name: str) -> Figure | None:
        figure = self.saved_or_built_in(options, option, key, name=name)
        if figure is None and key.endswith(COMPACT):
            return self.saved_or_built_in(options, option, f"*{COMPACT}", name=name)
        return figure

    def _by_ratios(self, name: str, key: str, model: Figure, options: Mapping[str, Any]) -> ProgramPrice:
        def ratio(option: str, looked_up: str) -> Figure | None:
            return self.saved_or_built_in(options, option, looked_up, name=name)

        audio, audio_completion = ratio("AudioRatio", key), ratio("AudioCompletionRatio", key)
        write = ratio("CreateCacheRatio", name)
        charged_write = write or self.write_if_unset()
        unlisted = {} if write else {"create_cache_ratio": charged_write}
        audio_default = Figure(Decimal(1), f"by {self.name}'s default for audio")
        if audio and not audio_completion:
            unlisted["audio_completion_ratio"] = audio_default
        if audio_completion and not audio:
            unlisted["audio_ratio"] = audio_default
        return as_price(
            {
                "model_ratio": model,
                "completion_ratio": self.completion(key, ratio("CompletionRatio", key)),
                "cache_ratio": ratio("CacheRatio", name),
                "create_cache_ratio": write,
                "image_ratio": ratio("ImageRatio", name),
                "audio_ratio": audio,
                "audio_completion_ratio": audio_completion,
            },
            unlisted=unlisted,
            hour_write_ratio=self._hour_write(charged_write),
            audio_input_price=None if audio or audio_completion else self._gemini_audio(name),
        )

    def _hour_write(self, write: Figure) -> Figure:
        value = double(Decimal(float(write.value) * float(HOUR_WRITES)))
        return Figure(value or Decimal(0), f"by {self.name}'s rule: 1.6 times that of other cache writes")

    def _gemini_audio(self, name: str) -> Figure | None:
        begins = next((begins for begins in GEMINI_AUDIO if name.startswith(begins)), None)
        if begins is None:
            return None
        return Figure(Decimal(GEMINI_AUDIO[begins]), f"by {self.name}'s rule for names that begin with {begins}")
