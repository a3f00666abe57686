"""Every address on one screen."""

from django.contrib import admin
from django.urls import include, path

from pricing.checkpage import check_page
from pricing.docs import docs, openapi

urlpatterns = [
    path("", include("tokens.urls")),
    path("", include("pricing.urls")),
    path("", include("pricing.pages.urls")),
    path("openapi.json", openapi, name="openapi"),
    path("docs", docs, name="docs"),
    path("docs/", docs),
    path("admin/check/", admin.site.admin_view(check_page), name="check"),
    path("admin/", admin.site.urls),
]

handler400 = "tokens.errors.bad_request"
handler403 = "tokens.errors.permission_denied"
handler404 = "tokens.errors.page_not_found"
handler500 = "tokens.errors.server_error"
