"""`python -m tests.releases.upgraded FILE`: brings an empty database to that release and then up to date.

Prints in JSON what is then read through the same interfaces that clients and operators use.
"""

import json
import sys
from pathlib import Path
from typing import Any

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from catalog.exact import read_json  # noqa: E402
from catalog.models import AIModel, ImportRun  # noqa: E402
from pricing.models import PriceLine, PriceSheet  # noqa: E402
from tests.releases import KEY, rows  # noqa: E402
from tokens.models import RetiredKey, Token, TokenGroup  # noqa: E402

BEFORE_COMPRESSION = ("catalog", "0005_count_changes_by_part")


def read() -> dict[str, Any]:
    client = Client(headers={"authorization": f"Bearer {KEY}"})
    prices = client.get("/api/pricing").json()["data"]
    model = AIModel.objects.get(name="gpt-4o")
    return {
        "listed": sorted(row["id"] for row in client.get("/v1/models").json()["data"]),
        "by alias": client.get("/v1/models/gpt-latest").json()["id"],
        "priced": sorted(row["model_name"] for row in prices if row.get("model_ratio")),
        "ratio": str(next(row["model_ratio"] for row in prices if row["model_name"] == "gpt-4o")),
        "description": model.description,
        "amounts": sorted(f"{line.amount:f}" for line in PriceLine.objects.filter(sheet__model=model)),
        "conditions": [line.conditions for line in PriceLine.objects.exclude(conditions=[]).filter(sheet__model=model)],
        "sheets": PriceSheet.objects.count(),
        "history": model.history.count(),
        "deleted": list(AIModel.history.filter(history_type="-").values_list("name", flat=True)),
        "groups": sorted(Token.objects.get(name="Acme").groups.values_list("slug", flat=True)),
        "channels": list(TokenGroup.objects.get(slug="vip").channels.values_list("slug", flat=True)),
        "retired keys": RetiredKey.objects.count(),
        "imports": sorted(ImportRun.objects.values_list("source__slug", flat=True)),
        "names": [run.listed if run.listed is None else len(run.listed) for run in ImportRun.objects.order_by("pk")],
        "reports": [sorted(run.report) for run in ImportRun.objects.order_by("pk")],
    }


def write() -> dict[str, Any]:
    """New rows get new ids, and an administrator opens every page."""
    boss = User.objects.create_superuser("upgraded")
    client = Client()
    client.force_login(boss)
    Token.objects.issue("new", groups=[TokenGroup.objects.default()])
    model = AIModel.objects.get(name="gpt-4o")
    model.series = "after the upgrade"
    model.save()
    paths = ["", "catalog/aimodel/", f"catalog/aimodel/{model.pk}/change/", f"catalog/aimodel/{model.pk}/history/"]
    return {
        "statuses": sorted({client.get(f"/admin/{path}").status_code for path in paths}),
        "last change": model.history.latest().series,
    }


def reports() -> list[str]:
    """The reports of the runs as text, before they were compressed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT report FROM catalog_importrun ORDER BY id")
        return [report for (report,) in cursor.fetchall()]


def main(file: Path) -> None:
    rows.load(file.read_bytes())
    before = reports()
    rows.migrate(rows.newest())
    rows.migrate([BEFORE_COMPRESSION])
    are_back = [read_json(report) for report in reports()] == [read_json(report) for report in before]
    rows.migrate(rows.newest())
    sys.stdout.write(json.dumps(read() | write() | {"reports come back": are_back}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
