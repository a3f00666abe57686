"""A name of a shared file is the same in every process for equal keys, and differs for all others."""

import datetime as dt
import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import AIModel
from pricing.pages.visitor import Place
from tokens.http.shared import names
from tokens.http.shared.names import name_of, running_code

MOMENT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Reader:
    """As pricing.pages.visitor.Visitor: some fields do not decide whether two are equal."""

    group: str
    words: frozenset[str] = frozenset()
    at: dt.datetime = field(default=MOMENT, compare=False)
    models: Any = field(default=None, compare=False)


KEYS: list[Any] = [
    (7, "openai", "fingerprint", "whole", dt.date(2026, 11, 22)),
    (7, "openai", "fingerprint", "whole", dt.date(2026, 11, 23)),
    (7, "openai", "fingerprint", "whole", MOMENT),
    (7, "openai", "fingerprint", None),
    (7, "openai", "fingerprint", ""),
    (7, "openai", "fingerprint", "None"),
    (7, ("openai", "fingerprint"), "None"),
    (7, ("openai",), "fingerprint", "None"),
    (True, 1), (1, 1), (Decimal(1), 1), ("1", 1), (b"1", 1), (1.0, 1),
    (Decimal("1.50"), 1),
    ("a,b",), ("a", "b"), ("a','b",),
    (Place("/", (("sort", "price"),)),), (Place("/", (("sort", "name"),)),), (("/", (("sort", "name"),)),),
    (Reader("a"),), (Reader("b"),), (Reader("a", frozenset("xyz")),),
]  # fmt: skip


def test_different_keys_have_different_names() -> None:
    assert len({name_of(key, code="1") for key in KEYS}) == len(KEYS)
    assert name_of(KEYS[0], code="1") != name_of(KEYS[0], code="2")


def test_equal_keys_have_equal_names() -> None:
    other = Reader("a", at=MOMENT + dt.timedelta(1), models=object())

    assert name_of((Reader("a"),), code="1") == name_of((other,), code="1")
    assert name_of((AIModel.Status.PUBLISHED,), code="1") == name_of(("published",), code="1")


@pytest.mark.parametrize("value", [object(), len, AIModel(), iter(())])
def test_a_key_with_a_value_of_this_process_has_no_name(value: Any) -> None:
    assert name_of((1, value), code="1") is None


def test_names_are_equal_in_every_process() -> None:
    code = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'; django.setup();"
        "from tests.tokens.http.shared.test_names import *;"
        "print([name_of(key, code=running_code()) for key in KEYS])"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]

    assert runs[0].stdout == runs[1].stdout != ""


def test_other_code_or_settings_have_other_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    monkeypatch.setattr(names, "ROOT", tmp_path)
    file = tmp_path / "catalog" / "templates" / "list.html"
    file.parent.mkdir(parents=True)
    file.write_text("one")
    codes = [running_code()]

    file.write_text("another")
    codes.append(running_code())
    file.with_name("new.html").touch()
    codes.append(running_code())
    settings.SITE_NAME = "Another name"
    codes.append(running_code())

    assert len(set(codes)) == 4
    assert running_code() == codes[-1]
