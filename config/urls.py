"""Every address."""

from django.contrib import admin
from django.http import Http404
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from pricing.admin.pages.health_checks import check_page
from pricing.admin.pages.retirements import retirement_page, retirements_page
from pricing.admin.pages.search import search_page
from pricing.admin.pages.undo import undo_action_page, undo_change_page
from pricing.admin.pages.unknown_models import add_unknown_page, unknown_models_page
from pricing.admin.pages.verification import adopt_page, verification_page
from pricing.docs.page import docs, management_docs, openapi
from tokens.admin.explain_page import explain_page
from tokens.dialects.prefixes import in_any_case
from tokens.http import security_txt
from tokens.http.errors import API_PREFIXES, page_not_found

urlpatterns = [
    path("", include("tokens.api.urls")),
    path("", include("pricing.api.urls")),
    path("", include("pricing.admin_api.urls")),
    path("", include("pricing.pages.urls")),
    path("openapi.json", openapi, name="openapi"),
    path("openapi.json/", openapi),
    path(security_txt.PATH, security_txt.security_txt, name="security-txt"),
    path("docs", docs, name="docs"),
    path("docs/", docs),
    path("docs/management", management_docs, name="management-docs"),
    path("docs/management/", management_docs),
    path("admin/check/", admin.site.admin_view(check_page), name="check"),
    # In place of the theme's own view, which stores results for five minutes, whatever the operator may view by then.
    path("admin/search/", admin.site.admin_view(search_page)),
    path("admin/explain/", admin.site.admin_view(explain_page), name="explain"),
    path("admin/unknown-models/", admin.site.admin_view(unknown_models_page), name="unknown_models"),
    path("admin/unknown-models/add/", admin.site.admin_view(add_unknown_page), name="add_unknown"),
    path("admin/retirements/", admin.site.admin_view(retirements_page), name="retirements_page"),
    path(
        "admin/retirements/<int:key>/<slug:action>/", admin.site.admin_view(retirement_page), name="retirement_action"
    ),
    path("admin/verification/", admin.site.admin_view(verification_page), name="verification"),
    path("admin/verification/<int:key>/<slug:figure>/<slug:reader>/", admin.site.admin_view(adopt_page), name="adopt"),
    path("admin/undo/<int:entry>/", admin.site.admin_view(undo_change_page), name="undo_change"),
    path("admin/undo/<int:entry>/action/", admin.site.admin_view(undo_action_page), name="undo_action"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    # Before the admin's own, whose addresses for the sign-in it takes.
    path("admin/", include("tokens.operators.sign_in.urls")),
    path("admin/", admin.site.urls),
    # All other addresses below the API's prefixes: without this, DEBUG would respond in HTML.
    re_path(
        rf"^(?:/*)(?:{in_any_case(*API_PREFIXES)})(?:/[\s\S]*)?$",
        csrf_exempt(lambda request: page_not_found(request, Http404())),
    ),
]

handler400 = "tokens.http.errors.bad_request"
handler403 = "tokens.http.errors.permission_denied"
handler404 = "pricing.pages.views.not_found"
handler429 = "tokens.operators.refusals.too_many_requests"
handler500 = "pricing.pages.failures.server_error"
