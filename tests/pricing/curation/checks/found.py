"""What the health checks find in a catalog."""

from typing import Any

from django.utils import timezone

from catalog.models import AIModel
from pricing.curation.health_checks import RULES, run_checks
from tests import world as cast

Found = dict[str, list[str]]


def run_all() -> Found:
    """Rule -> rows and problems."""
    return {
        rule.name: [f"{finding.row}: {finding.problem}" for finding in findings]
        for rule, findings in run_checks(RULES, at=timezone.now())
    }


def correct_model(name: str = "correct", **fields: Any) -> AIModel:
    model = cast.model(name, **fields)
    cast.price(model, input="2.5", output="10")
    return model
