"""Migration: plans what a gateway's data changes here, and applies the plan in one transaction.

Models and prices are imported as from any source; channels and groups are the structure of the import; tokens are
created last. Nothing is deleted and existing tokens are unchanged, so a second migration only adds what is new.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog import caches
from catalog.db import revision
from catalog.db.import_context import run_scope
from catalog.error_messages import count, some
from catalog.imports.context import Findings, PlanContext, WriteContext
from catalog.imports.facts import FactsPlan
from catalog.models import AIModel, Channel, EndpointType, ImportRun, NameList
from catalog.names.groups import earlier_group_name, fault_of_group_name, normal_group_name, storable_group_name
from catalog.sources.records import Structure
from pricing.gateways import document
from pricing.gateways.channels import structure_of
from pricing.gateways.groups import Groups, groups_of
from pricing.gateways.keys.comparison import Comparison, compare_keys
from pricing.gateways.keys.gateway_rules import GatewayRules
from pricing.gateways.left_out import left_out_of
from pricing.gateways.prices.listing import LISTED
from pricing.gateways.prices.summary import PriceSummary
from pricing.gateways.reading.gateway import Gateway, LeftOut, Report
from pricing.gateways.tokens import NewToken, TokenPlan, create_tokens
from pricing.impact.impact import ACCEPT_LOSS, Impact
from pricing.impact.observing import observe
from pricing.imports.guards import Guard
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import, create_run, make_plan_alone, report_unreached
from pricing.imports.plan import ImportPlan
from pricing.imports.structure.plan import StructurePlan
from pricing.imports.structure.planning import plan_structure
from pricing.imports.structure.writing import apply_structure
from pricing.models import PriceLine
from tokens.auth.sight import sights_of
from tokens.models import Token, TokenGroup


@dataclass
class MigrationPlan:
    """All changes of a migration."""

    gateway: Gateway
    # None if the gateway has no models.
    models: ImportPlan | None
    structure: StructurePlan
    tokens: list[NewToken]
    known_tokens: int
    skipped: Counter[str]
    left_out: tuple[LeftOut, ...]
    prices: PriceSummary
    # The models and prices as the document that is imported.
    content: bytes
    findings: Findings
    # The import run that applied it.
    run: ImportRun | None = None
    # What each key could do there and can do here; None if a guard stopped the migration.
    keys: Comparison | None = None
    # Sentence about what new keys see -> the tokens that it is true of; see tokens/auth/sight.py.
    sees: dict[str, list[str]] = field(default_factory=dict)
    # What it does to the keys that are here already; None if another guard stopped the migration.
    impact: Impact | None = None
    # The guard about these keys; empty if it is accepted.
    losses: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return (self.models is None or self.models.is_empty) and self.structure.is_empty and not self.tokens

    @property
    def guards(self) -> list[str]:
        guards = [str(guard) for guard in self.models.guards] if self.models else []
        return [*guards, *(str(Guard(ACCEPT_LOSS, sentence)) for sentence in self.losses)]


def plan_migration(gateway: Gateway, *, at: dt.datetime, accept_jumps: bool | tuple[str, ...] = False) -> MigrationPlan:
    """The changes that a migration would make; writes nothing. InputError if its models cannot be read."""
    gateway = _with_earlier_names(gateway)
    context = PlanContext(at)
    findings = context.findings
    for sentence, subject in gateway.findings:
        findings.add(sentence, subject)
    for sentence in document.findings(gateway):
        findings.add(sentence)
    _report_missing_list(gateway, findings)
    groups = groups_of(gateway)
    _report_groups(gateway, groups, findings)
    prices = document.prices_of(gateway)
    content = document.write(gateway, prices.prices)
    # A gateway without models has no document to plan.
    models = make_plan_alone(content, _options(accept_jumps=accept_jumps), at=at) if prices.prices else None
    new_models = tuple(models.facts.new) if models else ()
    structure = _structure(gateway, groups, new=new_models, report=findings.add)
    _report_shared_groups(structure, findings)
    planned = plan_structure(structure, context, new_models=new_models)
    report_unreached(models.facts if models else FactsPlan(), planned, context)
    tokens = TokenPlan(gateway, groups, findings, at=at)
    if tokens.new and not tokens.known:
        _report_shared_channels(structure, findings)
    return MigrationPlan(
        gateway=gateway,
        models=models,
        structure=planned,
        tokens=tokens.new,
        known_tokens=tokens.known,
        skipped=tokens.skipped,
        left_out=left_out_of(gateway, dict(EndpointType.objects.values_list("name", "path"))),
        prices=prices,
        content=content,
        findings=findings,
    )


def apply_migration(
    gateway: Gateway,
    *,
    at: dt.datetime,
    accept_jumps: bool | tuple[str, ...] = False,
    accept_loss: bool = False,
    actor: AbstractBaseUser | None = None,
) -> tuple[MigrationPlan, bool]:
    """Plans a migration and applies it; False if it had no effect or a guard stopped it.

    `accept_loss`: keys that are here already may lose more than 5 % of their models, or all.

    If `accept_jumps` names some models, the changes of models with other jumps are held back, and their guard is
    returned. Everything else is applied completely or not at all.
    """
    with transaction.atomic():
        # All writers queue here, so that nothing changes between the plan and its application.
        revision.hold()
        plan = plan_migration(gateway, at=at, accept_jumps=accept_jumps)
        models = plan.models
        with transaction.atomic():
            is_applied = _apply_unless_stopped(plan, _options(accept_jumps=accept_jumps), at=at, actor=actor)
            plan.losses = plan.impact.guards() if plan.impact and not accept_loss else []
            transaction.set_rollback(bool(plan.losses))
        if plan.losses:
            plan.models, plan.run, is_applied = models, None, False
            caches.clear_all()
        return plan, is_applied


def rehearse_migration(
    gateway: Gateway, *, at: dt.datetime, accept_jumps: bool | tuple[str, ...] = False, accept_loss: bool = False
) -> MigrationPlan:
    """The plan, with the comparison of keys: the plan is applied and rolled back, so other writers wait for it."""
    try:
        with transaction.atomic():
            revision.hold()
            plan = plan_migration(gateway, at=at, accept_jumps=accept_jumps)
            models = plan.models
            _apply_unless_stopped(plan, _options(accept_jumps=accept_jumps), at=at, actor=None)
            plan.losses = plan.impact.guards() if plan.impact and not accept_loss else []
            transaction.set_rollback(True)
    finally:
        # They may have entries of the revision that was rolled back.
        caches.clear_all()
    plan.models, plan.run = models, None
    return plan


def _apply_unless_stopped(
    plan: MigrationPlan, options: Options, *, at: dt.datetime, actor: AbstractBaseUser | None
) -> bool:
    """Applies the plan and compares the keys; False if the plan is empty or a guard stops it."""
    if plan.guards and not options.accepted_patterns:
        return False
    is_empty = plan.is_empty
    with observe(at=at) as plan.impact:
        if not is_empty:
            plan.run = _apply(plan, options, at=at, actor=actor)
    plan.keys = compare_keys(GatewayRules(plan.gateway, at=at, prices=plan.prices.prices), at=at)
    return not is_empty


def _apply(plan: MigrationPlan, options: Options, *, at: dt.datetime, actor: AbstractBaseUser | None) -> ImportRun:
    """Writes everything as one import run, so that one rollback undoes it."""
    gateway, content, origin = plan.gateway, plan.content, plan.gateway.dialect.name
    run, reason = None, f"Migrated from {origin}"
    if plan.models is not None:
        plan.models, run = apply_import(content, options, at=at, origin=origin, actor=actor)
    if run is None:
        run = create_run(options, content, origin=origin, actor=actor)
        if plan.models:
            run.report, run.names = plan.models.report(), NameList.of(run.source, plan.models.listed)
    with run_scope(run.pk):
        apply_structure(_structure(gateway, groups_of(gateway)), WriteContext(at, reason, actor, run))
        reported = create_tokens(plan.tokens, reason=reason)
    plan.sees = _sees(run, reported, at=at)
    run.status, run.applied_at = ImportRun.Status.APPLIED, at
    run.report |= _additions(plan, run.report)
    run.save()
    return run


def _sees(run: ImportRun, reported: Mapping[int, str], *, at: dt.datetime) -> dict[str, list[str]]:
    """What in the terms of the run's tokens has no effect: what keys see, as a sentence -> the tokens."""
    created = Token.history.filter(run_id=run.pk).values("id")
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key, sight in sights_of(Token.objects.filter(pk__in=created), at=at):
        if sight.problems:
            found[str(sight)].append(reported[key])
    return dict(found)


