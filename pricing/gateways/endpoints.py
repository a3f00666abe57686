"""The endpoint types that a gateway's operator entered for models, and their paths. Imports no models.

The programs store a path with each model, and show the last one as the path of the type. Here a type has one path: an
unknown type gets the path on which all of its models agree, and the paths of known types stay.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalog.sources.new_api import SLIPS
from pricing.gateways.reading.gateway import GatewayModel


def endpoints_of(model: GatewayModel) -> dict[str, Any]:
    """Endpoint type -> its path; empty for an object {"path": …} in place of the whole map, a known mistake."""
    endpoints = model.endpoints
    if isinstance(endpoints, list):
        return {name: None for name in endpoints if isinstance(name, str) and name not in SLIPS}
    if not isinstance(endpoints, dict) or set(endpoints) & set(SLIPS):
        return {}
    return dict(endpoints)


def common_endpoints(models: Iterable[GatewayModel | None]) -> dict[str, Any]:
    """Endpoint type -> its entry, where all entries of models for it have the same path."""
    entries: dict[str, Any] = {}
    paths: dict[str, set[str]] = {}
    for model in models:
        for name, entry in endpoints_of(model).items() if model else ():
            if path := _path(entry):
                entries.setdefault(name, entry)
                paths.setdefault(name, set()).add(path)
    return {name: entry for name, entry in entries.items() if len(paths[name]) == 1}


def own_paths(models: Mapping[str, GatewayModel | None], registry: Mapping[str, str]) -> Iterator[str]:
    """Model, type and path, for paths that a model's type does not have. `registry`: type -> path here."""
    common = {name: _path(entry) for name, entry in common_endpoints(models.values()).items()}
    paths = {**common, **registry}
    for name, model in models.items():
        for endpoint_type, entry in endpoints_of(model).items() if model else ():
            path = _path(entry)
            if path and path != paths.get(endpoint_type):
                yield f"{name}: {endpoint_type} at {path}"


def _path(entry: Any) -> str:
    path = entry.get("path") if isinstance(entry, dict) else entry
    return path if isinstance(path, str) else ""
