"""models.dev's api.json with this gateway as the only provider; prices are US dollars per million tokens.

Readers such as opencode require the boolean fields of every model; values that the catalog does not know are false.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.exact import write_json
from catalog.prices import MILLION, Line
from pricing.engine.headline import reads_as_free
from pricing.export.document import Document, member
from pricing.export.offers import PricedModel, listed_names, per, rendered_models, tiers
from pricing.published.rows import Reading

JSON = dict[str, Any]

PROVIDER = "modelbook"
PRICES: Mapping[str, str] = {
    "input": "input",
    "output": "output",
    "output.reasoning": "reasoning",
    "input.cache_read": "cache_read",
    "input.cache_write": "cache_write",
    "input.audio": "input_audio",
    "output.audio": "output_audio",
}
MODALITIES = ("text", "image", "audio", "video", "pdf")
LONG = 200_000


def render(reading: Reading) -> Document:
    """The document, with the addresses of the gateway if they are known."""
    site = reading.site
    provider: JSON = {
        "id": PROVIDER,
        "name": "Modelbook",
        "env": ["MODELBOOK_API_KEY"],
        "npm": "@ai-sdk/openai-compatible",
        **({"api": f"{site}/v1", "doc": f"{site}/docs"} if site else {}),
        "models": {},
    }
    head = write_json({PROVIDER: provider}).removesuffix(b"}}}")
    rows = rendered_models("models.dev", reading, lambda model: member(model.name, _model(model)), names=listed_names)
    return Document(head, rows, b"}}}")


def _model(model: PricedModel) -> JSON:
    released = model.released_on.isoformat() if model.released_on else ""
    row: JSON = {
        "id": model.name,
        "name": model.title,
        **({"description": model.description} if model.description else {}),
        **({"family": model.series} if model.series else {}),
        "attachment": bool({"image", "pdf", "audio", "video"} & set(model.inputs)),
        "reasoning": "reasoning" in model.capabilities,
        "tool_call": "tools" in model.capabilities,
        "structured_output": "structured_outputs" in model.capabilities,
        "temperature": False,
        # The format has no unknown.
        "open_weights": bool(model.open_weights),
        **({"knowledge": model.knowledge_cutoff} if model.knowledge_cutoff else {}),
        "release_date": released,
        "last_updated": released,
        "modalities": {
            "input": [name for name in model.inputs if name in MODALITIES] or ["text"],
            "output": [name for name in model.outputs if name in MODALITIES] or ["text"],
        },
        # In this format, 0 means that a limit is not known; only the input limit is optional.
        "limit": {
            "context": model.context_length or 0,
            **({"input": model.max_input_tokens} if model.max_input_tokens else {}),
            "output": model.max_output_tokens or 0,
        },
    }
    if model.reasoning_levels:
        row["reasoning_options"] = [{"type": "effort", "values": list(model.reasoning_levels)}]
    if model.deprecated:
        row["status"] = "deprecated"
    cost = cost_of(model)
    return row | ({"cost": cost} if cost else {})


def cost_of(model: PricedModel) -> JSON:
    """Prices of tokens with tiers by the length of the prompt; output that is not charged is 0.

    The format requires both prices: without one of them there is no cost.
    """
    sheet = model.dollars
    if sheet is None or model.is_dynamic:
        return {}
    cost = _figures(line for line in sheet.lines if line.is_plain)
    if "input" not in cost or sheet.lacks_output_price or reads_as_free(sheet, cost.values()):
        return {}
    cost = {"input": cost.pop("input"), "output": cost.pop("output", 0), **cost}
    steps = [
        {**_figures(lines), "tier": {"type": "context", "size": least - 1}}
        for least, lines in tiers(sheet)
        if _figures(lines)
    ]
    if steps:
        cost["tiers"] = steps
    if len(steps) == 1 and steps[0]["tier"]["size"] >= LONG:
        # The same tier again for older readers.
        cost["context_over_200k"] = {key: value for key, value in steps[0].items() if key != "tier"}
    return cost


def _figures(lines: Iterable[Line]) -> JSON:
    counted = [line for line in lines if line.unit == "token"]
    return {PRICES[line.meter]: per(line, MILLION) for line in counted if line.meter in PRICES}
