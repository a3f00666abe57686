"""Importing the CSV of a catalog again changes nothing."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from pricing.models import PriceLine, PriceSheet
from tests.pricing.export.test_real_files import FILES as ALL_FILES
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db


# What visitors see of a gateway's own list has its groups' rate in it, which no import of prices takes out again.
FILES = [(source, path) for source, path in ALL_FILES if source != "new_api"]


@pytest.mark.parametrize(("source", "path"), FILES, ids=[f"{source}-{path.stem}" for source, path in FILES])
def test_an_exported_catalog_is_imported_unchanged(source: str, path: Path, tmp_path: Path) -> None:
    assert run(source, path, tmp_path, "--apply", "--publish", "--channel", "main").code == 0
    role = PriceSheet.objects.values_list("role", flat=True).first() or "list"
    out, before = io.StringIO(), PriceLine.objects.count()
    call_command("export_catalog", "csv", stdout=out)
    outcome = run("csv", out.getvalue(), tmp_path, "--apply", "--as", role)
    assert (outcome.code, outcome.report["prices"]["changed"], outcome.report["new"]) == (0, {}, [])
    assert PriceLine.objects.count() == before
