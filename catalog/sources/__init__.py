"""The sources that the catalog can import: one reader per module, each from bytes to plain records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from catalog.sources import (
    csv_lines,
    genai_prices,
    litellm,
    llm_metadata,
    llm_prices,
    models_dev,
    new_api,
    openai_models,
    openrouter,
    ratio_config,
    starter,
    yaml_catalog,
)
from catalog.sources.records import Document


@dataclass(frozen=True)
class SourceReader:
    """One kind of source: its name in commands and on screen, the role of its prices, and its reader."""

    slug: str
    name: str
    # The default role of its prices: list (prices of vendors) or sell (prices of a gateway).
    kind: str
    read: Callable[[bytes], Document]
    url: str = ""
    # Whether it has one document with all of its models, not one for each vendor, host or gateway.
    is_single: bool = False


SOURCES: Mapping[str, SourceReader] = MappingProxyType(
    {
        source.slug: source
        for source in (
            SourceReader(
                slug="litellm",
                name="LiteLLM's model prices",
                kind="list",
                read=litellm.read,
                url="https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",
                is_single=True,
            ),
            SourceReader(
                slug="models_dev",
                name="models.dev",
                kind="list",
                read=models_dev.read,
                url="https://models.dev/api.json",
                is_single=True,
            ),
            SourceReader(
                slug="genai_prices",
                name="genai-prices",
                kind="list",
                read=genai_prices.read,
                url="https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/data.json",
                is_single=True,
            ),
            SourceReader(
                slug="openrouter",
                name="OpenRouter's models",
                kind="list",
                read=openrouter.read,
                url="https://openrouter.ai/api/v1/models",
                is_single=True,
            ),
            SourceReader(
                slug="llm_metadata",
                name="llm-metadata",
                kind="list",
                read=llm_metadata.read,
                url="https://basellm.github.io/llm-metadata/api/newapi/models.json",
                is_single=True,
            ),
            SourceReader(
                slug="llm_prices",
                name="llm-prices",
                kind="list",
                read=llm_prices.read,
                url="https://www.llm-prices.com/historical-v1.json",
            ),
            SourceReader(slug="openai_models", name="A host's list of models", kind="list", read=openai_models.read),
            SourceReader(slug="ratio_config", name="new-api's ratios", kind="sell", read=ratio_config.read),
            SourceReader(slug="new_api", name="new-api price list", kind="sell", read=new_api.read),
            SourceReader(slug="csv", name="Prices by hand (CSV)", kind="list", read=csv_lines.read),
            SourceReader(slug="yaml", name="A catalog written as YAML", kind="list", read=yaml_catalog.read),
            SourceReader(slug="starter", name="Starter catalog", kind="list", read=starter.read),
        )
    }
)
