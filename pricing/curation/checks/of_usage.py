"""Problems of the usage that gateways report."""

from collections.abc import Iterator

from django.db.models import Count, Max

from catalog.error_messages import count
from pricing.curation.catalog_snapshot import CatalogSnapshot
from pricing.curation.checks.rules import Finding, Rules
from pricing.models import UsageCount, UsageEvent
from pricing.usage.unknown import SHOWN, unknown_counts, unknown_names

RULES = Rules()
# More names are reported when these are solved.
MOST_NAMES = 1_000


@RULES.add(
    "unknown-model-used",
    "Usage of models that are not in the catalog",
    "Create a draft or an alias on the page Unknown models. Until then, the cost of these calls is unknown.",
    about=UsageCount,
)
def unknown_model_used(catalog: CatalogSnapshot) -> Iterator[Finding]:
    names = {unknown.name: unknown for unknown in unknown_names(on=catalog.on, most=MOST_NAMES)}
    latest = unknown_counts(on=catalog.on).values("name").annotate(latest=Max("pk")).values("latest")
    rows = {row.name: row for row in UsageCount.objects.filter(pk__in=latest)} if names else {}
    for name, unknown in names.items():
        if name in rows:
            yield Finding(rows[name], f"{count(unknown.requests, 'call')} in the last {SHOWN.days} days")


@RULES.add(
    "unpriced-usage",
    "Usage whose cost is not known",
    "Set a price, or offer the model to the group of the key. If an import has brought the price of that time, choose "
    "“Price again” in the list of usage events.",
    about=UsageEvent,
)
def unpriced_usage(catalog: CatalogSnapshot) -> Iterator[Finding]:
    unpriced = UsageEvent.objects.filter(cost=None, model__isnull=False, at__gt=catalog.at - SHOWN)
    sums = unpriced.values("model").annotate(calls=Count("pk"), latest=Max("pk")).order_by("-calls", "model")
    calls = {row["latest"]: row["calls"] for row in sums[:MOST_NAMES]}
    rows = UsageEvent.objects.in_bulk(calls)
    for key, number in calls.items():
        yield Finding(rows[key], f"the cost of {count(number, 'call')} in the last {SHOWN.days} days is not known")
