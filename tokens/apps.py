from typing import Any

from django.apps import AppConfig
from django.contrib.auth import get_user_model
from django.db.models.signals import post_migrate, pre_delete, pre_save


class TokensConfig(AppConfig):
    name = "tokens"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalog.db.audit import listen_with
        from catalog.operators.permissions import limit_with
        from tokens.events import model_events, token_events
        from tokens.events.changes import take_changes
        from tokens.operators import audit_events, protection
        from tokens.operators.admin_keys import own_keys
        from tokens.operators.reach import hide_events, limit_to_groups
        from tokens.operators.sign_in import events

        users = get_user_model()
        pre_save.connect(protection.refuse_loss_of_last_superuser, sender=users)
        pre_delete.connect(protection.refuse_deletion_of_last_superuser, sender=users)
        post_migrate.connect(remember_peppers, sender=self)
        limit_with(limit_to_groups)
        limit_with(hide_events)
        limit_with(own_keys)
        listen_with(take_changes)
        model_events.connect()
        token_events.connect()
        events.connect()
        audit_events.connect()


def remember_peppers(using: str, **_: Any) -> None:
    """Stores the fingerprints of peppers that have none yet: keys may be stored under them already."""
    from django.db import connections

    from tokens.models import Pepper

    # After a migration backwards, the table does not exist.
    if Pepper._meta.db_table in connections[using].introspection.table_names():
        Pepper.objects.remember_all()
