"""The admin of models with what keys see of them: releases to groups, and what aliases change for keys."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from catalog.admin.base import UntitledInline, register_over
from catalog.admin.models import AIModelAdmin
from catalog.models import AIModel, ModelAlias
from tokens.auth.alias_effects import alias_warnings
from tokens.models import ModelRelease


class ReleaseInline(UntitledInline):
    model = ModelRelease
    fields = ["group", "starts_at"]
    autocomplete_fields = ["group"]


@register_over(AIModel)
class ReleasedAIModelAdmin(AIModelAdmin):
    """A model with its releases; a new alias that changes what keys see is reported."""

    inlines = [*AIModelAdmin.inlines, ReleaseInline]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is not ModelAlias:
            return
        changed = [*formset.new_objects, *(row for row, fields in formset.changed_objects if "name" in fields)]
        for warning in alias_warnings({alias.name: alias.model.name for alias in changed}, at=timezone.now()):
            self.message_user(request, warning, messages.WARNING)
