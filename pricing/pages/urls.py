"""The addresses of the pages; `/models` by itself is a list of the API."""

from django.urls import path

from pricing.pages import views
from pricing.pages.sharing import views as sharing

urlpatterns = [
    path("", views.catalog, name="catalog"),
    path("results", views.results, name="results"),
    path("models/<path:name>", views.model_page, name="model-page"),
    path("compare", views.compare, name="compare"),
    path("assets/<slug:_version>/<str:name>", views.asset, name="asset"),
    path("assets/<slug:_version>/icons/<slug:name>.svg", views.vendor_icon, name="vendor-icon"),
    path("robots.txt", sharing.robots, name="robots"),
    path("images/models/<path:name>.png", sharing.model_image, name="model-image"),
    path("images/site.png", sharing.site_image, name="site-image"),
    path("favicon.ico", sharing.favicon, name="favicon"),
    path("apple-touch-icon.png", sharing.touch_icon, name="touch-icon"),
]
