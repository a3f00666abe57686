"""The context window and the input limit are two facts; each list and export publishes the one that it means."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.models import AIModel, CodexProfile
from catalog.models.facts import LIMITS
from catalog.sources import SOURCES, inferred_fields
from tests import world
from tests.cases.importing import import_case
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db


def limits(name: str) -> tuple[int | None, ...]:
    return tuple(getattr(AIModel.objects.get(name=name), limit) for limit in LIMITS)


def test_litellms_input_limit_is_not_the_context_window() -> None:
    outcome = import_case("litellm_input_limit")

    assert limits("gpt-5-test") == (400_000, 272_000, 128_000)
    assert limits("kimi-test") == (262_144, None, 262_144)
    assert limits("legacy-test") == (None, None, None)
    assert "legacy-test: states only max_tokens" in outcome.findings()


def test_the_input_limit_of_models_dev_is_read() -> None:
    import_case("models_dev_input_limit")
    assert limits("gpt-5-limits") == (400_000, 272_000, 128_000)


def test_output_limits_that_equal_the_context_window_are_reported_together_and_not_suspicious() -> None:
    outcome = import_case("litellm_input_limit")
    reported = {finding["finding"]: finding["models"] for finding in outcome.report["findings"]}

    assert reported["the maximum output equals the context window, which leaves no room for input"] == ["kimi-test"]
    assert outcome.report["suspicious"] == {}


def test_an_output_limit_that_changes_to_the_context_window_is_suspicious(tmp_path: Path) -> None:
    def warnings(output: int, context: int) -> dict[str, list[str]]:
        row = {"mode": "chat", "max_input_tokens": context, "max_output_tokens": output, "input_cost_per_token": 1e-6}
        outcome = run("litellm", json.dumps({"kimi-k2": row}), tmp_path, "--apply")
        assert outcome.code == 0
        suspicious: dict[str, list[str]] = outcome.report["suspicious"]
        return suspicious

    assert warnings(32_000, 262_144) == {}
    sentence = "the maximum output now equals the context window (262,144 tokens), which leaves no room for input"
    assert warnings(262_144, 262_144) == {"kimi-k2": [sentence]}
    # Both change, as they were equal before.
    assert warnings(131_072, 131_072) == {}
    larger = "the maximum output (200,000 tokens) is larger than the context window (131,072 tokens)"
    assert warnings(200_000, 131_072) == {"kimi-k2": [larger]}


ROW = {"id": "m", "object": "model", "type": "model", "owned_by": "x"}
PRICE_ROW = {"model_name": "m", "quota_type": 0, "model_ratio": 1, "completion_ratio": 1}
OPENROUTER_ROW = {"id": "a/m", "name": "M", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
MODELS_DEV = {"id": "m", "name": "M", "cost": {"input": 1, "output": 2}}


def models_dev(**limit: int) -> dict[str, Any]:
    return {"openai": {"id": "openai", "name": "OpenAI", "models": {"m": {**MODELS_DEV, "limit": limit}}}}


@pytest.mark.parametrize(
    ("source", "body", "expected"),
    [
        # Anthropic's list and Gemini's have no context window; ours and vLLM's have one.
        ("openai_models", {"data": [{**ROW, "max_input_tokens": 200_000, "max_tokens": 64_000}]},
         (200_000, None, 64_000)),
        ("openai_models", {"models": [{"name": "models/m", "inputTokenLimit": 98_304, "outputTokenLimit": 32_768}]},
         (131_072, 98_304, 32_768)),
        ("openai_models",
         {"data": [{**ROW, "context_length": 400_000, "max_input_tokens": 272_000, "max_output_tokens": 128_000}]},
         (400_000, 272_000, 128_000)),
        ("openai_models", {"data": [{**ROW, "max_model_len": 8_192}]}, (8_192, None, None)),
        ("models_dev", models_dev(context=1_050_000, input=922_000, output=128_000), (1_050_000, 922_000, 128_000)),
        ("models_dev", models_dev(context=128_000, output=0), (128_000, None, None)),
        ("openrouter", {"data": [{**OPENROUTER_ROW, "context_length": 400_000,
                                  "top_provider": {"context_length": 400_000, "max_completion_tokens": 128_000}}]},
         (400_000, None, 128_000)),
        ("openrouter", {"data": [{**OPENROUTER_ROW, "top_provider": {"context_length": 32_768}}]},
         (32_768, None, None)),
        ("new_api", {"success": True, "data": [{**PRICE_ROW, "context_length": 400_000, "max_input_tokens": 272_000}]},
         (400_000, 272_000, None)),
        ("llm_metadata",
         {"success": True, "data": [{"model_name": "m", "price_per_m_input": 1, "context_length": 8_000}]},
         (8_000, None, None)),
        ("genai_prices", [{"id": "p", "models": [{"id": "m", "context_window": 400_000, "match": {"equals": "m"},
                                                  "prices": {"input_mtok": 1}}]}], (400_000, None, None)),
        ("litellm", {"m": {"mode": "chat", "max_input_tokens": 922_000, "max_output_tokens": 128_000}},
         (1_050_000, 922_000, 128_000)),
    ],
)  # fmt: skip
def test_every_source_states_its_limits(source: str, body: Any, expected: tuple[int | None, ...]) -> None:
    (record,) = SOURCES[source].read(json.dumps(body).encode()).records
    assert tuple(getattr(record, limit) for limit in LIMITS) == expected


@pytest.mark.parametrize(
    ("longest_input", "longest_output", "expected"),
    [
        (272_000, 128_000, (400_000, 272_000)),
        (922_000, 128_000, (1_050_000, 922_000)),
        (229_376, 32_768, (262_144, 229_376)),
        (98_304, 32_768, (131_072, 98_304)),
        (168_000, 32_000, (200_000, 168_000)),
        # These sources write the window as the input limit.
        (200_000, 64_000, (200_000, None)),
        (128_000, 16_384, (128_000, None)),
        (1_047_576, 32_768, (1_047_576, None)),
        (1_048_576, 65_536, (1_048_576, None)),
        (1_050_000, 128_000, (1_050_000, None)),
        (200_000, 100_000, (200_000, None)),
        (131_072, 131_072, (131_072, None)),
        (272_000, 272_000, (272_000, None)),
        (8_191, None, (8_191, None)),
        (None, 4_096, (None, None)),
    ],
)
def test_the_window_of_a_source_that_states_only_parts(
    longest_input: int | None, longest_output: int | None, expected: tuple[int | None, int | None]
) -> None:
    assert inferred_fields.window_and_input(longest_input, longest_output) == expected


def get(path: str, **headers: str) -> Any:
    answer = Client(headers={"authorization": f"Bearer {world.key()}", **headers}).get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def publish_gpt() -> None:
    world.price(
        world.model("gpt-5", context_length=400_000, max_input_tokens=272_000, max_output_tokens=128_000),
        input="1.25",
        output="10",
    )


def test_openais_list_states_the_window_and_the_input_limit() -> None:
    publish_gpt()
    world.model("plain", context_length=8_000)
    for model in AIModel.objects.all():
        CodexProfile.objects.create(model=model, instructions="You are Codex.")
    AIModel.objects.update(supported_endpoint_types=["openai-response"])
    rows = {row["id"]: row for row in get("/v1/models")["data"]}
    gpt = rows["gpt-5"]
    assert (gpt["context_length"], gpt["max_input_tokens"], gpt["max_output_tokens"]) == (400_000, 272_000, 128_000)
    assert "max_input_tokens" not in rows["plain"]
    codex = {row["slug"]: row["context_window"] for row in get("/v1/models?client_version=1")["models"]}
    assert codex == {"gpt-5": 272_000, "plain": 8_000}


def test_anthropics_and_geminis_lists_state_the_longest_input() -> None:
    publish_gpt()
    anthropic = get("/v1/models/gpt-5", **{"anthropic-version": "2023-06-01"})
    assert (anthropic["max_input_tokens"], anthropic["max_tokens"]) == (272_000, 128_000)
    gemini = get("/v1beta/models/gpt-5")
    assert (gemini["inputTokenLimit"], gemini["outputTokenLimit"]) == (272_000, 128_000)


def test_exports_state_the_limit_that_their_format_means() -> None:
    publish_gpt()
    litellm = Client().get("/api/export/litellm.json").json()["gpt-5"]
    assert (litellm["max_input_tokens"], litellm["max_output_tokens"]) == (272_000, 128_000)
    (provider,) = Client().get("/api/export/models_dev.json").json().values()
    assert provider["models"]["gpt-5"]["limit"] == {"context": 400_000, "input": 272_000, "output": 128_000}
    (row,) = Client().get("/api/export/openrouter.json").json()["data"]
    assert (row["context_length"], row["top_provider"]["context_length"]) == (400_000, 400_000)
    assert "400,000 tokens of context" in Client().get("/llms.txt").content.decode()
