"""Patterns may compare prices and limits. A stored pattern that has meant a model id keeps this meaning as `id:…`."""

import re

import catalog.db.fields
import tokens.scope
from django.db import migrations

# What was the id of a model, and is not any more.
NEW = re.compile(
    r"free|capability:.*|(?:context|max_output)(?:<=|<|>=|>)[0-9]{1,15}|price:[a-z_.]+(?:<=|<|>=|>)[0-9.]+", re.DOTALL
)
# Before a pattern that was stored with the new meaning, after a migration backwards: an id that no model has.
KEPT = "kept:"


def keep_meaning(apps, schema_editor):
    token, model, alias = (
        apps.get_model("tokens", "Token"),
        apps.get_model("catalog", "AIModel"),
        apps.get_model("catalog", "ModelAlias"),
    )
    names = None

    def renamed(patterns):
        nonlocal names
        for pattern in patterns:
            if is_kept(pattern):
                yield pattern.removeprefix(KEPT)
            elif not isinstance(pattern, str) or not NEW.fullmatch(pattern):
                yield pattern
            elif "*" not in pattern:
                yield f"id:{pattern}"
            else:
                if names is None:
                    names = [*model.objects.values_list("name", flat=True), *alias.objects.values_list("name", flat=True)]
                expression = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
                yield from (f"id:{name}" for name in names if expression.fullmatch(name))

    for key, allow, deny in token.objects.values_list("pk", "allow", "deny").iterator(chunk_size=2000):
        lists = {"allow": allow, "deny": deny}
        changed = {
            field: list(renamed(patterns))
            for field, patterns in lists.items()
            if isinstance(patterns, list) and any(is_kept(text) or is_new(text) for text in patterns)
        }
        if changed:
            token.objects.filter(pk=key).update(**changed)


def is_new(pattern):
    return isinstance(pattern, str) and NEW.fullmatch(pattern) is not None


def is_kept(pattern):
    return isinstance(pattern, str) and pattern.startswith(KEPT) and is_new(pattern.removeprefix(KEPT))


def mark_new(apps, schema_editor):
    """The earlier version takes the new patterns for ids, which match nothing: a deny list would allow what it denies."""
    token = apps.get_model("tokens", "Token")
    allowing = []
    for row in token.objects.only("pk", "name", "key_id", "enabled", "allow", "deny").iterator(chunk_size=2000):
        if row.enabled and any(map(is_new, row.deny or ())):
            allowing.append(f"{row.name} ({row.key_id})")
    if allowing:
        raise RuntimeError(
            "These tokens deny models by patterns that the earlier version does not know, and would see them: "
            f"{', '.join(allowing[:20])}{' …' if len(allowing) > 20 else ''}. Disable them or change their patterns first."
        )
    for row in token.objects.only("pk", "allow", "deny").iterator(chunk_size=2000):
        lists = {"allow": row.allow, "deny": row.deny}
        changed = {
            field: [KEPT + text if is_new(text) else text for text in patterns]
            for field, patterns in lists.items()
            if isinstance(patterns, list) and any(map(is_new, patterns))
        }
        if changed:
            token.objects.filter(pk=row.pk).update(**changed)


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
        ('tokens', '0006_remember_peppers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='historicaltoken',
            name='allow',
            field=catalog.db.fields.NamesField(blank=True, default=None, help_text='The models it can see; a model that matches one of the patterns is allowed. Ids or aliases, or vendor:, series:, tag:, endpoint:, modality:, capability: with a name; * matches any characters, also in models added later. E.g. gpt-*, vendor:anthropic, capability:tools. By figures: context>=200000, max_output>=8000, free, price:input<=5, price:request<=0.01. A price is the most that a request can pay, in US dollars for a million tokens or for one of another unit. After id:, everything is part of the id, e.g. id:gpt-4-gizmo-*. Leave empty to allow all models of its groups.', null=True, validators=[tokens.scope.validate_patterns]),
        ),
        migrations.AlterField(
            model_name='historicaltoken',
            name='deny',
            field=catalog.db.fields.NamesField(blank=True, default=list, help_text='The models it can never see, in the same notation; deny overrides allow. A comparison also denies the models whose figure is unknown. Leave empty to deny none.', validators=[tokens.scope.validate_patterns]),
        ),
        migrations.AlterField(
            model_name='token',
            name='allow',
            field=catalog.db.fields.NamesField(blank=True, default=None, help_text='The models it can see; a model that matches one of the patterns is allowed. Ids or aliases, or vendor:, series:, tag:, endpoint:, modality:, capability: with a name; * matches any characters, also in models added later. E.g. gpt-*, vendor:anthropic, capability:tools. By figures: context>=200000, max_output>=8000, free, price:input<=5, price:request<=0.01. A price is the most that a request can pay, in US dollars for a million tokens or for one of another unit. After id:, everything is part of the id, e.g. id:gpt-4-gizmo-*. Leave empty to allow all models of its groups.', null=True, validators=[tokens.scope.validate_patterns]),
        ),
        migrations.AlterField(
            model_name='token',
            name='deny',
            field=catalog.db.fields.NamesField(blank=True, default=list, help_text='The models it can never see, in the same notation; deny overrides allow. A comparison also denies the models whose figure is unknown. Leave empty to deny none.', validators=[tokens.scope.validate_patterns]),
        ),
        migrations.RunPython(keep_meaning, mark_new, elidable=True),
    ]
