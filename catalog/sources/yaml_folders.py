"""A folder of YAML files as one catalog, whatever the names and the order of the files."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.sources.limits import LARGEST_FILE
from catalog.sources.rows import SourceError, refuse_more
from catalog.sources.yaml_catalog import FORMAT, SECTIONS, read_body
from catalog.sources.yaml_values import Entry, read_list, write

SUFFIXES = (".yaml", ".yml")


def files_of(folder: Path) -> list[Path]:
    """The YAML files of the folder and its subfolders, without hidden ones; SourceError about links."""
    return sorted(_walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in (*names, *folders):
            if (
                not name.startswith(".")
                and (name.lower().endswith(SUFFIXES) or name in folders)
                and Path(path, name).is_symlink()
            ):
                raise SourceError(f"{Path(path, name)} is a symbolic link: replace it with what it leads to.")
        yield from (Path(path, name) for name in names if name.lower().endswith(SUFFIXES) and not name.startswith("."))


def join(folder: Path) -> bytes:
    """The catalog in all files of a folder as one document, each section in the order of its names.

    SourceError if a file is not a catalog, or if an entry is in two files. OSError if one cannot be read.
    """
    files = files_of(folder)
    if not files:
        raise SourceError(f"{folder} contains no file that ends in {' or '.join(SUFFIXES)}.")
    refuse_more(len(files), of="files in one folder")
    joined, size = _Joined(), 0
    for file in files:
        content = _content(file, most=LARGEST_FILE - size)
        size += len(content)
        if size > LARGEST_FILE:
            raise SourceError(f"The files of {folder} are larger than {LARGEST_FILE // 1024**2} MiB together.")
        name = file.relative_to(folder)
        try:
            joined.add(name, read_body(content))
        except DuplicateError:
            raise
        except SourceError as error:
            raise SourceError(f"{name}: {error}") from None
    return joined.document()


def _content(file: Path, *, most: int) -> bytes:
    # Opening a pipe waits for a writer, which may never come.
    if not file.is_file():
        raise SourceError(f"{file} is not a file.")
    with file.open("rb") as opened:
        return opened.read(most + 1)


class DuplicateError(SourceError):
    """An entry is in two files; the message names both."""


class _Joined:
    """The entries of each section by their names, and the files that they are in."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[tuple[str, ...], Any]] = {}
        self.files: dict[tuple[str, ...], Path] = {}

    def add(self, file: Path, body: Entry) -> None:
        for section in body.keys() - {"format"}:
            entries = self.entries.setdefault(section, {})
            for entry in read_list(body, section):
                key = SECTIONS[section].name_of(entry)
                if (other := self.files.get((section, *key))) is not None:
                    where = "twice in" if other == file else f"in {other} and also in"
                    what = SECTIONS[section].titled(key)
                    raise DuplicateError(f"{what} is {where} {file}: keep one of them.")
                self.files[section, *key] = file
                entries[key] = entry

    def document(self) -> bytes:
        lists = {
            section: [self.entries[section][key] for key in sorted(self.entries[section])]
            for section in SECTIONS
            if section in self.entries
        }
        return write({"format": FORMAT, **lists})
