"""The admin of prices and usage. Django imports this package; each module registers its own pages."""

from django.contrib import admin

from pricing.admin import imports, models, rates, sheets, usage

__all__ = ["imports", "models", "rates", "sheets", "usage"]

admin.site.index_title = "Overview"
admin.site.index_template = "pricing/admin/dashboard.html"
