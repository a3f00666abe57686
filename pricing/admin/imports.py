"""The admin of import runs, with the pages that decide about them."""

from catalog.admin.base import register_over
from catalog.admin.imports import ImportRunAdmin
from catalog.models import ImportRun
from pricing.admin.import_review import ImportPages


@register_over(ImportRun)
class DecidedImportRunAdmin(ImportPages, ImportRunAdmin):
    """Runs that wait are looked through and decided about; applied runs can be rolled back."""
