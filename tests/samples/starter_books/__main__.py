"""Makes an extract: `python -m tests.samples.starter_books litellm 2026-09-27 model_prices.json`."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from catalog.exact import read_json, write_json
from catalog.imports.spellings import spelling_of
from catalog.sources import SOURCES, starter
from catalog.sources.litellm import PRICE_WORDS
from tests.samples.starter_books import HERE

Row = Mapping[str, Any]
# Provider ("" if the book has none) and id of a model.
IsChosen = Callable[[str, str], bool]


def main(reader: str, date: str, file: str) -> None:
    """Writes the extract of a document beside this module, instead of the one before it."""
    content = Path(file).read_bytes()
    extract = EXTRACTORS[reader](read_json(content), starter_rows(reader, content))
    for old in HERE.glob(f"{reader}_2*.json"):
        old.unlink()
    lines = write_json(extract).replace(b'},"', b'},\n"').replace(b"},{", b"},\n{")
    (HERE / f"{reader}_{date}.json").write_bytes(lines + b"\n")


def starter_rows(reader: str, content: bytes) -> IsChosen:
    """Which rows of the document are vendors' own rows of the starter catalog's priced models."""
    from pricing.verification.quorum import is_vendors_own

    names = {record.name for record in starter.read(starter.FILE.read_bytes()).records if record.prices}
    spellings = {spelling_of(name) for name in names}
    chosen = {
        (record.provider, record.name)
        for record in SOURCES[reader].read(content).records
        if record.name in names or spelling_of(record.name) in spellings
        if record.first_party and (record.provider or record.name in names or is_vendors_own(record.name))
    }
    return lambda provider, name: (provider, name) in chosen


def litellm(body: Any, is_chosen: IsChosen) -> Any:
    identity = ("mode", "litellm_provider")
    return {
        name: {key: value for key, value in row.items() if key in identity or PRICE_WORDS.search(key)}
        for name, row in body.items()
        if is_chosen("", name)
    }


def openrouter(body: Any, is_chosen: IsChosen) -> Any:
    rows = body["data"] if isinstance(body, dict) else body
    return {"data": [{"id": row["id"], "pricing": row["pricing"]} for row in rows if is_chosen("", row["id"])]}


def models_dev(body: Any, is_chosen: IsChosen) -> Any:
    hosts = {}
    for key, host in body.items():
        rows = {
            name: part(row, "id", "cost", "experimental")
            for name, row in host["models"].items()
            if is_chosen(key, name)
        }
        if rows:
            hosts[key] = part(host, "id", "name") | {"models": rows}
    return hosts


def genai_prices(body: Any, is_chosen: IsChosen) -> Any:
    hosts = []
    for host in body:
        rows = [
            part(row, "id", "prices", "price_variants") for row in host["models"] if is_chosen(host["id"], row["id"])
        ]
        if rows:
            hosts.append(part(host, "id", "name") | {"models": rows})
    return hosts


def part(row: Row, *keys: str) -> dict[str, Any]:
    return {key: row[key] for key in keys if key in row}


EXTRACTORS: Mapping[str, Callable[[Any, IsChosen], Any]] = {
    "litellm": litellm,
    "openrouter": openrouter,
    "models_dev": models_dev,
    "genai_prices": genai_prices,
}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    main(*sys.argv[1:])
