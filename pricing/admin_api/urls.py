"""The addresses of the management API. All others below /api/admin/ are problems: see tokens/http/errors.py."""

from pricing.admin_api.resource import addresses
from pricing.admin_api.resources.tokens import Tokens
from pricing.admin_api.resources.vendors import Vendors

RESOURCES = (Vendors, Tokens)

urlpatterns = [pattern for resource in RESOURCES for pattern in addresses(resource)]
