"""`export_audit`: writes the audit trail as JSON lines."""

import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_date, parse_datetime

from catalog.audit.export import json_lines
from catalog.db.audit import record
from catalog.db.snapshot import snapshot
from catalog.models import AuditEntry


class Command(BaseCommand):
    help = "Writes the audit trail as JSON lines, the oldest entry first; the export is an entry of the trail itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", metavar="FILE", default="", help="Write to this file instead of stdout.")
        parser.add_argument("--since", metavar="WHEN", default="", help="Only entries from this date or time (UTC) on.")

    def handle(self, *args: Any, **options: Any) -> None:
        entries = AuditEntry.objects.order_by("pk")
        if options["since"]:
            entries = entries.filter(at__gte=_moment(options["since"]))
        record("exported", kind="catalog.auditentry", name="audit trail", detail="JSON lines")
        file = Path(options["output"]).open("wb") if options["output"] else nullcontext(sys.stdout.buffer)  # noqa: SIM115
        with snapshot(), file as output:
            for line in json_lines(entries):
                output.write(line)


def _moment(text: str) -> str:
    try:
        moment = parse_datetime(text) or parse_date(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{text} is not a valid date or time. Write for example 2026-11-30 or 2026-11-30T08:00Z.")
    return f"{moment.isoformat()}T00:00:00Z" if len(text) == len("2026-11-30") else moment.isoformat()
