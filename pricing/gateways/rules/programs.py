"""The programs whose rules are known, by version, and which of them wrote a database."""

from collections.abc import Callable, Collection

from catalog.sources import completion_ratios
from pricing.gateways.rules.new_api import NewApi
from pricing.gateways.rules.one_api import OneApi
from pricing.gateways.rules.program import Program
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


def program_of(columns: Callable[[str], Collection[str]]) -> Program | None:
    """The program that wrote a database with these columns of a table; None if its rules are not known.

    New-api has had the table perf_metrics since May 2026. The rules of April and August differ for gpt-5.6 only.
    """
    tokens = columns("tokens")
    if "model_limits" not in tokens:
        return ONE_API if "subnet" in tokens else None
    if "model_prefix" in columns("channels"):
        return VELOERA
    is_later = "model_blacklist_enabled" in tokens or bool(columns("perf_metrics"))
    return NEW_API_OF_AUGUST if is_later else NEW_API_OF_APRIL
