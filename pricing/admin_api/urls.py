"""The addresses of the management API. All others below /api/admin/ are problems: see tokens/http/errors.py."""

from pricing.admin_api.resource import addresses
from pricing.admin_api.resources.catalog import Aliases, Channels, EndpointTypes, Offers, Pins, PopularModels
from pricing.admin_api.resources.groups import GroupRates, Groups
from pricing.admin_api.resources.imports import ImportRuns, Sources
from pricing.admin_api.resources.models import Models
from pricing.admin_api.resources.prices import CurrencyRates, Discounts, PriceSheets
from pricing.admin_api.resources.records import HealthChecks, History, Usage
from pricing.admin_api.resources.tokens import Tokens
from pricing.admin_api.resources.vendors import Vendors
from pricing.admin_api.resources.webhooks import Deliveries, Webhooks

RESOURCES = (
    Vendors, EndpointTypes, Channels, Models, Aliases, Offers, Groups, GroupRates, Tokens, PriceSheets, Discounts,
    CurrencyRates, PopularModels, Pins, Sources, ImportRuns, History, HealthChecks, Usage, Webhooks, Deliveries,
)  # fmt: skip

urlpatterns = [pattern for resource in RESOURCES for pattern in addresses(resource)]