def _additions(plan: MigrationPlan, report: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of the run's report that a migration has beside an import of models and prices."""
    findings = [{"finding": text, "models": models} for text, models in plan.findings.by_sentence.items()]
    findings += report.get("findings", ())
    counts = {"tokens": len(plan.tokens), "findings": len(findings)}
    return {
        "counts": {**report.get("counts", {}), **counts},
        "findings": findings,
        "structure": {**report.get("structure", {}), **plan.structure.report()},
        "price_rules": [line.strip() for line in plan.prices.lines()],
        "left_out": [str(kind) for kind in plan.left_out],
    }


def _options(*, accept_jumps: bool | tuple[str, ...]) -> Options:
    # The loss of keys is that of the whole migration, not that of its models and prices.
    return Options(source=document.SOURCE, allow_removals=True, accept_loss=True, accept_jumps=accept_jumps)


def _structure(gateway: Gateway, groups: Groups, *, new: Iterable[str] = (), report: Report | None = None) -> Structure:
    return structure_of(
        gateway,
        groups,
        known_labels=_known_labels(),
        storable=frozenset(AIModel.objects.values_list("name", flat=True)) | frozenset(new),
        report=report or Findings().add,
    )


def _known_labels() -> dict[str, str]:
    """Group -> its label, for groups whose label an operator or an earlier import has written."""
    labels = dict(TokenGroup.objects.values_list("slug", "label"))
    if labels.get(TokenGroup.DEFAULT) == TokenGroup.DEFAULT_LABEL:
        del labels[TokenGroup.DEFAULT]
    return labels


def _with_earlier_names(gateway: Gateway) -> Gateway:
    """The gateway with the names here of groups that an earlier version has stored under a name derived from theirs."""
    names = {name: earlier_group_name(name) for name in groups_of(gateway).names}
    valid = {storable_group_name(name) for name in names}
    stored = set(TokenGroup.objects.filter(slug__in=[*names.values(), *valid]).values_list("slug", flat=True))
    return replace(
        gateway,
        earlier_names={
            name: earlier
            for name, earlier in names.items()
            if earlier in stored and storable_group_name(name) not in stored
        },
    )


def _report_groups(gateway: Gateway, groups: Groups, findings: Findings) -> None:
    """Reports the groups that have another name here than in the gateway, and what is left out of its options."""
    names_here: defaultdict[str, list[str]] = defaultdict(list)
    for name in groups.names:
        names_here[gateway.group_here(name)].append(name)
        if name in gateway.earlier_names:
            findings.add(
                f"group {name} has the name {gateway.earlier_names[name]} here, from an earlier import: enter its own "
                "name on its page, and its prices, rates and keys follow"
            )
        elif fault := fault_of_group_name(normal_group_name(name)):
            findings.add(f"group {name!r} is named {gateway.group_here(name)} here: {fault[0].lower()}{fault[1:-1]}")
    for here, several in names_here.items():
        if len(several) > 1:
            findings.add(f"{count(len(several), 'group')} of the gateway are the same here: {here}")
    if missing := [name for name in groups.automatic if name not in groups.names]:
        findings.add(f"the automatic order of groups (AutoGroups) names groups that do not exist: {some(missing)}")
    if groups.unread_rates:
        findings.add(f"rates of groups that are not numbers of 0 or more were left out: {some(groups.unread_rates)}")


def _report_missing_list(gateway: Gateway, findings: Findings) -> None:
    """Without the list of the running gateway, prices of an earlier migration with it return to those of the rules."""
    is_without = gateway.dialect.lists_prices and gateway.listing is None
    if is_without and PriceLine.objects.filter(facts__icontains=LISTED).exists():
        findings.add(
            "earlier prices come from the list of the running gateway, and this plan has no such list: give it with "
            "--pricing, or they change to those of the database and the rules"
        )


def _report_shared_channels(structure: Structure, findings: Findings) -> None:
    """Reports channels that are here although no token is: those of another gateway may have the same name and id."""
    existing = Channel.objects.filter(slug__in=list(structure.channels)).order_by("slug")
    if slugs := list(existing.values_list("slug", flat=True)):
        findings.add(
            "channels of the same name and id are here, but no token of this gateway: if they belong to another "
            "gateway, rename them in one of the two, because they get the values of this one and keys of both "
            f"reach the models of both: {some(slugs)}"
        )


def _report_shared_groups(structure: Structure, findings: Findings) -> None:
    """Existing groups keep the channels that they reach, so migrated keys also see those channels."""
    foreign = TokenGroup.channels.through.objects.exclude(channel__slug__in=list(structure.channels))
    reaching = set(foreign.values_list("tokengroup__slug", flat=True))
    for slug in sorted(reaching & structure.groups.keys()):
        findings.add(f"the group {slug} already exists; its tokens also see the models that it reaches here")
