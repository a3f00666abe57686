"""Reports of any length are checked first, and then stored in short transactions; a repeated report replaces itself."""

import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from catalog.db import revision
from pricing.models import UsageCount
from pricing.usage import totals
from pricing.usage.totals import Report, record_usage
from tests import world

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _now(time_machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    time_machine.move_to(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC))
    monkeypatch.setattr(totals, "BATCH", 10)


def days(number: int, *, requests: int = 1, since: int = 1) -> Iterator[Report]:
    """Reports of one model about that many days, the newest first."""
    return (Report("a", TODAY - dt.timedelta(since + place), requests) for place in range(number))


def stored() -> list[int]:
    return list(UsageCount.objects.order_by("day").values_list("requests", flat=True))


def import_file(folder: Path, content: str | bytes, *arguments: str) -> str:
    path = folder / "usage"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    out = io.StringIO()
    call_command("import_usage", "--file", str(path), *arguments, stdout=out)
    return out.getvalue()


def test_a_repeated_report_replaces_itself_and_raises_no_counter() -> None:
    world.model("a")
    for _ in range(2):
        assert record_usage(days(35), reporter="gateway", today=TODAY).taken == 35
        assert stored() == [1] * 35
        counters = revision.read()
    record_usage(days(35), reporter="gateway", today=TODAY)
    assert revision.read() == counters


def test_a_report_raises_popularity_alone_and_only_for_days_that_determine_it(settings: Any) -> None:
    settings.POPULAR_DAYS = 7
    world.model("a")
    before = revision.read()
    record_usage(days(30, since=8), reporter="gateway", today=TODAY)
    assert revision.read() == before
    record_usage(days(7), reporter="gateway", today=TODAY)
    after = revision.read()
    assert after == before._replace(number=before.number + 1, epoch=after.epoch, popularity=after.epoch)
    assert after.epoch not in before
    settings.POPULAR_COUNT = 0
    record_usage(days(7, requests=2), reporter="gateway", today=TODAY)
    assert revision.read().popularity == after.popularity


def test_each_transaction_holds_the_lock_for_one_batch() -> None:
    world.model("a")
    with CaptureQueriesContext(connection) as captured:
        record_usage(days(35), reporter="gateway", today=TODAY)
    writes = [query["sql"] for query in captured if "INSERT INTO" in query["sql"] and "usagecount" in query["sql"]]
    assert len(writes) == 4


def test_an_interrupted_import_is_completed_by_repeating_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world.model("a")
    write, calls = totals.write, []

    def fail_at_the_third(sums: Any, **options: Any) -> None:
        calls.append(sums)
        if len(calls) == 3:
            raise DatabaseError
        write(sums, **options)

    monkeypatch.setattr(totals, "write", fail_at_the_third)
    with pytest.raises(DatabaseError):
        record_usage(days(35), reporter="gateway", today=TODAY)
    assert stored() == [1] * 20
    monkeypatch.setattr(totals, "write", write)
    record_usage(days(35), reporter="gateway", today=TODAY)
    assert stored() == [1] * 35


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a,2026-11-22,many", "Line 25: The requests of a must be a whole number, 0 or more. Nothing was stored."),
        ("a,2026-11-24,1", "Line 25: The day 2026-11-24 is in the future. Nothing was stored."),
        ("a", "Line 25: The day of a must be a date such as 2026-01-31. Nothing was stored."),
        ("x" * 70_000, "Line 25: It is longer than 65,536 characters. Nothing was stored."),
        (b"\xff,2026-11-22,1", "Line 25: It is not UTF-8 text. Nothing was stored."),
    ],
)
def test_an_invalid_line_is_named_and_nothing_is_stored(tmp_path: Path, line: str | bytes, message: str) -> None:
    world.model("a")
    lines = ["model,day,requests", *(f"a,{report.day},1" for report in days(23))]
    content = (
        "\n".join(lines).encode() + b"\n" + (line.encode() if isinstance(line, str) else line) + b"\na,2026-11-22,1"
    )
    with pytest.raises(CommandError) as error:
        import_file(tmp_path, content)
    assert (str(error.value), error.value.returncode) == (message, 4)
    assert stored() == []


def test_json_lines_are_imported(tmp_path: Path) -> None:
    world.model("a")
    lines = [
        '{"model": "a", "day": "2026-11-22", "requests": 5, "tokens": 7}',
        "",
        '{"model": "x", "day": "2026-11-22", "requests": 1}',
    ]
    output = import_file(tmp_path, "\ufeff" + "\n".join(lines), "--format", "json")
    assert json.loads(output) == {"kept": 1, "unknown": ["x"], "dry_run": False}
    counts = UsageCount.objects.order_by("name").values_list("name", "requests", "tokens")
    assert list(counts) == [("a", 5, 7), ("x", 1, 0)]
    with pytest.raises(CommandError, match=r"Line 2: It must be an object with model, day, requests and tokens\."):
        import_file(tmp_path, lines[0] + "\n[]\n")


def test_a_quote_without_an_end_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"^It is not valid CSV: unexpected end of data\. Nothing was stored\.$"):
        import_file(tmp_path, 'model,day,requests\n"a,2026-11-22,5\n')


def test_a_file_larger_than_any_source_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.imports.documents.LARGEST_FILE", 10)
    world.model("a")
    assert import_file(tmp_path, "model,day,requests\na,2026-11-22,5\n") == "1 counts stored.\n"


def test_a_long_list_of_unknown_names_is_cut(tmp_path: Path) -> None:
    content = "model,day,requests\n" + "".join(f"x{number:03},2026-11-22,1\n" for number in range(130))
    assert "x099 and 30 more." in import_file(tmp_path, content)


def test_each_source_has_counts_of_its_own(tmp_path: Path) -> None:
    world.model("a")
    import_file(tmp_path, "model,day,requests\na,2026-11-22,545\n", "--source", "w1")
    import_file(tmp_path, "model,day,requests,source\na,2026-11-22,272,w2\na,2026-11-22,1,\n", "--source", "w1")
    assert dict(UsageCount.objects.values_list("source", "requests")) == {"w1": 1, "w2": 272}


def test_an_unknown_column_or_field_is_refused(tmp_path: Path) -> None:
    message = r"There is no column 'token'\. The columns are model, day, requests, tokens, source\."
    with pytest.raises(CommandError, match=message):
        import_file(tmp_path, "model,day,requests,token\na,2026-11-22,5,9\n")
    with pytest.raises(CommandError, match=r"Line 1: A report has no field 'token'\."):
        import_file(tmp_path, '{"model": "a", "day": "2026-11-22", "requests": 1, "token": 9}\n')
    assert not UsageCount.objects.exists()
