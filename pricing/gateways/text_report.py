"""A migration plan as text and as JSON: what is imported, and what is left out and why; never a key."""

from collections.abc import Callable, Sequence
from typing import Any

from catalog.error_messages import count, some
from pricing.gateways.keys import text_report as key_report
from pricing.gateways.migrate import MigrationPlan
from pricing.imports.text_report import section

SHOWN = 12


def report(plan: MigrationPlan) -> dict[str, Any]:
    """The plan as JSON."""
    gateway = plan.gateway
    return {
        "gateway": gateway.dialect.name,
        "run": plan.run.pk if plan.run else None,
        "counts": counts(plan),
        "guards": plan.guards,
        "impact": None if plan.impact is None else plan.impact.as_json(),
        "skipped": dict(plan.skipped),
        "left_out": [
            {"subject": kind.subject, "what": kind.what, "count": kind.count, "names": list(kind.names)}
            for kind in plan.left_out
        ],
        "prices": plan.prices.report(),
        "findings": _findings(plan, ", ".join),
        "structure": plan.structure.report(),
        "tokens": [
            {"name": token.fields["name"], "note": token.fields["note"], "enabled": token.fields["enabled"]}
            | {"groups": list(token.groups), "automatic": token.fields["uses_auto_groups"]}
            | {"allow": token.fields["allow"], "deny": token.fields["deny"]}
            for token in plan.tokens
        ],
        "keys": plan.keys.report() if plan.keys else {},
        "sees": [{"sees": sentence, "tokens": tokens} for sentence, tokens in plan.sees.items()],
        "models": plan.models.report() if plan.models else {},
    }


def counts(plan: MigrationPlan) -> dict[str, int]:
    """The numbers of new, changed and existing rows."""
    tables, models = plan.structure.tables, plan.models
    return {
        "channels": len(tables["channels"].new),
        "channels_changed": len(tables["channels"].changed),
        "upstream_keys_left_out": sum(channel.keys for channel in plan.gateway.channels),
        "groups": len(tables["groups"].new),
        "groups_changed": len(tables["groups"].changed),
        "rates": len(tables["rates"].new) + len(tables["rates"].changed),
        "offers": len(tables["offers"].new),
        "offers_changed": len(tables["offers"].changed),
        "models": len(models.facts.new) if models else 0,
        "models_changed": len(models.facts.changed) if models else 0,
        "vendors": len(models.facts.vendors) if models else 0,
        "prices": len(models.prices.new) + len(models.prices.changed) if models else 0,
        "tokens": len(plan.tokens),
        "tokens_here_already": plan.known_tokens,
        "tokens_skipped": sum(plan.skipped.values()),
    }


def summary(plan: MigrationPlan, *, applied: bool) -> str:
    """The plan for a person at a terminal."""
    number = counts(plan)
    channels = (
        f"{plan.gateway.dialect.name}: {count(number['channels'], 'channel')} new, "
        f"{number['channels_changed']} changed "
        f"({count(number['upstream_keys_left_out'], 'upstream key is', 'upstream keys are')} not imported); "
        f"{count(number['groups'], 'group')} new, {number['groups_changed']} changed; "
        f"{count(number['rates'], 'group rate')}."
    )
    models = (
        f"Models: {number['models']} new, {number['models_changed']} changed, {count(number['offers'], 'offer')}, "
        f"{count(number['vendors'], 'vendor')}; {count(number['prices'], 'price')}."
    )
    tokens = (
        f"Tokens: {number['tokens']} new, {number['tokens_here_already']} existing, "
        f"{number['tokens_skipped']} left out."
    )
    lines = [channels, models, tokens]
    lines += [f"  {skipped} left out: {why}" for why, skipped in plan.skipped.items()]
    if prices := list(plan.prices.lines()):
        lines += ["Prices:", *(f"  {line}." for line in prices)]
    if plan.left_out:
        lines += ["Not carried over:", *(f"  {kind}" for kind in plan.left_out)]
    if findings := _findings(plan, some):
        lines.append(section("Findings", [f"{sentence}." for sentence in findings], SHOWN, key_report.SHOW_ALL))
    if plan.keys:
        lines.append(key_report.summary(plan.keys, asked="what the gateway's rules give them"))
    if plan.sees:
        sees = [f"{some(tokens)}: {sentence}." for sentence, tokens in plan.sees.items()]
        lines.append(section("New keys with terms that have no effect", sees, SHOWN, key_report.SHOW_ALL))
    if plan.impact is not None:
        lines += [
            "Impact on the keys and prices that are here already:",
            *(f"  {line}" for line in plan.impact.lines()),
        ]
    return "\n".join([*lines, _next(plan, applied=applied)])


def _findings(plan: MigrationPlan, listed: Callable[[Sequence[str]], str]) -> list[str]:
    """The findings, each with its models or tokens as `listed` writes them."""
    parts = [plan.findings, plan.models.findings] if plan.models else [plan.findings]
    return [
        f"{listed(list(dict.fromkeys(names)))}: {text}" if names else text
        for findings in parts
        for text, names in findings.by_sentence.items()
    ]


def _next(plan: MigrationPlan, *, applied: bool) -> str:
    if plan.guards:
        result = "Migrated, without the models that are held back:" if applied else "Stopped, nothing was written:"
        return "\n".join([result, *(f"  {guard}" for guard in plan.guards), *_undo(plan)])
    if plan.is_empty:
        return "Nothing to do."
    return (
        " ".join(["Migrated.", *_undo(plan)])
        if applied
        else "Nothing was written. To apply the plan, repeat with --apply."
    )


def _undo(plan: MigrationPlan) -> list[str]:
    return [f"To undo it: rollback_import {plan.run.pk}"] if plan.run else []
