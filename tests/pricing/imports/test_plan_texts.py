"""The text of a plan names every row and field that its JSON names, for every table of the YAML format."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import, make_plan
from pricing.imports.plan import ImportPlan
from pricing.imports.structure.plan import TABLES
from pricing.imports.text_report import summary
from tests import world

pytestmark = pytest.mark.django_db

OPTIONS = Options(source=SOURCES["yaml"], accept_loss=True, accept_jumps=True)
CATALOG = """format: modelbook/1
vendors:
  - {slug: acme, name: Acme, description: "TEXT"}
endpoint_types:
  - {name: holo, path: /v1/holo, method: POST, label: "TEXT"}
groups:
  - {slug: vip, label: "TEXT", is_public: FLAG, rate: RATE, channels: [east]}
channels:
  - slug: east
    name: East
    note: "TEXT"
    enabled: FLAG
    offers:
      - {model: m-1, upstream_name: "TEXT", enabled: FLAG}
models:
  - name: m-1
    vendor: acme
    status: published
    listed: FLAG
    display_name: "TEXT"
    context_length: COUNT
    prices:
      list: {currency: USD, lines: [{meter: input, amount: RATE, per: 1000000, unit: token}]}
      cost: {currency: USD, lines: [{meter: output, amount: RATE, per: 1000000, unit: token}]}
  - {name: m-2, vendor: acme, status: published}
aliases:
  - {name: nick, model: m-1, listed: FLAG}
releases:
  - {group: vip, model: m-1, starts_at: "DAYT00:00:00Z"}
codex_profiles:
  - {model: m-1, instructions: "TEXT", parallel_tool_calls: FLAG}
popular:
  - {model: m-1, position: COUNT}
tokens:
  - {key_id: abcdefghij, name: "TEXT", enabled: FLAG, groups: [vip], allow: null}
roles:
  - {name: Curators, permissions: [PERMISSION]}
"""
STATES = (
    {"TEXT": "a text of more than forty characters, the first", "FLAG": "true", "RATE": "0.5", "COUNT": "1000"}
    | {"DAY": "2026-01-01", "PERMISSION": "catalog.view_vendor"},
    {"TEXT": "a text of more than forty characters, the second", "FLAG": "false", "RATE": "0.25", "COUNT": "2000"}
    | {"DAY": "2026-02-02", "PERMISSION": "catalog.view_channel"},
)  # fmt: skip


def document(state: int) -> bytes:
    text = CATALOG
    for name, value in STATES[state].items():
        text = text.replace(name, value)
    return text.encode()


def changed_fields(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each row and field of a changed row that the JSON names."""
    tables = [part for name, part in report["structure"].items() if name not in ("joins", "prices")]
    for part in [report, *tables]:
        for row, fields in part["changed"].items():
            yield from ((row, field) for field in fields)


def line_of(text: str, row: str, field: str) -> str | None:
    return next((line for line in text.splitlines() if line.startswith(f"  {row}: ") and f"{field} " in line), None)


def plan_and_text(state: int) -> tuple[ImportPlan, str]:
    plan = make_plan(document(state), OPTIONS, at=timezone.now())
    return plan, summary(plan, limit=sys.maxsize)


def test_the_text_of_new_rows_names_them_all() -> None:
    plan, text = plan_and_text(0)
    report = plan.report()
    tables = {table.name for table in TABLES} - {"models"}
    assert {*report["structure"]} == {*tables, "joins", "prices"}
    for name in tables:
        for row in report["structure"][name]["new"]:
            assert f"\n  {row}: " in text, (name, row)
    assert "New: m-1, m-2" in text
    assert "\n  vip → east" in text
    assert "List prices: 1 new, 0 changed.\n  m-1: nothing → Input $0.50 per million tokens" in text
    assert "Cost prices: 1 new, 0 changed.\n  m-1: nothing → Output $0.50 per million tokens" in text


def test_the_text_of_changed_rows_names_each_field_with_both_values() -> None:
    world.token(name="Acme")
    apply_import(document(0), OPTIONS, at=timezone.now())
    plan, text = plan_and_text(1)
    report = plan.report()
    named = {*changed_fields(report)}
    assert {*report["structure"]} == {*(table.name for table in TABLES), "prices"}
    assert {row for row, _ in named} == {"acme", "holo", "vip", "east", "m-1", "nick", "vip m-1", "east m-1"} | {
        "abcdefghij", "Curators",
    }  # fmt: skip
    for row, field in named:
        assert line_of(text, row, field), (row, field)
    for old, new in zip(STATES[0].values(), STATES[1].values(), strict=True):
        words = {"true": "yes", "false": "no"}
        assert f"{words.get(old, old)} → {words.get(new, new)}" in text or f"{old} 00:00:00+00:00 → {new}" in text
    for role, meter in (("list", "Input"), ("cost", "Output")):
        assert report["structure"]["prices"][role]["changed"]["m-1"]
        assert f"  m-1: {meter}: $0.50 → $0.25 per million tokens" in text
