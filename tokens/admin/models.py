"""The admin of models with what keys see of them: releases to groups, and what aliases change for keys."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone

from catalog.admin.base import UntitledInline, register_over
from catalog.admin.confirmation.changes import add_note
from catalog.admin.models import AIModelAdmin
from catalog.models import AIModel, ModelAlias
from catalog.models.aimodel import AIModelQuerySet
from tokens.access.visibility import describe_unreached, unreached
from tokens.auth.alias_effects import alias_warnings
from tokens.models import ModelRelease


class ReleaseInline(UntitledInline):
    model = ModelRelease
    fields = ["group", "starts_at"]
    autocomplete_fields = ["group"]


def warn_of_hidden(request: HttpRequest, models: AIModelQuerySet) -> None:
    """Notes that published models among these are visible to nobody."""
    names = list(unreached(models, on=timezone.now().date()).order_by("name").values_list("name", flat=True))
    if names:
        add_note(request, describe_unreached(names))


@register_over(AIModel)
class ReleasedAIModelAdmin(AIModelAdmin):
    """A model with its releases; a new alias that changes what keys see is reported."""

    inlines = [*AIModelAdmin.inlines, ReleaseInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        warn_of_hidden(request, AIModel.objects.filter(pk=form.instance.pk))

    @admin.action(description="Publish selected models", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        chosen = AIModel.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        super().publish(request, chosen)
        warn_of_hidden(request, chosen)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is not ModelAlias:
            return
        changed = [*formset.new_objects, *(row for row, fields in formset.changed_objects if "name" in fields)]
        named = {alias.name: alias.model.name for alias in changed}
        for warning in alias_warnings(named, at=timezone.now(), reader=request.user):
            self.message_user(request, warning, messages.WARNING)
