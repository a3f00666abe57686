"""Runs `import_catalog` in a test, and counts the rows of every table."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command

from catalog.db import revision
from catalog.models import AIModel, Channel, EndpointType, ImportRun, Offer, Snapshot, Source, Vendor
from pricing.models import GroupRate, PopularModel, PriceLine, PriceSheet

TABLES = (
    AIModel,
    AIModel.history.model,
    Channel,
    EndpointType,
    GroupRate,
    ImportRun,
    Offer,
    Offer.history.model,
    PopularModel,
    PriceLine,
    PriceSheet,
    PriceSheet.history.model,
    Snapshot,
    Source,
    Vendor,
    Vendor.history.model,
)


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.out)
        return report

    def findings(self) -> str:
        return "; ".join(f"{', '.join(finding['models'])}: {finding['finding']}" for finding in self.report["findings"])


def run(source: str, document: Path | bytes | str, folder: Path, *arguments: str) -> Outcome:
    """Runs the command on a file, or on these bytes in one; the report is JSON."""
    path = document if isinstance(document, Path) else folder / "document.json"
    if not isinstance(document, Path):
        path.write_bytes(document if isinstance(document, bytes) else document.encode())
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(
            "import_catalog", source, "--file", str(path), "--format", "json", *arguments, stdout=out, stderr=err
        )
    except SystemExit as stop:
        return Outcome(int(stop.code or 0), out.getvalue(), err.getvalue())
    except CommandError as error:
        return Outcome(error.returncode, out.getvalue(), str(error))
    return Outcome(0, out.getvalue(), err.getvalue())


def state() -> dict[str, int]:
    """How many rows every table has, and the revision: equal before and after means that nothing was written."""
    return {table.__name__: table._default_manager.count() for table in TABLES} | {"revision": revision.current()}
