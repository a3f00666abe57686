"""The addresses of the price book, each with and without a slash at the end: clients take no redirect."""

from django.urls import URLPattern, include, path

from pricing import views
from tokens.views import ApiView


def both(address: str, view: type[ApiView], name: str) -> list[URLPattern]:
    handler = view.as_view()
    return [path(address, handler, name=name), path(f"{address}/", handler)]


urlpatterns = [
    *both("api/pricing", views.PricingView, "pricing"),
    *both("api/pricing/quote", views.QuoteView, "quote"),
    *both("api/pricing/changes", views.ChangesView, "changes"),
    *both("api/pricing/changes.atom", views.ChangesFeedView, "changes_feed"),
    path("api/pricing/history/<path:name>", views.HistoryView.as_view(), name="price_history"),
    *both("api/ratio_config", views.RatioConfigView, "ratio_config"),
    path("", include("pricing.export.urls")),
    *both("api/usage", views.UsageView, "usage"),
]
