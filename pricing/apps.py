from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.db.models.signals import post_migrate
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric


class PricingConfig(AppConfig):
    name = "pricing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalog.admin import impact
        from pricing.impact.observing import observe, preview
        from pricing.models import price_events
        from pricing.published.boundaries import moments_of
        from pricing.published.key_prices import read_prices
        from pricing.published.popularity import popularity
        from tokens.access import prices

        price_events.connect()
        checks.register(check_gateway, deploy=True)
        # The last app: the permissions of all tables exist by now.
        post_migrate.connect(create_roles, sender=self)
        impact.register(preview=preview, observe=observe)
        prices.register(read_prices=read_prices, read_moments=moments_of, read_popularity=popularity)

    def read_metrics(self) -> Iterator[Metric]:
        """The figures of /metrics about usage, from the database."""
        from pricing.models import WorkerState
        from pricing.usage.unknown import count_unknown

        unknown = count_unknown(on=timezone.now().date())
        yield GaugeMetricFamily(
            "modelbook_usage_unknown_models", "Names in reported usage that no model has, in 30 days.", value=unknown
        )
        if state := WorkerState.load():
            age = (timezone.now() - state.seen_at).total_seconds()
            yield GaugeMetricFamily("modelbook_worker_seen_seconds", "Time since run_worker was seen.", value=age)


def check_gateway(**_: Any) -> list[checks.CheckMessage]:
    """`check --deploy` mentions a missing address of the gateway; a catalog without code examples needs none."""
    from pricing.pages.code_examples.notice import NO_GATEWAY

    return [] if settings.PUBLIC_BASE_URL else [checks.Info(NO_GATEWAY, id="pricing.I001")]


def create_roles(using: str, **_: Any) -> None:
    """Creates and updates the built-in roles."""
    from django.db import connections

    from tokens.models import BuiltInRole
    from tokens.operators import roles

    # After a migration backwards, the table does not exist.
    if BuiltInRole._meta.db_table in connections[using].introspection.table_names():
        roles.create_roles()
