"""The formats that the catalog can be written in, by name."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pricing.export import csv_lines, litellm, llms_txt, models_dev, openrouter, yaml_catalog
from pricing.export.new_api import price_list, ratio_config
from pricing.export.offers import Item, items_of
from tokens.scope import Scope

JSON = "application/json"


Render = Callable[[Scope, dt.datetime, str], bytes]


@dataclass(frozen=True)
class Format:
    """One format: how a scope's models become its bytes; `site` is where the gateway is."""

    name: str
    about: str
    render: Render
    content_type: str = JSON
    # The last part of its public address; empty for what is not published.
    file: str = ""
    # The same under the name that the format's own programs ask for, below the address that they are told.
    asked_as: str = ""


def _of_items(render: Callable[[Iterable[Item]], bytes]) -> Render:
    return lambda scope, at, _: render(items_of(scope, at=at))


def _of_items_at(render: Callable[[Iterable[Item], str], bytes]) -> Render:
    return lambda scope, at, site: render(items_of(scope, at=at), site)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        each.name: each
        for each in (
            Format(
                "litellm",
                "A cost map for LiteLLM: set LITELLM_MODEL_COST_MAP_URL to this address",
                _of_items(litellm.render),
                file="litellm.json",
            ),
            Format(
                "openrouter",
                "The list of models as OpenRouter has it",
                _of_items(openrouter.render),
                file="openrouter.json",
                asked_as="openrouter/models",
            ),
            Format(
                "models_dev",
                "The catalog as models.dev's api.json has it, with this gateway as the provider",
                _of_items_at(models_dev.render),
                file="models_dev.json",
                asked_as="models_dev/api.json",
            ),
            Format(
                "new_api",
                "The price list as new-api has it",
                lambda scope, at, _: price_list(scope, at=at, today=at.date()),
                file="new_api.json",
            ),
            Format(
                "ratio_config",
                "The maps that new-api sites read",
                lambda scope, at, _: ratio_config(scope, at=at),
                file="ratio_config.json",
            ),
            Format(
                "csv",
                "Every price line, for spreadsheets",
                _of_items(csv_lines.render),
                "text/csv; charset=utf-8",
                file="prices.csv",
            ),
            Format(
                "llms_txt",
                "What is here, for language models",
                _of_items_at(llms_txt.render),
                "text/plain; charset=utf-8",
                file="llms.txt",
            ),
            # The operator's own: hidden groups, channels and cost prices are in it.
            Format("yaml", "The whole catalog", lambda _, at, __: yaml_catalog.render(at=at), "application/yaml"),
        )
    }
)
