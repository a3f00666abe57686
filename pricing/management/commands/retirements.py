"""`retirements`: lists the models that retire, with the keys that may call them, and changes nothing."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.db.snapshot import snapshot
from catalog.exact import write_json
from pricing.retirements import calendar
from pricing.retirements.report import as_json, as_text, read_report
from tokens.durations import parse_duration


class Command(BaseCommand):
    help = (
        "Lists the models that retire within a time, are deprecated, or have just retired: with the keys that may call "
        "them, the reported usage, the successor, and what its price changes for these keys."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--within", metavar="TIME", default="90d", help="The horizon, e.g. 30d or 8w. Default: 90d."
        )
        parser.add_argument(
            "--format", choices=["text", "json", "ics"], default="text", help="Output format. ics: a calendar."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            within = dt.timedelta(days=parse_duration(options["within"]).days)
        except ValueError as error:
            raise CommandError(f"--within: {error}") from None
        now = timezone.now()
        with snapshot():
            entries = read_report(at=now, within=within)
            match options["format"]:
                case "json":
                    text = write_json(as_json(entries, on=now.date())).decode()
                case "ics":
                    retirements = [entry.for_calendar for entry in entries]
                    site = settings.PUBLIC_BASE_URL.rstrip("/")
                    text = calendar.render(retirements, domain=settings.API_DOMAIN, site=site).decode()
                case _:
                    text = "\n".join(as_text(entries, on=now.date()))
        self.stdout.write(text, ending="" if options["format"] == "ics" else None)
