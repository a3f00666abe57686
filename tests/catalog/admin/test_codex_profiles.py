"""The Codex profile on a model's page: one level per line, and instructions that are stored unchanged."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import AIModel, CodexProfile
from tests import admin_world, world

pytestmark = pytest.mark.django_db

TEXT = "  You are Codex.\r\n\r\n\tUse `apply_patch`: 是\r\n"
PROFILE = {
    "codex_profile-TOTAL_FORMS": "1",
    "codex_profile-0-instructions": TEXT,
    "codex_profile-0-reasoning_levels": "low: Fast: quick answers\r\n\r\n high \r\n",
    "codex_profile-0-default_reasoning_level": "high",
    "codex_profile-0-default_verbosity": "low",
    "codex_profile-0-patch_tool": "freeform",
    "codex_profile-0-parallel_tool_calls": "on",
}
LEVELS = [{"effort": "low", "description": "Fast: quick answers"}, {"effort": "high", "description": ""}]


@pytest.fixture
def page() -> str:
    return f"/admin/catalog/aimodel/{world.model('house-1').pk}/change/"


def save(client: Client, page: str, **changes: str) -> Any:
    return client.post(page, admin_world.filled_in(client, page, **changes))


def test_a_profile_is_entered_and_saved_again_unchanged(admin_client: Client, page: str) -> None:
    assert save(admin_client, page, **PROFILE).status_code == 302

    profile = CodexProfile.objects.get()
    assert profile.instructions == TEXT.replace("\r\n", "\n")
    assert profile.reasoning_levels == LEVELS
    assert (profile.default_reasoning_level, profile.default_verbosity, profile.patch_tool) == (
        "high",
        "low",
        "freeform",
    )
    assert CodexProfile.history.get().history_user.username == "admin"

    assert save(admin_client, page).status_code == 302
    assert CodexProfile.history.count() == 1

    changes = {"codex_profile-0-reasoning_levels": "low", "codex_profile-0-default_reasoning_level": "low"}
    assert save(admin_client, page, **changes).status_code == 302
    assert CodexProfile.objects.get().reasoning_levels == [{"effort": "low", "description": ""}]
    assert CodexProfile.history.count() == 2

    assert save(admin_client, page, **{"codex_profile-0-DELETE": "on"}).status_code == 302
    assert not CodexProfile.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"instructions": " \r\n\t"}, "instructions"),
        ({"instructions": ""}, "instructions"),
        ({"default_reasoning_level": "medium"}, "default_reasoning_level"),
        ({"default_reasoning_level": ""}, "default_reasoning_level"),
        ({"reasoning_levels": ""}, "default_reasoning_level"),
        ({"reasoning_levels": "low\nlow: again"}, "reasoning_levels"),
        ({"reasoning_levels": "very high: no word"}, "reasoning_levels"),
        ({"reasoning_levels": ": no effort"}, "reasoning_levels"),
        ({"patch_tool": "function"}, "patch_tool"),
        ({"default_verbosity": "loud"}, "default_verbosity"),
    ],
)
def test_an_invalid_profile_is_refused_beside_its_field(
    admin_client: Client, page: str, changes: dict[str, str], field: str
) -> None:
    changed = {f"codex_profile-0-{name}": value for name, value in changes.items()}

    answer = save(admin_client, page, **{**PROFILE, **changed})

    assert answer.status_code == 200
    formset = next(
        inline.formset for inline in answer.context["inline_admin_formsets"] if inline.opts.model is CodexProfile
    )
    assert list(formset.errors[0]) == [field]
    assert not CodexProfile.objects.exists()


def test_reasoning_levels_of_a_model_are_names(admin_client: Client, page: str) -> None:
    assert save(admin_client, page, reasoning_levels="low, high, low").status_code == 302

    assert AIModel.objects.get().reasoning_levels == ["low", "high"]
