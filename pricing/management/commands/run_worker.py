"""`run_worker`: the long-running process for due sources, events, notices and health checks."""

import signal
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from catalog.error_messages import printable
from pricing.worker.loop import Worker
from tokens.logs import scrub


class Command(BaseCommand):
    help = (
        "Fetches due sources, delivers events, sends notices and checks the catalog once a day. One instance works at "
        "a time across all machines; the others wait and take over when it ends."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Do what is due and exit. Exit code: 0 done, 1 something failed."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        writing = threading.Lock()

        def report(line: str) -> None:
            with writing:
                self.stdout.write(f"{timezone.now():%Y-%m-%d %H:%M:%S} {printable(scrub(line))}")
                self.stdout.flush()

        worker = Worker(report)
        former = {number: signal.signal(number, lambda *_: worker.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if not options["once"]:
                worker.run()
            elif not worker.run_once():
                sys.exit(1)
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
