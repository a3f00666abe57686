"""A poorer source does not erase the prices of a richer one."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases.importing import FILES, import_case, quote
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db
MILLIONS = {"input": 1_000_000, "output": 1_000_000}


@pytest.mark.parametrize("order", [("litellm_rich", "models_dev_poorer"), ("models_dev_poorer", "litellm_rich")])
def test_the_price_of_a_batch_stays(order: tuple[str, str]) -> None:
    for name in order:
        import_case(name)
    assert quote("gpt-rich-1", MILLIONS, service_tier="batch")["amount"] == "17.5"
    assert quote("gpt-rich-1", MILLIONS)["amount"] == "35"


def test_a_second_import_of_both_changes_nothing() -> None:
    import_case("litellm_rich")
    import_case("models_dev_poorer")
    for name in ("litellm_rich", "models_dev_poorer", "litellm_rich"):
        report = import_case(name).report
        assert (report["prices"]["changed"], report["prices"]["confirmed"]) == ({}, [])


def litellm(folder: Path, **changes: float | None) -> dict[str, Any]:
    """The report of an import of the rich list with other figures; None removes one."""
    row = json.loads((FILES / "litellm_rich.json").read_text())["gpt-rich-1"] | changes
    stated = {key: value for key, value in row.items() if value is not None}
    outcome = run("litellm", json.dumps({"gpt-rich-1": stated}), folder, "--apply", "--accept-jumps")
    return outcome.report


def test_lines_that_disappear_are_suspicious_and_counted(tmp_path: Path) -> None:
    import_case("litellm_rich")
    report = litellm(tmp_path, output_cost_per_token_batches=None)
    sentence = "1 line disappears: Output, service tier batch: $15.00 per million tokens"
    assert report["suspicious"] == {"gpt-rich-1": [sentence]}
    assert report["counts"]["removed_lines"] == 1


def test_a_detail_that_did_not_follow_its_base_price_is_reported(tmp_path: Path) -> None:
    litellm(tmp_path, input_cost_per_token=4e-06)
    findings = import_case("models_dev_poorer", "--accept-jumps").findings()
    assert (
        "gpt-rich-1: the base price changes, but Input, service tier batch stays as LiteLLM's model prices states it"
        in findings
    )


def test_a_source_that_is_trusted_less_adds_only_what_nobody_states(tmp_path: Path) -> None:
    import_case("models_dev_poorer")
    report = litellm(tmp_path, input_cost_per_token=4e-06)
    assert report["counts"]["added_lines"] == len(report["prices"]["added"]["gpt-rich-1"]) == 7
    assert report["prices"]["kept"]["gpt-rich-1"][2] == "from models.dev, which is more trusted"
    assert quote("gpt-rich-1", MILLIONS)["amount"] == "35"
