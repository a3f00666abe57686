"""Gateways as values, for tests of their prices."""

from typing import Any

from pricing.gateways.reading.gateway import Gateway, GatewayChannel
from pricing.gateways.reading.schemas import NEW_API, ONE_API, VELOERA

DIALECTS = {dialect.name: dialect for dialect in (NEW_API, VELOERA, ONE_API)}


def gateway(*channels: GatewayChannel, program: str = "new-api", **options: Any) -> Gateway:
    """A gateway with these channels and options."""
    return Gateway(
        dialect=DIALECTS[program], channels=channels, tokens=(), users=None, models=(), vendors={}, options=options
    )


def channel(number: int, *models: str, **fields: Any) -> GatewayChannel:
    values: dict[str, Any] = {
        "name": f"Channel {number}", "type": "OpenAI", "enabled": True, "disabled_automatically": False, "base_url": "",
        "priority": 0, "weight": 0, "tag": "", "groups": ("default",), "upstream_names": {}, "keys": 1,
    }  # fmt: skip
    return GatewayChannel(id=number, models=models, **{**values, **fields})
