"""One call empties every cache of the process, and no cache forgets to register itself."""

import functools
import importlib
import inspect
import pkgutil
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import catalog
import config
import pricing
import tokens
from catalog import caches

APPS = (catalog, tokens, pricing, config)
# Their results depend on nothing but their arguments, so they are never out of date.
PURE = {
    "catalog.db.audit.columns_of",
    "catalog.imports.resolving.identity_of",
    "catalog.prices._key_of",
    "catalog.search.vendors.spellings_of",
    "catalog.sources.completion_ratios.fixed",
    "catalog.sources.litellm._is_of_a_price",
    "catalog.sources.litellm_keys.parse_key",
    "catalog.vendor_matching.vendor_of_model",
    "catalog.vendor_matching.vendor_of_name",
    "pricing.admin_api.filters.make_filters",
    "pricing.docs.contents._document",
    "pricing.docs.contents.translated",
    "pricing.docs.text.as_html",
    "pricing.engine.conditions.zone",
    "pricing.newapi.tables.built_in_tables",
    "pricing.newapi.ratios._read_back",
    "tokens.http.proxies.calls._parts",
    "tokens.encryption.ciphers._ciphers",
    "tokens.access.own_routes._routes_of",
    "tokens.http.response_cache.response_head",
    "tokens.networks._network",
    "tokens.networks._without_port",
    "tokens.rate_limits.network_of",
    "tokens.rate_limits.parse_rates",
    "tokens.patterns.kinds.read_pattern",
}
# Objects at the level of a module that collect something, but nothing that depends on stored data.
NOT_CACHES: set[str] = set()
LOCKS = (type(threading.Lock()), type(threading.RLock()))


def modules() -> Iterator[ModuleType]:
    """Every module of the four packages, without settings and migrations, which run code when imported."""
    for app in APPS:
        for module in pkgutil.walk_packages(app.__path__, f"{app.__name__}."):
            if ".migrations" not in module.name and not module.name.startswith("config."):
                yield importlib.import_module(module.name)


def members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The functions and objects of the module, and those of its classes, under their dotted names."""
    for name, member in vars(module).items():
        if inspect.isclass(member) and member.__module__ == module.__name__:
            for attribute, value in vars(member).items():
                yield f"{module.__name__}.{name}.{attribute}", getattr(value, "__func__", value)
        else:
            yield f"{module.__name__}.{name}", member


def cached_functions() -> dict[str, Any]:
    """The functions with a cache, under the module that defines them."""
    return {
        path: member
        for module in modules()
        for path, member in members(module)
        if isinstance(member, functools._lru_cache_wrapper) and member.__module__ == module.__name__
    }


def collecting_objects() -> dict[str, Any]:
    """The objects of our own classes at the level of a module that guard what they collect by a lock, or hold one."""
    return {
        path: member
        for module in modules()
        for path, member in members(module)
        if type(member).__module__.partition(".")[0] in {app.__name__ for app in APPS} and _is_guarded(member)
    }


def _is_guarded(member: Any, depth: int = 2) -> bool:
    values = list(getattr(member, "__dict__", {}).values())
    return any(isinstance(value, LOCKS) for value in values) or (
        depth > 0 and any(_is_guarded(value, depth - 1) for value in values if not inspect.isclass(value))
    )


def test_every_cached_function_is_pure_or_registered() -> None:
    unregistered = {path for path, function in cached_functions().items() if not caches.is_registered(function)}

    assert unregistered == PURE


def test_every_object_that_collects_under_a_lock_is_registered() -> None:
    objects = collecting_objects()

    named = {"tokens.http.bodies.BODIES", "tokens.auth.last_use.LAST_USE", "pricing.imports.review.PLANS"}
    assert named <= objects.keys()
    assert {path for path, member in objects.items() if not caches.is_registered(member)} == NOT_CACHES


def test_clear_all_empties_functions_and_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_functions", {})
    calls: list[int] = []

    @caches.process_cache(maxsize=1)
    def double(number: int) -> int:
        calls.append(number)
        return number * 2

    class Memory(list[int]):
        __hash__ = object.__hash__  # type: ignore[assignment]

    memory = caches.register(Memory([1]))
    assert [double(2), double(2)] == [4, 4]

    caches.clear_all()

    assert (double(2), calls, memory) == (4, [2, 2], [])


def test_a_registered_object_is_not_kept_alive() -> None:
    class Memory:
        def clear(self) -> None: ...

    caches.register(Memory())

    assert not any(type(cache) is Memory for cache in caches._objects)
