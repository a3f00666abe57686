"""The addresses of the public exports."""

from django.urls import path

from pricing.export.formats import FORMATS
from pricing.export.views import ExportView

urlpatterns = [
    *(
        path(f"api/export/{form.file}", ExportView.as_view(form=form.name), name=f"export_{form.name}")
        for form in FORMATS.values()
        if form.file
    ),
    path("llms.txt", ExportView.as_view(form="llms_txt"), name="llms_txt"),
]
