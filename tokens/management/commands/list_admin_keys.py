"""`list_admin_keys`: the keys for the management API, without the keys themselves."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from catalog.exact import write_json
from tokens.models import AdminKey
from tokens.timestamps import format_timestamp


class Command(BaseCommand):
    help = "Lists the keys for the management API: whom they represent, their scopes, state and last use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        keys = AdminKey.objects.select_related("operator").order_by("pk")
        if options["format"] == "json":
            self.stdout.write(write_json({"admin_keys": [as_json(key, now) for key in keys]}).decode())
            return
        for key in keys:
            use = f"last used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            end = f", expires {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else ""
            networks = f", from {', '.join(key.networks)}" if key.networks else ""
            self.stdout.write(
                f"{key.key_id}  {key.operator}  {key.name}: {', '.join(key.scopes)}{networks}; "
                f"{key.state(at=now)}{end}; {use}"
            )
        if not keys:
            self.stdout.write("There are no admin keys.")


def as_json(key: AdminKey, now: Any) -> dict[str, Any]:
    moments = {name: getattr(key, name) for name in ("created_at", "expires_at", "revoked_at", "last_used_at")}
    return {
        "key_id": key.key_id,
        "operator": key.operator.get_username(),
        "name": key.name,
        "scopes": key.scopes,
        "networks": key.networks,
        "state": key.state(at=now),
        **{name: moment and format_timestamp(moment) for name, moment in moments.items()},
    }
