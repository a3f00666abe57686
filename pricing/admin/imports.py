"""The admin of import runs, with the pages that review, apply and roll them back."""

from catalog.admin.base import register_over
from catalog.admin.imports import ImportRunAdmin
from catalog.models import ImportRun
from pricing.admin.import_review import ImportPages


@register_over(ImportRun)
class DecidedImportRunAdmin(ImportPages, ImportRunAdmin):
    """Waiting runs can be reviewed and decided; applied runs can be rolled back."""
