"""Codex's own list: only models with a profile, because an empty value switches a feature of Codex off."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import AIModel, CodexProfile, ModelAlias
from tests import world
from tests.tokens.dialects.bodies import body_of

pytestmark = pytest.mark.django_db

LEVELS = [{"effort": "low", "description": "Fast"}, {"effort": "high", "description": ""}]


def codex_model(name: str = "house-1", **profile: Any) -> AIModel:
    """A model that Codex can call, with a profile."""
    model = world.model(name, supported_endpoint_types=["openai", "openai-response"])
    fields = {"instructions": "You are Codex.", "reasoning_levels": LEVELS, "default_reasoning_level": "high"}
    CodexProfile.objects.create(model=model, **{**fields, **profile})
    return model


def entries(client: Client) -> Any:
    return body_of(client, "/v1/models?client_version=0.171.0")["models"]


@pytest.mark.parametrize("query", ["client_version=0.169.0", "client_version="])
def test_a_model_without_a_profile_has_no_entry(client: Client, query: str) -> None:
    world.model("gpt-5.5", supported_endpoint_types=["openai-response"])

    body = body_of(client, f"/v1/models?{query}")

    assert (body["models"], [row["id"] for row in body["data"]]) == ([], ["gpt-5.5"])
    assert "models" not in body_of(client, "/v1/models")


def test_an_empty_list_has_both_lists(client: Client) -> None:
    world.channel("main")

    body = body_of(client, "/v1/models?client_version=1")

    assert (body["data"], body["models"]) == ([], [])


def test_an_entry_has_what_the_profile_and_the_facts_of_the_model_state(client: Client) -> None:
    model = codex_model(default_verbosity="low")
    facts = {"context_length": 400_000, "input_modalities": ["text", "image", "pdf"], "display_name": "House"}
    AIModel.objects.filter(pk=model.pk).update(**facts)

    assert entries(client) == [
        {
            "slug": "house-1",
            "display_name": "House",
            "description": "",
            "supported_reasoning_levels": LEVELS,
            "default_reasoning_level": "high",
            "shell_type": "default",
            "visibility": "list",
            "supported_in_api": True,
            "priority": 0,
            "base_instructions": "You are Codex.",
            "supports_reasoning_summaries": True,
            "support_verbosity": True,
            "default_verbosity": "low",
            "apply_patch_tool_type": "freeform",
            "truncation_policy": {"mode": "tokens", "limit": 10_000},
            "supports_parallel_tool_calls": True,
            "experimental_supported_tools": [],
            "context_window": 400_000,
            "input_modalities": ["text", "image"],
        }
    ]


def test_what_an_operator_leaves_empty_is_left_out(client: Client) -> None:
    codex_model(reasoning_levels=[], default_reasoning_level="", patch_tool="", parallel_tool_calls=False)

    entry = entries(client)[0]

    left_out = {"default_reasoning_level", "default_verbosity", "apply_patch_tool_type"}
    left_out |= {"context_window", "input_modalities"}
    assert not left_out & entry.keys()
    assert (entry["supported_reasoning_levels"], entry["supports_reasoning_summaries"]) == ([], False)
    assert (entry["support_verbosity"], entry["supports_parallel_tool_calls"]) == (False, False)


@pytest.mark.parametrize("public", [["openai"], []])
def test_a_model_that_codex_cannot_call_has_no_entry(client: Client, public: list[str]) -> None:
    model = codex_model()
    AIModel.objects.filter(pk=model.pk).update(public_endpoint_types=public)

    assert entries(client) == []


def test_a_listed_alias_is_an_entry_and_an_unlisted_model_is_none(client: Client) -> None:
    model = codex_model(instructions="You are House.")
    ModelAlias.objects.create(model=model, name="house-latest", listed=True)
    ModelAlias.objects.create(model=model, name="house-old")
    AIModel.objects.filter(pk=model.pk).update(listed=False)

    assert [(entry["slug"], entry["base_instructions"]) for entry in entries(client)] == [
        ("house-latest", "You are House.")
    ]


def test_the_text_of_a_profile_is_sent_unchanged_in_the_order_of_the_list(client: Client) -> None:
    text = ' "priority":0, ]} 是 "models":[]\n\t\\ '
    codex_model("b", instructions=text)
    world.model("c")
    codex_model("a", instructions=text)

    found = entries(client)

    assert [(entry["slug"], entry["priority"], entry["base_instructions"]) for entry in found] == [
        ("a", 0, text),
        ("b", 1, text),
    ]


def test_a_change_of_a_profile_is_visible_at_once(client: Client) -> None:
    model, key = codex_model(), world.key()

    def instructions() -> list[str]:
        answer = client.get("/v1/models?client_version=1", headers={"authorization": f"Bearer {key}"})
        return [entry["base_instructions"] for entry in answer.json()["models"]]

    assert instructions() == ["You are Codex."]
    profile = CodexProfile.objects.get(model=model)
    profile.instructions = "You are House."
    profile.save()
    assert instructions() == ["You are House."]
    CodexProfile.objects.update(instructions="You are new.")
    assert instructions() == ["You are new."]
    profile.delete()
    assert instructions() == []
    CodexProfile.objects.bulk_create([CodexProfile(model=model, instructions="You are back.")])
    assert instructions() == ["You are back."]
