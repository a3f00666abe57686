"""Which models a gateway hides from its price list, although keys list and call them. Imports no models."""

import re
from collections.abc import Mapping
from typing import Any

from pricing.gateways.reading.new_api import HIDDEN_MODELS


def is_hidden(name: str, options: Mapping[str, Any]) -> bool:
    """Whether a pattern of the operator fits the name, in any case: `a`, `a*`, `*a` or `*a*`."""
    name = name.strip().casefold()
    entries = re.split(r"[,\r\n]", str(options.get(HIDDEN_MODELS, "")).casefold())
    return any(_fits(pattern, name) for pattern in map(str.strip, entries) if pattern)


def _fits(pattern: str, name: str) -> bool:
    core = pattern.strip("*")
    match pattern.startswith("*"), pattern.endswith("*"):
        case True, True:
            return core in name
        case True, False:
            return name.endswith(core)
        case False, True:
            return name.startswith(core)
    return pattern == name
