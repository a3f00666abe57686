"""`revoke_admin_key`: ends a key for the management API, from the next request on in every process."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.exact import write_json
from tokens.models import AdminKey


class Command(BaseCommand):
    help = "Revokes a key for the management API: it is refused from the next request on, for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="The key id, as list_admin_keys shows it.")
        parser.add_argument("--dry-run", action="store_true", help="Show what would be done, and change nothing.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = AdminKey.objects.named(options["key_id"])
        except AdminKey.DoesNotExist as error:
            raise CommandError(str(error)) from None
        with transaction.atomic():
            was_valid = key.revoke(at=timezone.now())
            transaction.set_rollback(options["dry_run"])
        if options["format"] == "json":
            self.stdout.write(write_json({"key_id": key.key_id, "was_revoked": not was_valid}).decode())
        elif was_valid:
            self.stdout.write(f"{key} {'would be' if options['dry_run'] else 'has been'} revoked.")
        else:
            self.stdout.write(f"{key} was already revoked.")
