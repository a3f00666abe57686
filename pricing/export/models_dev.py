"""models.dev's api.json with this gateway as its one provider: US dollars per million tokens.

Readers such as opencode need the yes-or-no fields of every model; what the catalog does not know is no.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.exact import write_json
from catalog.prices import MILLION, Line
from pricing.engine.headline import reads_as_free
from pricing.export.offers import Item, per, tiers

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


def render(items: Iterable[Item], site: str = "") -> bytes:
    """`site`: where the gateway is, e.g. https://api.example.com."""
    provider: JSON = {
        "id": PROVIDER,
        "name": "Modelbook",
        "env": ["MODELBOOK_API_KEY"],
        "npm": "@ai-sdk/openai-compatible",
        **({"api": f"{site}/v1", "doc": f"{site}/docs"} if site else {}),
        "models": {item.name: _model(item) for item in items},
    }
    return write_json({PROVIDER: provider})


def _model(item: Item) -> JSON:
    released = item.released_on.isoformat() if item.released_on else ""
    row: JSON = {
        "id": item.name,
        "name": item.title,
        **({"description": item.description} if item.description else {}),
        **({"family": item.series} if item.series else {}),
        "attachment": bool({"image", "pdf", "audio", "video"} & set(item.inputs)),
        "reasoning": "reasoning" in item.capabilities,
        "tool_call": "tools" in item.capabilities,
        "structured_output": "structured_outputs" in item.capabilities,
        "temperature": False,
        "open_weights": False,
        "release_date": released,
        "last_updated": released,
        "modalities": {
            "input": [name for name in item.inputs if name in MODALITIES] or ["text"],
            "output": [name for name in item.outputs if name in MODALITIES] or ["text"],
        },
        # 0 is how this format says that it is not known.
        "limit": {"context": item.context_length or 0, "output": item.max_output_tokens or 0},
    }
    if item.deprecated:
        row["status"] = "deprecated"
    cost = cost_of(item)
    return row | ({"cost": cost} if cost else {})


def cost_of(item: Item) -> JSON:
    """Prices of tokens, with tiers by the length of the prompt; of input and output, one without a figure costs 0."""
    sheet = item.dollars
    if sheet is None or item.is_dynamic:
        return {}
    cost = _figures(line for line in sheet.lines if line.is_plain)
    if not {"input", "output"} & cost.keys() or reads_as_free(sheet, cost.values()):
        return {}
    cost = {"input": 0, "output": 0, **cost}
    steps = [
        {**_figures(lines), "tier": {"type": "context", "size": least - 1}}
        for least, lines in tiers(sheet)
        if _figures(lines)
    ]
    if steps:
        cost["tiers"] = steps
    if len(steps) == 1 and steps[0]["tier"]["size"] >= LONG:
        # The same once more, for readers of before there were tiers.
        cost["context_over_200k"] = {key: value for key, value in steps[0].items() if key != "tier"}
    return cost


def _figures(lines: Iterable[Line]) -> JSON:
    counted = [line for line in lines if line.unit == "token"]
    return {PRICES[line.meter]: per(line, MILLION) for line in counted if line.meter in PRICES}
