"""The admin of prices and usage. Django imports this package; each module registers its own pages."""

from django.contrib import admin

from catalog.admin.confirmation.undo import register
from pricing.admin import imports, models, rates, sheets, usage
from pricing.admin.pages.undo import find_links

__all__ = ["imports", "models", "rates", "sheets", "usage"]

register(find_links)
admin.site.index_title = "Overview"
admin.site.index_template = "pricing/admin/dashboard.html"
