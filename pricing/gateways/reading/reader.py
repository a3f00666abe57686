"""Reads a gateway's database with the reader of the program that wrote it. Imports no models."""

from pricing.gateways.reading import new_api, one_hub
from pricing.gateways.reading.databases import Tables
from pricing.gateways.reading.gateway import Gateway
from pricing.gateways.reading.schemas import DONE_HUB, ONE_HUB, dialect_of


def read_gateway(tables: Tables) -> Gateway:
    """The data of the gateway; DatabaseUnreadableError if it is not a known gateway's database."""
    dialect = dialect_of(tables)
    if dialect in (ONE_HUB, DONE_HUB):
        return one_hub.read(tables, dialect)
    return new_api.read(tables, dialect)
