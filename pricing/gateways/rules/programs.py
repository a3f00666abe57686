"""The programs whose rules are known, by version."""

from catalog.sources import completion_ratios
from pricing.gateways.rules.new_api import NewApi
from pricing.gateways.rules.one_api import OneApi
from pricing.gateways.rules.veloera import Veloera

NEW_API_OF_APRIL = NewApi("new-api", "April 2026", ("new_api_of_april.json",), completion_ratios.NEW_API_OF_APRIL)
NEW_API_OF_AUGUST = NewApi(
    "new-api",
    "August 2026",
    ("new_api_of_april.json", "new_api_added_until_august.json"),
    completion_ratios.NEW_API_OF_AUGUST,
)
VELOERA = Veloera("Veloera", "June 2025", ("veloera.json",), completion_ratios.VELOERA, charges_upstream_names=True)
ONE_API = OneApi("one-api", "February 2025", ("one_api.json",), completion_ratios.ONE_API, charges_upstream_names=True)
