"""The addresses of the public exports, each with and without a slash at the end."""

from pricing.api.export_views import ExportView
from pricing.api.routes import both
from pricing.export.formats import FORMATS

urlpatterns = [
    *(
        address
        for form in FORMATS.values()
        if form.file
        for address in both(f"api/export/{form.file}", ExportView, f"export_{form.name}", form=form.name)
    ),
    *(
        address
        for form in FORMATS.values()
        if form.asked_as
        for address in both(f"api/export/{form.asked_as}", ExportView, f"asked_{form.name}", form=form.name)
    ),
    *both("llms.txt", ExportView, "llms_txt", form="llms_txt"),
]
