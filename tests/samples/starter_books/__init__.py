"""Extracts of public price books with only the starter catalog's models and their prices, to compare it with.

Each file is named after its reader and the date of its document; catalog/starter/catalog.yaml names the sources and
their licences. `python -m tests.samples.starter_books READER DATE FILE` makes one from a newer document.
"""

from pathlib import Path

HERE = Path(__file__).parent


def extracts() -> dict[str, bytes]:
    """Reader -> its extract."""
    return {path.stem.rpartition("_")[0]: path.read_bytes() for path in sorted(HERE.glob("*.json"))}
