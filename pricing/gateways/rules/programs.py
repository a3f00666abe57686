"""The programs whose rules are known, by version."""

from catalog.sources import completion_ratios
from pricing.gateways.rules.new_api import NewApi
from pricing.gateways.rules.one_api import OneApi
from pricing.gateways.rules.veloera import Veloera
from pricing.newapi import tables

NEW_API_OF_APRIL = NewApi("new-api", "April 2026", tables.NEW_API_OF_APRIL, completion_ratios.NEW_API_OF_APRIL)
NEW_API_OF_AUGUST = NewApi(
    "new-api",
    "August 2026",
    tables.NEW_API_OF_AUGUST,
    completion_ratios.NEW_API_OF_AUGUST,
)
VELOERA = Veloera("Veloera", "June 2025", tables.VELOERA, completion_ratios.VELOERA, charges_upstream_names=True)
ONE_API = OneApi("one-api", "February 2025", tables.ONE_API, completion_ratios.ONE_API, charges_upstream_names=True)
