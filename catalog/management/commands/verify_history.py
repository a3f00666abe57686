"""`verify_history`: finds history rows and audit entries that were changed, removed or inserted by SQL."""

import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.audit.verification import Verification, verify
from catalog.exact import write_json

logger = logging.getLogger("modelbook.audit")


class Command(BaseCommand):
    help = (
        "Compares all histories and the audit trail with their chain of hashes. Exits with 1 and names the first row "
        "that was changed, removed or inserted outside of the application; otherwise with 0 and the head of the chain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--head",
            metavar="HEAD",
            action="append",
            default=[],
            help="A head that this command showed earlier: it must still be part of the chain. Can be repeated.",
        )
        parser.add_argument(
            "--head-file",
            metavar="FILE",
            default=settings.AUDIT_HEAD_FILE,
            help="A file with heads that --write-head has written; all of them must be part of the chain. Default: "
            "AUDIT_HEAD_FILE.",
        )
        parser.add_argument("--write-head", action="store_true", help="Add the head to the file, if nothing is wrong.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        file = Path(options["head_file"]) if options["head_file"] else None
        if options["write_head"] and file is None:
            raise CommandError("Name the file with --head-file, or set AUDIT_HEAD_FILE.")
        is_first = options["write_head"] and file is not None and not file.exists()
        result = verify(heads=[*options["head"], *([] if is_first else _read_heads(file))])
        if options["format"] == "json":
            self.stdout.write(write_json(_document(result)).decode())
        if result.fault:
            logger.error("The audit trail was changed: %s", result.fault)
            raise CommandError(str(result.fault))
        logger.info("Audit trail: %s entries, head %s", result.entries, result.head)
        if options["format"] == "text":
            self.stdout.write(f"{result.entries} entries agree with their hashes and histories.\nHead: {result.head}")
        if options["write_head"] and file is not None:
            _write_head(file, result)


def _document(result: Verification) -> dict[str, Any]:
    fault = result.fault
    return {
        "entries": result.entries,
        "head": None if fault else result.head,
        "fault": fault and {"table": fault.table, "key": fault.key, "about": fault.about, "at": fault.at or None,
                            "problem": fault.problem},
    }  # fmt: skip


def _read_heads(file: Path | None) -> list[str]:
    """The heads of a file: the last word of each line."""
    if file is None:
        return []
    try:
        return [line.split()[-1] for line in file.read_text().splitlines() if line.strip()]
    except FileNotFoundError:
        raise CommandError(f"{file} does not exist. --write-head creates it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not valid UTF-8'}."
        ) from None


def _write_head(file: Path, result: Verification) -> None:
    try:
        with file.open("a") as heads:
            heads.write(f"{timezone.now():%Y-%m-%dT%H:%M:%SZ} {result.entries} {result.head}\n")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
