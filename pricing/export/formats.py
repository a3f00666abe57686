"""The export formats by name."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pricing.export import csv_lines, litellm, llms_txt, models_dev, newapi_metadata, one_hub, openrouter, yaml_catalog
from pricing.export.new_api import price_list, ratio_config
from pricing.export.offers import PricedModel, priced_models
from tokens.scope import Scope

JSON = "application/json"


Render = Callable[[Scope, dt.datetime, str], bytes]


@dataclass(frozen=True)
class Format:
    """A format; `render` makes the document for a scope at a time, with the base address of the gateway."""

    name: str
    about: str
    render: Render
    content_type: str = JSON
    # The last part of its address below /api/export; empty for a format that has none.
    file: str = ""
    # The path that programs for this format append to their base address.
    asked_as: str = ""


def _of_models(render: Callable[[Iterable[PricedModel]], bytes]) -> Render:
    return lambda scope, at, _: render(priced_models(scope, at=at))


def _of_models_at(render: Callable[[Iterable[PricedModel], str], bytes]) -> Render:
    return lambda scope, at, site: render(priced_models(scope, at=at), site)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Format(
                "litellm",
                "A cost map for LiteLLM: set LITELLM_MODEL_COST_MAP_URL to this address",
                _of_models(litellm.render),
                file="litellm.json",
            ),
            Format(
                "openrouter",
                "The model list in OpenRouter's format",
                _of_models(openrouter.render),
                file="openrouter.json",
                asked_as="openrouter/models",
            ),
            Format(
                "models_dev",
                "The catalog in the format of models.dev's api.json, with this gateway as the provider",
                _of_models_at(models_dev.render),
                file="models_dev.json",
                asked_as="models_dev/api.json",
            ),
            Format(
                "new_api",
                "The price list in new-api's format",
                lambda scope, at, _: price_list(scope, at=at, today=at.date()),
                file="new_api.json",
            ),
            Format(
                "ratio_config",
                "The ratio maps that new-api sites read",
                lambda scope, at, _: ratio_config(scope, at=at),
                file="ratio_config.json",
            ),
            Format(
                "one_hub",
                "The price rows that one-hub and done-hub sites read",
                lambda scope, at, _: one_hub.price_rows(scope, at=at),
                file="one_hub.json",
            ),
            Format(
                "newapi_models",
                "The models that new-api sites synchronize, without its official list",
                lambda scope, at, _: newapi_metadata.model_list(scope, at=at),
            ),
            Format(
                "newapi_vendors",
                "The vendors of the models that new-api sites synchronize",
                lambda scope, at, _: newapi_metadata.vendor_list(scope, at=at),
            ),
            Format(
                "csv",
                "Every current and scheduled price line, for spreadsheets",
                lambda scope, at, _: csv_lines.render(priced_models(scope, at=at, with_timeline=True)),
                "text/csv; charset=utf-8",
                file="prices.csv",
            ),
            Format(
                "llms_txt",
                "A short text for language models",
                _of_models_at(llms_txt.render),
                "text/plain; charset=utf-8",
                file="llms.txt",
            ),
            # Not public: it contains hidden groups, channels and cost prices.
            Format("yaml", "The whole catalog", lambda _, at, __: yaml_catalog.render(at=at), "application/yaml"),
        )
    }
)
