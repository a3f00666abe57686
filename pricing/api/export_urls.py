"""The addresses of the public exports, each with and without a slash at the end."""

from pricing.api.export_views import ExportView
from pricing.api.routes import both
from pricing.export.formats import FORMATS

urlpatterns = [
    *(
        address
        for form in FORMATS.values()
        for name, path in form.addresses.items()
        for address in both(f"api/export/{path}", ExportView, name, form=form.name)
    ),
    *both("llms.txt", ExportView, "llms_txt", form="llms_txt"),
    *both("llms-full.txt", ExportView, "llms_full", form="llms_full"),
]
