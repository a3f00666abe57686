"""The addresses of prices and usage, each with and without a slash at the end."""

from django.urls import include, path

from pricing.api import views
from pricing.api.changes.views import ChangesFeedView, ChangesView
from pricing.api.model_addresses import model_address, model_markdown
from pricing.api.retirements import RetirementsCalendarView, RetirementsView
from pricing.api.routes import both
from pricing.api.usage import UsageView

urlpatterns = [
    *both("api/pricing", views.PricingView, "pricing"),
    *both("api/pricing/quote", views.QuoteView, "quote"),
    *both("api/pricing/changes", ChangesView, "changes"),
    *both("api/pricing/changes.atom", ChangesFeedView, "changes_feed"),
    path("api/pricing/history/<path:name>", views.HistoryView.as_view(), name="price_history"),
    *both("api/retirements", RetirementsView, "retirements"),
    *both("api/retirements.ics", RetirementsCalendarView, "retirements_calendar"),
    *both("api/ratio_config", views.RatioConfigView, "ratio_config"),
    *both("api/prices", views.OneHubPricesView, "one_hub_prices"),
    *both("v1/model/info", views.ModelInfoView, "model_info"),
    *both("model/info", views.ModelInfoView, "model_info_without_version"),
    *both("api/newapi/models.json", views.DocumentView, "newapi_models", form="newapi_models"),
    *both("api/newapi/vendors.json", views.DocumentView, "newapi_vendors", form="newapi_vendors"),
    # Sites request a language; the texts have only one.
    path("api/i18n/<slug:locale>/newapi/models.json", views.DocumentView.as_view(form="newapi_models")),
    path("api/i18n/<slug:locale>/newapi/vendors.json", views.DocumentView.as_view(form="newapi_vendors")),
    path("", include("pricing.api.export_urls")),
    *both("api/usage", UsageView, "usage"),
    # `/models` by itself is a list of the API.
    path("models/<path:name>.md", model_markdown, name="model-markdown"),
    path("models/<path:name>", model_address, name="model-page"),
]
