"""Hundreds of bad files, made from every source's sample: each is reported in one sentence, and nothing is written."""

import gzip
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.sources import SOURCES
from tests.pace import is_too_slow
from tests.pricing.imports.running import run, state
from tests.samples import HERE, sample

pytestmark = pytest.mark.django_db
SAMPLES = {path.stem: sample(path.name) for path in sorted(HERE.glob("*.json")) if path.stem in SOURCES}
BY_HAND = {"csv": sample("csv.csv"), "yaml": sample("yaml.yaml")}
NUMBER = re.compile(rb"(?<=: )-?\d+(?:\.\d+)?(?:[eE]-?\d+)?")
STRING = re.compile(rb'(?<=: ")[^"\\]+')
SECONDS = 2

Change = Callable[[bytes], bytes]


def numbered(text: bytes) -> Change:
    """Another number in place of the first one that a sample has."""
    return lambda content: NUMBER.sub(text, content, count=1)


def worded(text: bytes) -> Change:
    return lambda content: STRING.sub(text, content, count=1)


CHANGES: dict[str, Change] = {
    "a quarter of it": lambda content: content[: len(content) // 4],
    "a half of it": lambda content: content[: len(content) // 2],
    "all but its end": lambda content: content.rstrip()[:-1],
    "something after it": lambda content: content + b"x",
    "twice": lambda content: content + content,
    "something before it": lambda content: b"x" + content,
    "a comma too many": lambda content: content.rstrip()[:-1] + b"," + content.rstrip()[-1:],
    "NaN": numbered(b"NaN"),
    "Infinity": numbered(b"Infinity"),
    "minus Infinity": numbered(b"-Infinity"),
    "1e999": numbered(b"1e999"),
    "1e-999": numbered(b"1e-999"),
    "a number of 100,000 digits": numbered(b"9" * 100_000),
    "a fraction of 100,000 digits": numbered(b"0." + b"1" * 100_000),
    "a hexadecimal number": numbered(b"0x10"),
    "a number with a comma": numbered(b"1,5"),
    "a key twice": lambda content: content.replace(b"{", b'{"a": 1, "a": 2, ', 1),
    "a bare word": worded(b'", x: "'),
    "a NUL": worded(rb"\\u0000"),
    "a raw NUL": worded(b"\x00"),
    "half a surrogate pair": worded(rb"\\ud800"),
    "a byte that is not UTF-8": worded(b"\xff"),
    "Latin-1": worded("é".encode("latin-1")),
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "UTF-32": lambda content: content.decode().encode("utf-32"),
    "packed": gzip.compress,
}
WHOLE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\t ",
    "a byte order mark": b"\xef\xbb\xbf",
    "a page": b"<!doctype html><html><body>502 Bad Gateway</body></html>",
    "noise": bytes(range(256)) * 16,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a database": b"SQLite format 3\x00" + bytes(1000),
    "a list": b"[]",
    "a list of lists": b"[[]]",
    "a list of numbers": b"[1, 2]",
    "an object": b"{}",
    "an object of objects": b'{"a": {}}',
    "an object of nothing": b'{"data": null, "models": null}',
    "an error": b'{"success": false, "error": {"message": "no"}, "data": []}',
    "a number": b"42",
    "null": b"null",
    "true": b"true",
    "a text": b'"models"',
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    "100,000 brackets that close": b"[" * 100_000 + b"]" * 100_000,
}


def csv_cell(column: int, text: bytes) -> Change:
    """Another cell in the first line below the header."""

    def changed(content: bytes) -> bytes:
        lines = content.split(b"\n")
        cells = lines[1].split(b",")
        cells[column] = text
        return b"\n".join([lines[0], b",".join(cells), *lines[2:]])

    return changed


def yaml_value(key: bytes, text: bytes) -> Change:
    return lambda content: re.sub(
        rb"(?m)(\b" + key + rb":) .*$", lambda match: match[1] + b" " + text, content, count=1
    )


CSV: dict[str, Change] = {
    "its header alone": lambda content: content.partition(b"\n")[0],
    "a column twice": lambda content: content.replace(b"vendor", b"model", 1),
    "a misspelt column": lambda content: content.replace(b"condition", b"conditions", 1),
    "a cell too many": lambda content: content.replace(b",,\n", b",,,\n", 2),
    "an open quote": csv_cell(3, b'"input'),
    "no model": csv_cell(0, b""),
    "no number": csv_cell(4, b"two"),
    "a currency sign": csv_cell(4, b"$2"),
    "thousands": csv_cell(4, b'"1,000"'),
    "a negative number": csv_cell(4, b"-2"),
    "NaN": csv_cell(4, b"NaN"),
    "1e999": csv_cell(4, b"1e999"),
    "100,000 digits": csv_cell(4, b"9" * 99_000),
    "a number of units that is none": csv_cell(5, b"many"),
    "no units at all": csv_cell(5, b"0"),
    "two currencies": csv_cell(7, b"EUR"),
    "a condition that is none": csv_cell(8, b"whenever"),
    "a NUL": csv_cell(0, b"\x00"),
    "a byte that is not UTF-8": csv_cell(0, b"\xff"),
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "packed": gzip.compress,
    "a long cell": csv_cell(0, b"y" * 200_000),
}
YAML: dict[str, Change] = {
    "another format": yaml_value(b"format", b"modelbook/9"),
    "no format": lambda content: content.partition(b"\n")[2],
    "an open bracket": yaml_value(b"channels", b"[main"),
    "an open quote": yaml_value(b"name", b'"Sample'),
    "a tab": lambda content: content.replace(b"  - slug", b"\t- slug", 1),
    "an anchor": yaml_value(b"name", b"&a Sample"),
    "an alias": yaml_value(b"name", b"*a"),
    "a tag": yaml_value(b"name", b"!!python/object:os.system x"),
    "a key twice": lambda content: content.replace(b"    name: Sample", b"    name: Sample\n    name: Sample"),
    "two documents": lambda content: content + b"---\n" + content,
    "a list for a name": lambda content: content.replace(b"- name: sample-chat", b"- name: [a]"),
    "no list of models": lambda content: content.replace(b"models:\n", b"models: none\nmore:\n"),
    "no number": yaml_value(b"amount", b"two"),
    "NaN": yaml_value(b"amount", b".nan"),
    "a negative number": yaml_value(b"amount", b"-2"),
    "1e999": yaml_value(b"amount", b"1e999"),
    "no count": yaml_value(b"context_length", b"1.5"),
    "no date": yaml_value(b"released_on", b"soon"),
    "no flag": yaml_value(b"enabled", b"perhaps"),
    "a byte that is not UTF-8": yaml_value(b"name", b"\xff"),
    "a NUL": yaml_value(b"name", b'"\\0"'),
    "100,000 brackets": lambda content: content + b"more: " + b"[" * 100_000,
    "packed": gzip.compress,
}
CASES = [(source, name, change(content)) for source, content in SAMPLES.items() for name, change in CHANGES.items()]
CASES += [(source, name, content) for source in SAMPLES for name, content in WHOLE.items()]
CASES += [("csv", name, change(BY_HAND["csv"])) for name, change in CSV.items()]
CASES += [("yaml", name, change(BY_HAND["yaml"])) for name, change in YAML.items()]
CASES += [(source, name, content) for source in BY_HAND for name, content in WHOLE.items()]


def test_there_are_enough_of_them() -> None:
    assert len({(source, content) for source, _, content in CASES}) >= 200
    assert {"litellm", "models_dev", "genai_prices", "openrouter", "openai_models", "llm_prices"} <= SAMPLES.keys()
    assert all(content != (SAMPLES | BY_HAND)[source] for source, _, content in CASES)


@pytest.mark.parametrize("source", BY_HAND)
def test_the_samples_are_valid(tmp_path: Path, source: str) -> None:
    outcome = run(source, BY_HAND[source], tmp_path, "--apply")
    assert (outcome.code, outcome.report["findings"]) == (0, [])


@pytest.mark.parametrize("source", [*SAMPLES, *BY_HAND])
def test_a_bad_file_is_reported_and_nothing_is_written(tmp_path: Path, source: str) -> None:
    before = state()
    for name, content in [(name, content) for slug, name, content in CASES if slug == source]:
        began = time.process_time()
        outcome = run(source, content, tmp_path, "--apply", "--publish", "--channel", "main")
        assert not is_too_slow(time.process_time() - began, SECONDS), name
        assert outcome.code == 4, name
        assert outcome.err.endswith("."), name
        assert "\n" not in outcome.err, name
        assert len(outcome.err) < 300, name
    assert state() == before


def places(content: bytes) -> Iterator[bytes]:
    """The sample with something of another kind in place of each of its values."""
    for match in (*NUMBER.finditer(content), *re.finditer(rb'(?<=: )"[^"\\]*"', content)):
        for other in (b"null", b"[]", b'{"a": [1]}', b"true", b"-1", b'"\xe2\x80\xae"', b"1e50"):
            yield content[: match.start()] + other + content[match.end() :]


@pytest.mark.parametrize("source", SAMPLES)
def test_a_value_of_another_type_is_left_out_or_refused(tmp_path: Path, source: str) -> None:
    every = list(places(SAMPLES[source]))
    before = state()
    for content in every[:: max(len(every) // 25, 1)]:
        outcome = run(source, content, tmp_path)
        assert outcome.code in (0, 2, 4)
        assert outcome.code != 4 or outcome.err.endswith(".")
    assert state() == before
