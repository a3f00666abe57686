"""Health checks: rules that find problems in the data, one function per rule. They change nothing."""

import datetime as dt
from collections.abc import Sequence

from catalog.progress import track
from pricing.curation.catalog_snapshot import CatalogSnapshot
from pricing.curation.checks import of_keys, of_models, of_prices, of_usage
from pricing.curation.checks.rules import Finding, Rule

RULES: Sequence[Rule] = (*of_prices.RULES, *of_models.RULES, *of_keys.RULES, *of_usage.RULES)


def run_checks(rules: Sequence[Rule], *, at: dt.datetime) -> list[tuple[Rule, list[Finding]]]:
    """The findings of each rule; rules without findings are left out."""
    catalog = CatalogSnapshot(at=at)
    results = ((rule, list(rule.find(catalog))) for rule in track(rules, "Checking"))
    return [(rule, findings) for rule, findings in results if findings]
