"""The names of shared files: a digest of what the bytes were rendered from, and by which code and settings."""

import dataclasses
import datetime as dt
import hashlib
import os
from decimal import Decimal
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("catalog", "tokens", "pricing", "config")
# Their `repr` is equal exactly for equal values, in every process.
SIMPLE = (bool, int, float, Decimal, bytes, dt.datetime, dt.date, type(None))


class UnstableError(TypeError):
    """A value that other processes may write differently."""


def name_of(key: object, *, code: str) -> str | None:
    """The name of the file of a body that this code renders; None if its key is not the same text in all processes.

    A digest, so that no name contains what a customer may see.
    """
    try:
        text = stable_text(key)
    except UnstableError:
        return None
    return hashlib.sha256(f"{code}\0{text}".encode()).hexdigest()


def stable_text(value: object) -> str:
    """A text that is equal exactly for equal values, in every process."""
    # By the type: Django's lazy values say that they are texts.
    if issubclass(type(value), str):
        # A member of an enumeration equals its text.
        return repr(str.__str__(value))
    if isinstance(value, SIMPLE):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"({','.join(map(stable_text, value))})"
    if isinstance(value, frozenset | set):
        return f"{{{','.join(sorted(map(stable_text, value)))}}}"
    if isinstance(value, dict):
        pairs = sorted((stable_text(name), stable_text(entry)) for name, entry in value.items())
        return f"{{{','.join(f'{name}:{entry}' for name, entry in pairs)}}}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Only what decides whether two of them are equal.
        fields = [getattr(value, field.name) for field in dataclasses.fields(value) if field.compare]
        return f"{type(value).__module__}.{type(value).__qualname__}{stable_text(fields)}"
    raise UnstableError(type(value).__name__)


def running_code() -> str:
    """A digest of the code and the settings of this process.

    A worker that starts after files were replaced runs other code than the workers beside it, and renders other bytes.
    """
    digest = hashlib.sha256()
    for package in PACKAGES:
        for folder, folders, files in os.walk(ROOT / package):
            folders[:] = sorted(set(folders) - {"__pycache__"})
            for file in sorted(files):
                stat = (Path(folder) / file).stat()
                digest.update(f"{folder}/{file} {stat.st_mtime_ns} {stat.st_size}\0".encode())
    for name in sorted(dir(settings)):
        if name.isupper():
            try:
                digest.update(f"{name}={stable_text(getattr(settings, name))}\0".encode())
            except UnstableError:
                continue
    return digest.hexdigest()
