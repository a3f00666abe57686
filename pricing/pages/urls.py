"""The addresses of the pages; that of a model is also one of the API, see pricing/api/model_addresses.py."""

from django.urls import path

from pricing.pages import views
from pricing.pages.sharing import views as sharing

urlpatterns = [
    path("", views.catalog, name="catalog"),
    path("results", views.results, name="results"),
    path("compare", views.compare, name="compare"),
    path("assets/<slug:_version>/<str:name>", views.asset, name="asset"),
    path("assets/<slug:_version>/icons/<slug:name>.svg", views.vendor_icon, name="vendor-icon"),
    path("robots.txt", sharing.robots, name="robots"),
    path("sitemap.xml", sharing.sitemap_file, name="sitemap"),
    path("sitemap-<int:number>.xml", sharing.sitemap_file, name="sitemap-file"),
    path("images/models/<path:name>.png", sharing.model_image, name="model-image"),
    path("images/site.png", sharing.site_image, name="site-image"),
    path("favicon.ico", sharing.favicon, name="favicon"),
    path("apple-touch-icon.png", sharing.touch_icon, name="touch-icon"),
]
