"""Prices a gateway's models by the rules of the program that wrote its database. Imports no models."""

from pricing.gateways.prices import new_api, one_hub
from pricing.gateways.prices.price import Price
from pricing.gateways.reading.gateway import Gateway


def price_of(name: str, gateway: Gateway) -> Price:
    """What the gateway charges for calls of this model, before the rate of a group."""
    if gateway.prices is not None:
        return one_hub.price(name, gateway)
    return new_api.price(name, gateway)
