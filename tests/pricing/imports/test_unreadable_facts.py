"""An import reports numbers and dates that some clients cannot read, and stores them as the source has them."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from catalog.models import AIModel
from tests import world
from tests.pricing.imports.running import Outcome, run

pytestmark = pytest.mark.django_db

TOO_LARGE = "is above 2,147,483,647: Gemini's and Anthropic's lists leave it out"


def litellm(folder: Path, **facts: Any) -> Outcome:
    row = {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    return run("litellm", json.dumps({"gpt-long": {**row, **facts}}), folder, "--apply")


def yaml(folder: Path, **facts: str) -> Outcome:
    lines = "".join(f"  {name}: {value}\n" for name, value in facts.items())
    vendors = "vendors:\n- slug: openai\n  name: OpenAI\n"
    document = f"format: modelbook/1\n{vendors}models:\n- name: gpt-long\n  vendor: openai\n{lines}"
    return run("yaml", document, folder, "--apply")


def test_a_limit_above_32_bits_is_reported_and_stored(tmp_path: Path) -> None:
    outcome = litellm(tmp_path, max_input_tokens=4_294_967_296, max_output_tokens=8192)

    assert outcome.report["suspicious"] == {"gpt-long": [f"the context window (4,294,967,296 tokens) {TOO_LARGE}"]}
    assert AIModel.objects.get(name="gpt-long").context_length == 4_294_967_296


def test_a_limit_that_becomes_too_large_is_reported_once(tmp_path: Path) -> None:
    assert litellm(tmp_path, max_input_tokens=1_000_000, max_output_tokens=8192).report["suspicious"] == {}
    changed = litellm(tmp_path, max_input_tokens=1_000_000, max_output_tokens=2_147_483_648)
    again = litellm(tmp_path, max_input_tokens=1_000_000, max_output_tokens=2_147_483_648)

    assert f"the maximum output (2,147,483,648 tokens) {TOO_LARGE}" in changed.report["suspicious"]["gpt-long"]
    assert again.report["suspicious"] == {}


@pytest.mark.parametrize("day", ["0001-01-01", "1900-01-01", "1969-12-31", "2038-01-19", "9999-12-31"])
def test_a_release_date_that_no_client_reads_is_reported_and_stored(tmp_path: Path, day: str) -> None:
    outcome = yaml(tmp_path, released_on=day)

    assert outcome.report["suspicious"] == {
        "gpt-long": [f"the release date ({day}) is not between 1970-01-02 and 2038-01-18: lists leave it out"]
    }
    assert AIModel.objects.get(name="gpt-long").released_on == dt.date.fromisoformat(day)


def test_ordinary_facts_are_not_reported(tmp_path: Path) -> None:
    world.model("gpt-long", released_on=dt.date(1969, 1, 1), context_length=2**40)

    assert yaml(tmp_path, released_on="2026-01-01", context_length="2147483647").report["suspicious"] == {}
