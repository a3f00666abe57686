"""Health checks: rules that find problems in the data, one function per rule. They change nothing."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from catalog.operators.permissions import limit_rows, may_view, may_view_all
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


def rules_for(operator: Any, rules: Sequence[Rule] = RULES) -> list[Rule]:
    """Those of the rules whose tables the operator may view, and all rows of the tables that their findings state."""
    return [
        rule
        for rule in rules
        if may_view(operator, rule.about) and may_view_all(operator, *(table._meta.label for table in rule.states))
    ]


def run_checks_for(operator: Any, rules: Sequence[Rule], *, at: dt.datetime) -> list[tuple[Rule, list[Finding]]]:
    """The findings of these rules about rows that the operator may see; rules without findings are left out."""
    found = ((rule, _within_reach(operator, rule, findings)) for rule, findings in run_checks(rules, at=at))
    return [(rule, findings) for rule, findings in found if findings]


def as_json(rule: Rule, findings: Sequence[Finding]) -> dict[str, Any]:
    """A rule and its findings, as commands and programs get them."""
    rows = [
        {"row": str(finding.row), "kind": finding.row._meta.label, "problem": finding.problem} for finding in findings
    ]
    return {"rule": rule.name, "title": rule.title, "remedy": rule.remedy, "findings": rows}


def _within_reach(operator: Any, rule: Rule, findings: list[Finding]) -> list[Finding]:
    everything = rule.about._default_manager.all()
    if (limited := limit_rows(operator, everything)) is everything:
        return findings
    keys = set(limited.values_list("pk", flat=True))
    return [finding for finding in findings if finding.row.pk in keys]
