"""The text of an import for a person at a terminal."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog.models import AIModel, ImportRun
from tests.samples import HERE

pytestmark = pytest.mark.django_db


def text(source: str, path: Path, *arguments: str) -> str:
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("import_catalog", source, "--file", str(path), *arguments, stdout=out)
    return out.getvalue()


def test_the_text_has_counts_findings_and_the_next_step() -> None:
    report = text("new_api", HERE / "new_api.json", "--channel", "c")
    assert "new-api price list: 8 new models, 0 changed, 0 unchanged, 0 no longer in the source." in report
    assert "Prices (sell): 6 new" in report
    assert "Channel c (new), group default will reach it: 8 new offers." in report
    assert "placeholder-sample: model_ratio 37.5" in report
    assert "Rates: 1 new, 0 changed.\n  default: ratio nothing → 0.5" in report
    assert report.endswith("Nothing was written. To apply this plan, repeat the command with --apply.\n")
    assert len(report.splitlines()) < 30


def test_the_text_names_the_run_that_can_be_rolled_back(tmp_path: Path) -> None:
    path, out = tmp_path / "map.json", io.StringIO()
    path.write_text(json.dumps({"gpt-x": {"mode": "chat", "input_cost_per_token": 2e-06}}))

    call_command("import_catalog", "litellm", "--file", str(path), "--channel", "c", "--apply", stdout=out)

    number = ImportRun.objects.get().pk
    assert "1 new model, 0 changed" in out.getvalue()
    assert "1 new offer." in out.getvalue()
    assert out.getvalue().endswith(f"Applied as import run {number}. To undo it: rollback_import {number}\n")


def test_the_text_shows_suspicious_withheld_and_missing_values(tmp_path: Path) -> None:
    row = {"mode": "chat", "max_input_tokens": 1000, "input_cost_per_token": 2e-06}
    path = tmp_path / "map.json"
    path.write_text(json.dumps({f"gpt-{number}": row for number in range(8)}))
    call_command("import_catalog", "litellm", "--file", str(path), "--apply", stdout=io.StringIO())
    for model in AIModel.objects.all():
        model.display_name, model.context_length = "Ours", 7
        model.save()
    path.write_text(json.dumps({f"gpt-{number}": row | {"input_cost_per_token": 2e-05} for number in range(7)}))
    report = text("litellm", path)
    assert "\n  gpt-0: Input: $2.00 → $20.00 per million tokens\n" in report
    assert "Suspicious (7):\n  gpt-0: Input: large change" in report
    assert (
        "Not changed, although the source says otherwise (7):\n  gpt-0: context_length 7, not 1000 (set by a person)"
        in report
    )
    assert "No longer in the source, nothing is deleted (1):\n  gpt-7" in report
    assert "gpt-6: context_length" not in report
    assert "gpt-6: context_length" in text("litellm", path, "--all")


def test_foreign_escape_sequences_do_not_reach_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "hostile.json"
    path.write_text('{"gpt-\\u001b[2J": {"mode": "chat"}, "gpt-fine": {"mode": "chat"}}')
    report = text("litellm", path)
    assert "\x1b" not in report
    assert "gpt-\ufffd[2J" in report
