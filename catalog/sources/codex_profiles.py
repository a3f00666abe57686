"""What makes a Codex profile valid; catalog/models/codex_profile.py stores it. Measured with Codex 0.145 and 0.171."""

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

# Codex can call a model only through this endpoint type.
ENDPOINT_TYPE = "openai-response"
# Codex rejects the whole list if a profile has another value.
PATCH_TOOLS = ("freeform",)
VERBOSITIES = ("low", "medium", "high")
LONGEST_EFFORT = 32
EFFORT = re.compile(rf"[^\s:\x00-\x1f\x7f]{{1,{LONGEST_EFFORT}}}")
LEVEL_KEYS = {"effort", "description"}


def validate_levels(levels: Any) -> None:
    """ValidationError if this is not a list of {"effort", "description"} with different efforts."""
    is_list = isinstance(levels, list)
    if not is_list or not all(isinstance(level, dict) and level.keys() == LEVEL_KEYS for level in levels):
        raise ValidationError("This is not a list of reasoning levels: each needs an effort and a description.")
    efforts = [level["effort"] for level in levels]
    for level in levels:
        effort, description = level["effort"], level["description"]
        if not isinstance(effort, str) or EFFORT.fullmatch(effort) is None:
            raise ValidationError(f"{effort!r} is not a valid effort: use one word, e.g. high.")
        if not isinstance(description, str) or "\x00" in description:
            raise ValidationError(f"The description of the effort {effort} is not text.")
        if efforts.count(effort) > 1:
            raise ValidationError(f"The effort {effort} appears twice: remove one.")


def validate_instructions(text: str) -> None:
    """ValidationError if the system prompt is blank: Codex would then send none."""
    if not text.strip():
        raise ValidationError("Enter the system prompt: if it is empty, Codex sends none.")


def validate_default_level(default: str, levels: Any) -> None:
    """ValidationError if the default is not one of these valid levels, or is missing although there are some."""
    efforts = [level["effort"] for level in levels]
    if efforts and default not in efforts:
        raise ValidationError(f"The default reasoning level must be one of {', '.join(efforts)}.")
    if default and not efforts:
        raise ValidationError("There are no reasoning levels: enter them, or remove the default.")


def validate_profile(fields: Mapping[str, Any]) -> None:
    """ValidationError if these fields together are not a profile."""
    validate_instructions(fields["instructions"])
    validate_levels(fields["reasoning_levels"])
    validate_default_level(fields["default_reasoning_level"], fields["reasoning_levels"])
    for name, choices in (("patch_tool", PATCH_TOOLS), ("default_verbosity", VERBOSITIES)):
        if fields[name] and fields[name] not in choices:
            raise ValidationError(
                f"{fields[name][:40]!r} is not a valid {name}: use {', '.join(choices)}, or leave it out."
            )
