from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    name = "catalog"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from simple_history.signals import post_create_historical_record, pre_create_historical_record

        from catalog.db.audit import enter_saved
        from catalog.db.history import name_actor_of_row

        pre_create_historical_record.connect(name_actor_of_row, dispatch_uid="audit-actor")
        post_create_historical_record.connect(enter_saved, dispatch_uid="audit-entry")
        post_migrate.connect(remember_columns, sender=self)


def remember_columns(using: str, **_: Any) -> None:
    """Stores which columns the histories have now; after a migration backwards, there may be no table for them."""
    from django.db import connections

    from catalog.db import audit
    from catalog.models import AuditColumns

    if AuditColumns._meta.db_table in connections[using].introspection.table_names():
        audit.remember_columns()
