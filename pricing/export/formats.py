"""The export formats by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pricing.export import (
    csv_lines,
    litellm,
    llms_txt,
    markdown,
    models_dev,
    newapi_metadata,
    one_hub,
    openrouter,
    yaml_catalog,
)
from pricing.export.document import Document
from pricing.export.new_api import price_list, ratio_config
from pricing.published.rows import Reading

JSON = "application/json"


Render = Callable[[Reading], Document]


@dataclass(frozen=True)
class Format:
    """A format; `render` makes the document.

    `render_complete` makes one that programs do not take for a broken one, and `render_page` the rows from an offset
    on, up to a limit.
    """

    name: str
    about: str
    render: Render
    content_type: str = JSON
    # The last part of its address below /api/export; empty for a format that has none.
    file: str = ""
    # The paths that programs for this format append to their base address.
    asked_as: tuple[str, ...] = ()
    render_complete: Render | None = None
    render_page: Callable[[Reading, int, int], Document] | None = None

    @property
    def addresses(self) -> Mapping[str, str]:
        """The name of each of its addresses -> the part below /api/export."""
        file = {f"export_{self.name}": self.file} if self.file else {}
        return file | {f"asked_{self.name}{number or ''}": path for number, path in enumerate(self.asked_as)}


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Format(
                "litellm",
                "A cost map for LiteLLM: set LITELLM_MODEL_COST_MAP_URL to this address with ?complete=1. Without it, "
                "LiteLLM ignores a map that is much smaller than its own",
                litellm.render,
                file="litellm.json",
                render_complete=litellm.render_complete,
            ),
            Format(
                "openrouter",
                "The model list in OpenRouter's format",
                openrouter.render,
                file="openrouter.json",
                asked_as=("openrouter/models", "openrouter/models/user"),
                render_page=openrouter.render_page,
            ),
            Format(
                "models_dev",
                "The catalog in the format of models.dev's api.json, with this gateway as the provider",
                models_dev.render,
                file="models_dev.json",
                asked_as=("models_dev/api.json",),
            ),
            Format(
                "new_api",
                "The price list in new-api's format",
                lambda reading: price_list(reading, today=reading.at.date()),
                file="new_api.json",
            ),
            Format(
                "ratio_config",
                "The ratio maps that new-api sites read",
                ratio_config,
                file="ratio_config.json",
            ),
            Format(
                "one_hub",
                "The price rows that one-hub and done-hub sites read",
                one_hub.price_rows,
                file="one_hub.json",
            ),
            Format(
                "newapi_models",
                "The models that new-api sites synchronize, without its official list",
                newapi_metadata.model_list,
            ),
            Format(
                "newapi_vendors",
                "The vendors of the models that new-api sites synchronize",
                newapi_metadata.vendor_list,
            ),
            Format(
                "csv",
                "Every current and scheduled price line, for spreadsheets",
                csv_lines.render,
                "text/csv; charset=utf-8",
                file="prices.csv",
            ),
            Format(
                "llms_txt",
                "A short text for language models",
                llms_txt.render,
                "text/plain; charset=utf-8",
                file="llms.txt",
            ),
            Format(
                "llms_full",
                "Facts, prices and endpoints of all models as Markdown, for language models",
                markdown.render_all,
                markdown.CONTENT_TYPE,
            ),
            # Not public: it contains hidden groups, channels and cost prices.
            Format("yaml", "The whole catalog", lambda reading: yaml_catalog.render(at=reading.at), "application/yaml"),
        )
    }
)
