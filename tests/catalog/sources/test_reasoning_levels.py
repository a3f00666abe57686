"""Reasoning levels of sources: only complete lists are read, the lowest level first, whatever order the source has."""

import json
from typing import Any

import pytest
from django.test import Client

from catalog.sources import SOURCES
from catalog.sources.records import Record
from tests import world


def read(source: str, row: dict[str, Any]) -> Record:
    """The record of a row in the format of the source."""
    row = {"id": "m", "name": "M", **row}
    body = {"house": {"id": "house", "models": {"m": row}}} if source == "models_dev" else {"data": [row]}
    if source == "openrouter":
        row.setdefault("pricing", {"prompt": "1", "completion": "1"})
    return SOURCES[source].read(json.dumps(body).encode()).records[0]


EFFORT = {"type": "effort", "values": ["high", None, "low", "low", 7, "ultra", "x" * 40]}


@pytest.mark.parametrize(
    ("source", "row", "levels"),
    [
        ("models_dev", {"reasoning_options": [{"type": "toggle"}, EFFORT]}, ("none", "low", "high", "ultra")),
        ("models_dev", {"reasoning_options": []}, None),
        ("models_dev", {"reasoning_options": [{"type": "budget_tokens", "min": 1024}]}, None),
        ("models_dev", {"reasoning_options": "high"}, None),
        ("models_dev", {"reasoning": True}, None),
        ("openrouter", {"reasoning": {"supported_efforts": ["max", "high", "low"]}}, ("low", "high", "max")),
        ("openrouter", {"reasoning": {"mandatory": False}}, None),
        ("openrouter", {"reasoning": {"supported_efforts": None}}, None),
        ("openrouter", {"reasoning": True}, None),
        ("openai_models", {"reasoning_options": [EFFORT]}, ("none", "low", "high", "ultra")),
        ("openai_models", {"reasoning": {"supported_efforts": ["medium", "minimal"]}}, ("minimal", "medium")),
        ("openai_models", {"reasoning": "yes", "reasoning_options": 1}, None),
        (
            "openai_models",
            {"capabilities": {"effort": {"supported": True, "low": {"supported": True}, "max": {"supported": False}}}},
            ("low",),
        ),
        ("openai_models", {"capabilities": {"effort": {"supported": False, "low": {"supported": False}}}}, None),
    ],
)
def test_levels(source: str, row: dict[str, Any], levels: tuple[str, ...] | None) -> None:
    assert read(source, row).reasoning_levels == levels


@pytest.mark.django_db
def test_our_own_list_is_read_completely(client: Client) -> None:
    facts: dict[str, Any] = {
        "description": "For code.",
        "context_length": 400_000,
        "max_input_tokens": 272_000,
        "max_output_tokens": 128_000,
        "input_modalities": ["text", "image", "pdf"],
        "output_modalities": ["text"],
        "capabilities": ["tools", "structured_outputs", "reasoning", "web_search", "vision", "pdf_input"],
        "reasoning_levels": ["low", "high"],
        "default_parameters": {"temperature": 1},
    }
    world.model("gpt-6", **facts)
    content = client.get("/v1/models", headers={"authorization": f"Bearer {world.key()}"}).content

    record = SOURCES["openai_models"].read(content).records[0]

    values = {name: getattr(record, name) for name in facts}
    assert {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()} == facts
    assert (record.unmapped, record.findings) == ((), ())
