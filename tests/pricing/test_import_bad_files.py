"""Hundreds of bad files, made from every source's sample: each one is a sentence, and nothing is written."""

import gzip
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.sources import SOURCES
from tests.pricing.imports import run, state
from tests.samples import HERE, sample

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
SAMPLES = {path.stem: sample(path.name) for path in sorted(HERE.glob("*.json")) if path.stem in SOURCES}
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
    "a byte that is no UTF-8": worded(b"\xff"),
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
CASES = [(source, name, change(content)) for source, content in SAMPLES.items() for name, change in CHANGES.items()]
CASES += [(source, name, content) for source in SAMPLES for name, content in WHOLE.items()]


def test_there_are_enough_of_them() -> None:
    assert len({(source, content) for source, _, content in CASES}) >= 200
    assert {"litellm", "models_dev", "genai_prices", "openrouter", "openai_models", "llm_prices"} <= SAMPLES.keys()
    assert all(content != SAMPLES[source] for source, _, content in CASES)


@pytest.mark.parametrize("source", SAMPLES)
def test_a_bad_file_is_one_sentence_and_nothing_is_written(tmp_path: Path, source: str) -> None:
    before = state()
    for name, content in [(name, content) for slug, name, content in CASES if slug == source]:
        began = time.process_time()
        outcome = run(source, content, tmp_path, "--apply", "--publish", "--channel", "main")
        assert time.process_time() - began < SECONDS, name
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
def test_a_value_of_another_kind_is_planned_around_or_refused(tmp_path: Path, source: str) -> None:
    every = list(places(SAMPLES[source]))
    before = state()
    for content in every[:: max(len(every) // 25, 1)]:
        outcome = run(source, content, tmp_path)
        assert outcome.code in (0, 2, 4)
        assert outcome.code != 4 or outcome.err.endswith(".")
    assert state() == before


HEAVY = """
import resource, sys, time
from catalog.importing import InputError, read_document
from catalog.sources import SOURCES

def documents():
    yield b"[" + b"{}," * 11_000_000 + b"{}]"
    yield b"[" + b"1.5," * 8_000_000 + b"1]"
    yield b'{"data": [' + b'{"id": "a", "pricing": {}},' * 100_000 + b"{}]}"
    yield b'{"a": {"mode": "chat", "x": "' + b"y" * 31_000_000 + b'"}}'
    yield b'{"' + b"k" * 31_000_000 + b'": {}}'
    yield b'{"a": ' + b"9" * 31_000_000 + b"}"
    yield b'"' + rb"\\u0041" * 5_000_000 + b'"'
    yield b" " * 33_000_000

start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for number, content in enumerate(documents()):
    for slug in sys.argv[1:]:
        began = time.process_time()
        try:
            read_document(SOURCES[slug].read, content)
        except InputError as refused:
            assert str(refused).endswith("."), refused
        used = time.process_time() - began
        assert used < 2, (slug, number, used)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1024
    assert peak < 200, (number, peak)
"""


def test_the_heaviest_files_take_neither_the_memory_nor_the_time() -> None:
    script = f"import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup()\n{HEAVY}"
    done = subprocess.run(
        [sys.executable, "-c", script, *SAMPLES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
