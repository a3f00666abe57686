"""What a migration does not carry over: parts of the database that are not read, and data that has no place here."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from catalog.error_messages import count
from catalog.sources import model_metadata
from pricing.gateways.document import models_of, types_by_channels
from pricing.gateways.endpoints import own_paths
from pricing.gateways.prices import one_hub, tools
from pricing.gateways.prices.pricer import price_of
from pricing.gateways.reading.gateway import Gateway, GatewayModel, LeftOut

# Options whose keys are models.
PRICE_OPTIONS = (
    "ModelRatio", "ModelPrice", "CompletionRatio", "CacheRatio", "CreateCacheRatio", "ImageRatio", "AudioRatio",
    "AudioCompletionRatio", "billing_setting.billing_expr",
)  # fmt: skip

# The ways to bill a model that the rules know.
MODES = ("ratio", "tiered_expr")


def left_out_of(gateway: Gateway, registry: Mapping[str, str]) -> tuple[LeftOut, ...]:
    """All that the migration of this gateway does not carry over. `registry`: endpoint type -> path here."""
    return (*_rows_left_out(gateway, registry), *gateway.left_out)


def _rows_left_out(gateway: Gateway, registry: Mapping[str, str]) -> Iterator[LeftOut]:
    """Rows that this catalog cannot store, of tables that are read."""
    models = models_of(gateway)
    kinds = (
        ("prices", "prices that no offered model uses", _unoffered(gateway, models)),
        ("prices.extra_ratios", "multiples for unknown kinds of tokens", _unknown_ratios(gateway)),
        ("tools", "prices of tool calls that only the program has, per 1,000 calls", _built_in_tools(gateway)),
        ("tools.several", "prices of tool calls that depend on the endpoint", _ambiguous_tools(gateway, models)),
        (f"options.{tools.OPTION}", "prices of tools that the program does not charge", _unused_tools(gateway)),
        (
            "options.billing_setting.billing_mode",
            "unknown ways to bill a model (billing_mode)",
            _unknown_modes(gateway),
        ),
        ("models", "entries for models that fit no model", _unused_entries(gateway, models)),
        ("models.endpoints", "paths that only some models of an endpoint type have", own_paths(models, registry)),
        ("models.metadata", "metadata of models for which there is no field", _unknown_metadata(models)),
        ("vendors", "vendors without a model", _unused_vendors(gateway, models)),
    )
    for subject, what, names in kinds:
        listed = tuple(names)
        if listed:
            yield LeftOut(subject, what, len(listed), listed)


def _unoffered(gateway: Gateway, models: Iterable[str]) -> Iterable[str]:
    """The names with a price that no channel offers, and that price no other name."""
    if gateway.prices is not None:
        return one_hub.unused_rows(gateway)
    return _unoffered_in_options(gateway, models)


class _Recorded(dict[str, Any]):
    """A table of an option that notes the names that are looked up in it."""

    def __init__(self, table: Mapping[str, Any], names: set[str]) -> None:
        super().__init__(table)
        self.names = names

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def _unoffered_in_options(gateway: Gateway, models: Iterable[str]) -> Iterable[str]:
    """The names that no price of a model looks up, by the rules of the program."""
    names = set(models)
    options = {
        key: _Recorded(value, names) if isinstance(value, dict) else value for key, value in gateway.options.items()
    }
    recorded = replace(gateway, options=options, listing=None)
    for name in sorted(names):
        price_of(name, recorded)
    tables = [options[key] for key in PRICE_OPTIONS if isinstance(options.get(key), dict)]
    return sorted({name for table in tables for name in table} - names)


def _unknown_ratios(gateway: Gateway) -> Iterable[str]:
    return () if gateway.prices is None else one_hub.unknown_ratios(gateway)


def _built_in_tools(gateway: Gateway) -> Iterable[str]:
    return tools.built_in_tools(gateway.options) if gateway.dialect.has_tool_prices else ()


def _ambiguous_tools(gateway: Gateway, models: Iterable[str]) -> Iterable[str]:
    for name in models if gateway.dialect.has_tool_prices else ():
        yield from tools.ambiguous_tools(name, types_by_channels(name, gateway), gateway.options)


def _unused_tools(gateway: Gateway) -> Iterable[str]:
    return tools.unused_tools(gateway.options) if gateway.dialect.has_tool_prices else ()


def _unknown_modes(gateway: Gateway) -> Iterable[str]:
    modes = gateway.options.get("billing_setting.billing_mode")
    return sorted(name for name, mode in modes.items() if mode not in MODES) if isinstance(modes, dict) else ()


def _unused_entries(gateway: Gateway, models: dict[str, GatewayModel | None]) -> Iterable[str]:
    used = {id(entry) for entry in models.values()}
    return (entry.name for entry in gateway.models if id(entry) not in used and entry.name)


def _unknown_metadata(models: dict[str, GatewayModel | None]) -> Iterable[str]:
    """The keys of metadata that state no fact that a model here has, with their numbers of models."""
    keys = Counter(key for entry in models.values() if entry for key in model_metadata.unknown_keys(entry.metadata))
    return (f"{key[:64]} ({count(number, 'model')})" for key, number in sorted(keys.items()))


def _unused_vendors(gateway: Gateway, models: dict[str, GatewayModel | None]) -> Iterable[str]:
    used = {entry.vendor for entry in models.values() if entry}
    return (vendor.name for number, vendor in gateway.vendors.items() if number not in used)
