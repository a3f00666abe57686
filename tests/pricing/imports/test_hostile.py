"""Bad input of any kind is reported in one clear sentence with exit code 4, and nothing is written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.exact import write_json
from catalog.models import AIModel
from pricing.models import PriceSheet
from tests.pricing.imports.running import run, state
from tests.samples import sample

pytestmark = pytest.mark.django_db
GOOD = sample("litellm.json")
ROW = b'{"gpt-x": {"mode": "chat", "input_cost_per_token": %s}}'

HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "blank": b"  \n\t ",
    "only a byte order mark": b"\xef\xbb\xbf",
    "not JSON": b"<html>502 Bad Gateway</html>",
    "truncated": GOOD[: len(GOOD) // 2],
    "trailing": GOOD + b"x",
    "NaN": ROW % b"NaN",
    "Infinity": ROW % b"Infinity",
    "minus Infinity": ROW % b"-Infinity",
    "1e999": ROW % b"1e999",
    "1e-999": ROW % b"1e-999",
    "an endless number": ROW % (b"9" * 100_000),
    "an endless fraction": ROW % (b"0." + b"1" * 100_000),
    "a key twice": b'{"gpt-x": {"mode": "chat"}, "gpt-x": {"mode": "chat"}}',
    "a price twice": b'{"gpt-x": {"mode": "chat", "input_cost_per_token": 1, "input_cost_per_token": 2}}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000,
    "not UTF-8": b'{"gpt-\xff": {"mode": "chat"}}',
    "UTF-16": '{"gpt-x": {"mode": "chat"}}'.encode("utf-16"),
    "a NUL in a name": rb'{"gpt-\u0000": {"mode": "chat"}}',
    "a raw NUL": b'{"gpt-\x00": {"mode": "chat"}}',
    "half a surrogate pair": rb'{"gpt-\ud800": {"mode": "chat"}}',
    "a list": b"[]",
    "a number": b"42",
    "null": b"null",
    "no models": b"{}",
    "rows that are not objects": b'{"gpt-x": 1, "gpt-y": []}',
    "another source's document": sample("new_api.json"),
    "only documentation": b'{"sample_spec": {"mode": "chat"}}',
    "only ids that cannot be": b'{" ": {"mode": "chat"}, "a,b": {"mode": "chat"}}',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_bad_document_is_reported_and_nothing_is_written(tmp_path: Path, content: bytes) -> None:
    before = state()
    outcome = run("litellm", content, tmp_path, "--apply", "--publish", "--channel", "main")
    assert (outcome.code, state()) == (4, before)
    assert outcome.err.endswith(".")
    assert "\n" not in outcome.err
    assert len(outcome.err) < 300
    assert outcome.out == ""


@pytest.mark.parametrize("content", [b"[]", b'{"data": 1}', b'{"success": false, "message": "no"}', b'{"data": []}'])
def test_a_price_list_in_another_format_is_refused(tmp_path: Path, content: bytes) -> None:
    assert run("new_api", content, tmp_path, "--apply").code == 4


PATHS: dict[str, Callable[[Path], Path]] = {
    "missing": lambda folder: folder / "nowhere.json",
    "a folder": lambda folder: folder,
    "a NUL in its name": lambda folder: folder / "a\0b",
    "endless": lambda _: Path("/dev/zero"),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_an_unreadable_file_is_reported_in_one_sentence(tmp_path: Path, path: Callable[[Path], Path]) -> None:
    outcome = run("litellm", path(tmp_path), tmp_path, "--apply")
    assert outcome.code == 4
    assert outcome.err.endswith(".")


def test_a_file_of_200_megabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(200 * 1024**2)
    outcome = run("litellm", huge, tmp_path, "--apply")
    assert (outcome.code, "larger than 64 MiB" in outcome.err) == (4, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--channel", "no such name"),
        ("--channel", "c", "--group", "ghosts"),
        ("--group", "default"),
        ("--only", "zzz*"),
    ],
)
def test_invalid_arguments_are_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    before = state()
    assert run("litellm", GOOD, tmp_path, "--apply", *arguments).code == 4
    assert state() == before


def test_an_unknown_source_is_refused_with_a_list_of_sources(tmp_path: Path) -> None:
    outcome = run("price_oracle", GOOD, tmp_path)
    assert outcome.code == 4
    assert "litellm" in outcome.err


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    assert run("litellm", b"\xef\xbb\xbf" + GOOD, tmp_path, "--apply").code == 0


def test_a_bad_row_is_reported_and_the_rest_imported(tmp_path: Path) -> None:
    rows = {
        "gpt-good": {"mode": "chat", "input_cost_per_token": 1e-06},
        "gpt-bad": {
            "mode": 7,
            "input_cost_per_token": "1 cent",
            "max_input_tokens": 10**30,
            "deprecation_date": "soon",
        },
        "gpt-long-" + "x" * 300: {"mode": "chat"},
        "gpt-list": [],
    }
    outcome = run("litellm", json.dumps(rows), tmp_path, "--apply")
    assert outcome.code == 0
    assert set(AIModel.objects.values_list("name", flat=True)) == {"gpt-good", "gpt-bad"}
    findings = outcome.findings()
    assert "gpt-bad: input_cost_per_token is not a number" in findings
    assert "gpt-bad: max_input_tokens is not a whole number above 0" in findings
    assert "gpt-bad: deprecation_date is not a date" in findings
    assert "gpt-list is not an object" in findings


@pytest.mark.parametrize("exponent", [58, 60])
def test_a_price_whose_factors_multiply_to_too_many_digits_is_reported(tmp_path: Path, exponent: int) -> None:
    plain_row = {"quota_type": 0, "model_ratio": 1, "completion_ratio": 1}
    huge = Decimal(f"1e{exponent}")
    rows = [
        {"model_name": "m-product", **plain_row, "audio_ratio": huge, "audio_completion_ratio": huge},
        {
            "model_name": "m-expression",
            **plain_row,
            "billing_mode": "tiered_expr",
            "billing_expr": f"p * {huge:f} * {huge:f} * {huge:f}",
        },
        {"model_name": "m-good", **plain_row},
    ]
    content = write_json({"success": True, "data": rows})
    outcome = run("new_api", content, tmp_path, "--apply", "--publish", "--channel", "main")
    assert outcome.code == 0
    findings = json.loads(outcome.out)["findings"]
    assert {"m-product", "m-expression"} <= {name for finding in findings for name in finding["models"]}
    assert set(PriceSheet.objects.values_list("model__name", flat=True)) == {"m-expression", "m-good"}


def test_the_process_exits_with_a_code_and_a_sentence() -> None:
    command = [sys.executable, "manage.py", "import_catalog", "litellm", "--file", "/nowhere.json"]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().endswith("/nowhere.json cannot be read: No such file or directory.")


@pytest.mark.parametrize("command", [["import_catalog", "litellm"], ["import_usage"]])
def test_a_pipe_without_a_writer_is_refused(tmp_path: Path, command: list[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CommandError, match="is not a file") as refused:
        call_command(*command, "--file", str(tmp_path / "pipe"))
    assert refused.value.returncode == 4
