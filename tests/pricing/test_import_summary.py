"""The text of an import for a person at a terminal."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.samples import HERE

pytestmark = pytest.mark.django_db


def text(source: str, path: Path, *arguments: str) -> str:
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("import_catalog", source, "--file", str(path), *arguments, stdout=out)
    return out.getvalue()


def test_it_counts_groups_the_findings_and_says_what_to_do_next() -> None:
    shown = text("new_api", HERE / "new_api.json", "--channel", "c")
    assert "new-api price list: 7 new models, 0 changed, 0 unchanged, 0 missing" in shown
    assert "Prices (sell): 5 new" in shown
    assert "Channel c (new), which group default will reach: 7 models more on offer." in shown
    assert "placeholder-sample: model_ratio 37.5" in shown
    assert "Rate of group default: 1 -> 0.5." in shown
    assert shown.endswith("Nothing was written. To carry it out, repeat with --apply.\n")
    assert len(shown.splitlines()) < 30


def test_no_escape_sequence_of_a_stranger_reaches_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "hostile.json"
    path.write_text('{"gpt-\\u001b[2J": {"mode": "chat"}, "gpt-fine": {"mode": "chat"}}')
    shown = text("litellm", path)
    assert "\x1b" not in shown
    assert "gpt-\ufffd[2J" in shown
