"""A plan to move in, for a person and for a machine: what is brought, what is left out and why; never a key."""

from typing import Any

from pricing.gateways.migrate import MovePlan

SHOWN = 12


def report(plan: MovePlan) -> dict[str, Any]:
    """The plan as JSON."""
    gateway = plan.gateway
    findings = [*plan.findings.by_sentence, *_worded(plan)]
    return {
        "gateway": gateway.dialect.name,
        "counts": counts(plan),
        "guards": plan.guards,
        "skipped": dict(plan.skipped),
        "findings": findings,
        "structure": plan.structure.report(),
        "tokens": [
            {"name": token.fields["name"], "note": token.fields["note"], "enabled": token.fields["enabled"]}
            | {"groups": list(token.groups), "automatic": token.fields["uses_auto_groups"]}
            | {"allow": token.fields["allow"]}
            for token in plan.tokens
        ],
        "models": plan.models.report() if plan.models else {},
    }


def counts(plan: MovePlan) -> dict[str, int]:
    """How much of what is new, changed or here already."""
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


def summary(plan: MovePlan, *, applied: bool) -> str:
    """The plan for a person at a terminal."""
    number = counts(plan)
    channels = (
        f"{plan.gateway.dialect.name}: {number['channels']} channels new, {number['channels_changed']} changed "
        f"({number['upstream_keys_left_out']} upstream keys stay where they are); {number['groups']} groups new, "
        f"{number['groups_changed']} changed; {number['rates']} group rates."
    )
    models = (
        f"Models: {number['models']} new, {number['models_changed']} changed, {number['offers']} offers, "
        f"{number['vendors']} vendors; {number['prices']} prices."
    )
    tokens = (
        f"Tokens: {number['tokens']} brought, {number['tokens_here_already']} here already, "
        f"{number['tokens_skipped']} left out."
    )
    lines = [channels, models, tokens]
    lines += [f"  {count} left out: {why}" for why, count in plan.skipped.items()]
    findings = report(plan)["findings"]
    if findings:
        lines += [f"Found ({len(findings)}):", *(f"  {sentence}." for sentence in findings[:SHOWN])]
        lines += [f"  … and {len(findings) - SHOWN} more: see --format json."] if len(findings) > SHOWN else []
    return "\n".join([*lines, _next(plan, applied=applied)])


def _worded(plan: MovePlan) -> list[str]:
    """What the reader of the price list found, with the models that it is true of."""
    found = plan.models.findings.by_sentence if plan.models else {}
    return [f"{_some(names)}: {text}" if names else text for text, names in found.items()]


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _next(plan: MovePlan, *, applied: bool) -> str:
    if plan.guards:
        return "\n".join(["Stopped, nothing was written:", *(f"  {guard}" for guard in plan.guards)])
    if plan.is_empty:
        return "Nothing to do."
    return "Moved in." if applied else "Nothing was written. To carry it out, repeat with --apply."
