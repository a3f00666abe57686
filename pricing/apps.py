from collections.abc import Iterator

from django.apps import AppConfig
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric


class PricingConfig(AppConfig):
    name = "pricing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from pricing.published.boundaries import moments_of
        from pricing.published.key_prices import read_prices
        from pricing.published.popularity import popularity
        from tokens.access import prices

        prices.register(read_prices=read_prices, read_moments=moments_of, read_popularity=popularity)

    def read_metrics(self) -> Iterator[Metric]:
        """The figures of /metrics about usage, from the database."""
        from pricing.usage.unknown import count_unknown

        unknown = count_unknown(on=timezone.now().date())
        yield GaugeMetricFamily(
            "modelbook_usage_unknown_models", "Names in reported usage that no model has, in 30 days.", value=unknown
        )
