"""Codex profile: what Codex needs to know of a model beside its facts.

Codex takes an entry of our list in place of all that it knows of the model, so that an empty value switches a feature
off. Without a profile the list has no entry, and Codex uses its own prompt, tools and reasoning levels.
"""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from catalog.db.fields import ExactJSONField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.aimodel import AIModel
from catalog.sources.codex_profiles import (
    LONGEST_EFFORT,
    PATCH_TOOLS,
    VERBOSITIES,
    validate_default_level,
    validate_instructions,
    validate_levels,
)


class CodexProfile(TrackedModel):
    about_model = "model"
    named_by = ("model__name",)

    model = models.OneToOneField(AIModel, on_delete=models.CASCADE, related_name="codex_profile")
    instructions = models.TextField(
        validators=[validate_instructions],
        help_text="The system prompt. Codex sends it unchanged in place of its own, so enter it in full.",
    )
    # [{"effort", "description"}], in the order of Codex's menu.
    reasoning_levels = ExactJSONField(
        default=list,
        blank=True,
        validators=[validate_levels],
        help_text="The reasoning levels that users can choose. Leave empty if the model has none: Codex then sends no "
        "reasoning effort.",
    )
    default_reasoning_level = models.CharField(
        max_length=LONGEST_EFFORT,
        blank=True,
        help_text="The effort that Codex sends if the user chooses none. Leave empty if the model has no levels.",
    )
    patch_tool = models.CharField(
        "apply_patch tool",
        max_length=16,
        choices=[(name, name) for name in PATCH_TOOLS],
        default=PATCH_TOOLS[0],
        blank=True,
        help_text="How the model calls Codex's tool apply_patch, which edits files. Leave empty if it cannot call it: "
        "Codex then does not offer the tool.",
    )
    default_verbosity = models.CharField(
        max_length=16,
        choices=[(name, name) for name in VERBOSITIES],
        blank=True,
        help_text="The verbosity that Codex requests. Leave empty if the model does not accept one.",
    )
    parallel_tool_calls = models.BooleanField(
        default=True, help_text="Whether the model may call several tools at once."
    )

    objects = TrackedQuerySet["CodexProfile"].as_manager()
    history = history()

    class Meta:
        verbose_name = "Codex profile"
        constraints = [models.CheckConstraint(condition=~Q(instructions=""), name="catalog_codex_profile_instructed")]

    def __str__(self) -> str:
        return f"Codex profile of {self.model}"

    def clean(self) -> None:
        super().clean()
        try:
            validate_levels(self.reasoning_levels)
        except ValidationError:
            return  # shown beside the levels
        try:
            validate_default_level(self.default_reasoning_level, self.reasoning_levels)
        except ValidationError as error:
            raise ValidationError({"default_reasoning_level": error.messages}) from None
