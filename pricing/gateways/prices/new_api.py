"""What new-api, its forks and one-api charge for a model, by the options in their database. Imports no models."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.exact import multiply, plain
from catalog.sources.rows import is_number

# Field of a price list -> the option that holds it.
RATIOS: Mapping[str, str] = {
    "completion_ratio": "CompletionRatio",
    "cache_ratio": "CacheRatio",
    "create_cache_ratio": "CreateCacheRatio",
    "image_ratio": "ImageRatio",
    "audio_ratio": "AudioRatio",
    "audio_completion_ratio": "AudioCompletionRatio",
}
# A gateway's own units for one US dollar, unless its operator changes it.
QUOTA_PER_DOLLAR = Decimal(500_000)


def price(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The price in a row: an expression, else a price per call, else ratios; empty if there is no price."""

    def option(key: str) -> Any:
        table = options.get(key)
        return table.get(name) if isinstance(table, dict) else None

    if option("billing_setting.billing_mode") == "tiered_expr" and option("billing_setting.billing_expr"):
        return {"billing_mode": "tiered_expr", "billing_expr": option("billing_setting.billing_expr")}
    if option("ModelPrice") is not None:
        return {"quota_type": 1, "model_price": option("ModelPrice")}
    ratio = option("ModelRatio")
    if ratio is None:
        return {}
    ratios = {field: option(key) for field, key in RATIOS.items()}
    return {
        "quota_type": 0,
        "model_ratio": _in_dollars(ratio, options.get("QuotaPerUnit")),
        **{field: value for field, value in ratios.items() if value is not None},
    }


def _in_dollars(ratio: Any, quota_per_dollar: Any) -> Any:
    """The ratio converted to the usual number of units per dollar."""
    if not is_number(ratio) or not is_number(quota_per_dollar) or quota_per_dollar in (0, QUOTA_PER_DOLLAR):
        return ratio
    return plain(multiply(Decimal(ratio), QUOTA_PER_DOLLAR) / Decimal(quota_per_dollar))
