"""The admin's page of health checks; each finding links to its row."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.admin.base import render_admin_page
from pricing.curation.checks.rules import Finding, Rule
from pricing.curation.health_checks import rules_for, run_checks_for

FINDINGS_SHOWN = 50


@require_safe
def check_page(request: HttpRequest) -> HttpResponse:
    """The findings about tables that this person may view; for staff only, see config/urls.py."""
    rules = rules_for(request.user)
    findings = dict(run_checks_for(request.user, rules, at=timezone.now()))
    return render_admin_page(
        request,
        "pricing/admin/health_checks.html",
        "Health checks",
        sections=[_section(rule, rule_findings) for rule, rule_findings in findings.items()],
        passed=[rule.title for rule in rules if rule not in findings],
    )


def _section(rule: Rule, findings: list[Finding]) -> dict[str, Any]:
    return {
        "rule": rule,
        "count": len(findings),
        "rows": _linked(findings[:FINDINGS_SHOWN]),
        "more": len(findings) - FINDINGS_SHOWN,
    }


def _linked(findings: Iterable[Finding]) -> list[tuple[str, Finding]]:
    return [(_link(finding), finding) for finding in findings]


def _link(finding: Finding) -> str:
    meta = finding.row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[finding.row.pk])
