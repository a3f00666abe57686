"""The overview: each block is for operators who may see its figures, and links to the page where they are changed."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from catalog.models import AIModel, ImportRun
from catalog.operators.permissions import may, may_view
from pricing.admin.dashboard.attention import main_counts, needs_attention
from pricing.admin.dashboard.figures import figures
from pricing.admin.dashboard.timeline import coming_up
from pricing.admin.dashboard.usage import recent_usage
from pricing.curation.margins import LowestMargin, lowest_margins
from pricing.models import PriceSheet

RUNS_SHOWN = 5
MARGINS_SHOWN = 6


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what this operator may see to the page's context."""
    now, operator = timezone.now(), request.user
    sees_runs, sees_margins = may_view(operator, ImportRun), may_view(operator, AIModel, PriceSheet)
    runs = ImportRun.objects.select_related("source").order_by("-created_at", "-pk")[:RUNS_SHOWN]
    return context | {
        "figures": figures(operator, at=now),
        "attention": needs_attention(operator, at=now),
        "timeline": coming_up(operator, at=now),
        "usage": recent_usage(operator, on=now.date()),
        "margins": _margins(lowest_margins(at=now)) if sees_margins else None,
        "runs": [(run, main_counts(run)) for run in runs] if sees_runs else None,
        "upload": reverse("admin:catalog_importrun_add") if may(operator, "add", ImportRun) else "",
        "add_price": reverse("admin:pricing_pricesheet_add") if may(operator, "add", PriceSheet) else "",
    }


def _margins(lowest: Any) -> Sequence[tuple[str, LowestMargin]]:
    """The address of the model and its margin, the lowest first; a loss without a price before all others."""
    ordered = sorted(lowest.items(), key=lambda item: _order(item[1]))
    return [(reverse("admin:catalog_aimodel_change", args=[key]), margin) for key, margin in ordered[:MARGINS_SHOWN]]


def _order(margin: LowestMargin) -> tuple[bool, bool, Any, str]:
    return not margin.is_loss, margin.share is not None, margin.share or 0, margin.name
