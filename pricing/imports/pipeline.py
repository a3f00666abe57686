"""An import from end to end: read -> plan -> guards -> apply, in one transaction.

Sources propose and operators decide: every import starts with a plan, and a guard stops a document that looks broken
until an operator confirms it.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation

from catalog.db import revision
from catalog.db.audit import record
from catalog.db.changes import Version
from catalog.db.history import name_actor
from catalog.db.import_context import run_scope
from catalog.db.snapshot import snapshot
from catalog.error_messages import InputError, count
from catalog.imports.context import Findings, PlanContext, WriteContext
from catalog.imports.documents import read_document, resolve
from catalog.imports.dropped_models import record_dropped_models
from catalog.imports.facts import FactsPlan, apply_facts, plan_facts
from catalog.imports.fetching import Fetched
from catalog.imports.gc_pause import pause_gc
from catalog.imports.import_policy import update_pins
from catalog.models import AIModel, Channel, ImportRun, NameList, Offer, Snapshot, Source
from catalog.sources.records import Document, Structure
from pricing.engine.formatting.lines import summary
from pricing.engine.sanity_checks import leaves_no_input
from pricing.impact.impact import Impact
from pricing.impact.observing import has_readers, observe, preview
from pricing.imports.guards import ACCEPT_JUMPS, find_guards, missing_names, previous_names, removal_guard
from pricing.imports.options import Options
from pricing.imports.plan import ImportPlan
from pricing.imports.prices.planning import plan_prices
from pricing.imports.prices.references import compare_suggested
from pricing.imports.prices.writing import apply_prices
from pricing.imports.structure.plan import StructurePlan
from pricing.imports.structure.planning import allowed_structure, known_endpoint_types, plan_structure
from pricing.imports.structure.pruning import add_absent
from pricing.imports.structure.writing import (
    REMOVED_FIRST,
    REMOVED_LAST,
    apply_structure,
    merge_undo,
    remove_rows,
)
from pricing.models import PriceSheet
from pricing.verification import extracts
from pricing.verification.quorum import BOOKS
from tokens.access.visibility import UNREACHED
from tokens.models import TokenGroup

# The source that has sections.
YAML = "yaml"
OFFER = ("channel__slug", "model__name", "enabled")


@pause_gc()
def make_plan(content: bytes, options: Options, *, at: dt.datetime, origin: str = "") -> ImportPlan:
    """Plans the import of these bytes, with its impact on keys; InputError says why it is not possible.

    For the impact, the plan is applied and rolled back, so other writers wait for it.
    """
    return plan_document(read(content, options), options, at=at, origin=origin)


@pause_gc()
def plan_document(document: Document, options: Options, *, at: dt.datetime, origin: str = "") -> ImportPlan:
    """`make_plan` for a document that has been read."""
    plan, version = _plan_in_snapshot(document, options, at=at, origin=origin)
    return _rehearse(plan, document, version, at=at)


@pause_gc()
def make_plan_alone(content: bytes, options: Options, *, at: dt.datetime, origin: str = "") -> ImportPlan:
    """Plans the import of these bytes without its impact on keys; writes nothing."""
    return _plan_in_snapshot(read(content, options), options, at=at, origin=origin)[0]


def _plan_in_snapshot(
    document: Document, options: Options, *, at: dt.datetime, origin: str
) -> tuple[ImportPlan, Version]:
    """The plan, and the version of the catalog that it is made of."""
    # The same plan has the same fingerprint in every language.
    with snapshot(), translation.override(settings.LANGUAGE_CODE):
        return _plan(document, options, at=at, origin=origin), revision.version()


def _rehearse(plan: ImportPlan, document: Document, version: Version, *, at: dt.datetime) -> ImportPlan:
    """The plan with its impact; it is made again if the catalog has changed since the version it was made of."""

    def write() -> ImportPlan:
        current = plan
        if revision.version() != version:
            with translation.override(settings.LANGUAGE_CODE):
                current = _plan(document, plan.options, at=at, origin=plan.origin)
        # Its document is not stored twice.
        run = create_run(plan.options, b"", origin="", actor=None)
        with run_scope(run.pk):
            _write(current, WriteContext(at, "Rehearsal", None, run))
        return current

    impact = Impact(at)
    if not plan.is_empty and has_readers():
        plan, impact = preview(write, at=at)
    plan.add_impact(impact)
    return plan


@pause_gc()
def read(content: bytes, options: Options) -> Document:
    """The document of these bytes, limited as the options say; InputError if it cannot be imported."""
    _check_options(options)
    return read_document(
        options.source.read,
        content,
        only=options.only,
        providers=options.providers,
        placeholders=options.accept_placeholders,
    )


def _plan(document: Document, options: Options, *, at: dt.datetime, origin: str) -> ImportPlan:
    context = PlanContext(at, options.policy())
    context.findings.collect(document)
    # An alias that the file no longer contains means no model any more.
    owned = document.structure.aliases if options.prune and "aliases" in document.structure.sections else None
    resolution = resolve(document, context.findings, aliases=owned)
    structure = _requested_structure(resolution.document, options)
    if options.prune:
        structure = add_absent(resolution.document, structure, context, mode=options.prune)
    registry = known_endpoint_types(structure, at=at)
    facts = plan_facts(
        resolution.document,
        context,
        registry=registry,
        publish=options.publish,
        channel=options.channel,
        owned=structure.models if options.prune and "models" in structure.sections else (),
    )
    _report_output_limits(facts, context.findings)
    structure = _with_vendor_descriptions(structure, facts)
    priced = replace(_storable(resolution.document, facts, at=at), structure=structure)
    plan = ImportPlan(
        options,
        facts,
        plan_prices(priced, context, role=options.prices_as),
        plan_structure(
            allowed_structure(structure, facts.new, context),
            context,
            new_models=facts.new,
            used_types=facts.endpoint_types,
        ),
        context.findings,
        joins_group=_group_to_join(options, facts),
        upstream_values=context.policy.upstream_values,
        origin=origin[:255],
        listed=list(document.listed),
        aliases=resolution.aliases,
        placeholders=_placeholders(priced, options, at=at),
        unmatched=resolution.unmatched,
        suggested_prices=compare_suggested(resolution.unmatched, priced, role=options.prices_as, at=at),
    )
    report_unreached(facts, plan.structure, context, joined=options.channel if plan.joins_group else "")
    previous = previous_names(options, listed=plan.listed, origin=plan.origin, findings=plan.findings)
    removed = set(plan.structure.removed_models)
    plan.missing = [name for name in missing_names(previous, plan.listed) if name not in removed]
    for pattern in options.accepted_patterns:
        if not any(replace(options, accept_jumps=(pattern,)).accepts_jump(name) for name in plan.jumps):
            plan.findings.add(f"--accept-jumps {pattern} accepts nothing: no price of such a model moves far")
    plan.guards = list(find_guards(options, previous=previous, missing=plan.missing, jumps=plan.open_jumps))
    if guard := removal_guard(options, removed=len(plan.unlisted_models), stored=AIModel.objects.count()):
        plan.guards = [guard, *(other for other in plan.guards if other.option != guard.option)]
    return plan


def _with_vendor_descriptions(structure: Structure, facts: FactsPlan) -> Structure:
    """The structure with descriptions for vendors that have none."""
    descriptions = {slug: {"description": text} for slug, text in facts.vendor_descriptions.items()}
    return replace(structure, vendors={**descriptions, **structure.vendors})


def _report_output_limits(facts: FactsPlan, findings: Findings) -> None:
    """Reports all models whose new output limit equals their context window in one sentence.

    A quarter of the models of some sources have such limits, so they are not suspicious one by one.
    """
    for name in (*facts.new, *facts.changed):
        if leaves_no_input(facts.new.get(name) or facts.changed_limits(name)):
            findings.add("the maximum output equals the context window, which leaves no room for input", name)


def report_unreached(facts: FactsPlan, structure: StructurePlan, context: PlanContext, *, joined: str = "") -> None:
    """Reports the models that become published or offered, and that nobody can see then: no group reaches them.

    `joined`: a channel that a group will reach, beside those of the structure.
    """
    # The structure has the status of new models, but plans only that of stored ones.
    planned = {name: {**values, **structure.structure.models.get(name, {})} for name, values in facts.new.items()}
    planned |= {name: facts.new_values(name) for name in facts.changed}
    for (name,), changes in structure.changes_of("models").items():
        planned[name] = {**planned.get(name, {}), **_new_values(changes)}
    offers = {key: _new_values(changes) for key, changes in structure.changes_of("offers").items()}
    offers |= {(facts.channel, name): {} for name in facts.offers}
    concerned = {name: None for name, values in planned.items() if values.get("status") == AIModel.Status.PUBLISHED}
    concerned |= dict.fromkeys(name for _, name in offers)
    if not concerned:
        return
    models = {row["name"]: row for row in AIModel.objects.values("name", "status", "retires_on")}
    stored = {(channel, name): {"enabled": is_open} for channel, name, is_open in Offer.objects.values_list(*OFFER)}
    channels = dict(Channel.objects.values_list("slug", "enabled"))
    for (slug,), changes in structure.changes_of("channels").items():
        channels[slug] = _new_values(changes).get("enabled", channels.get(slug, True))
    reached = set(TokenGroup.channels.through.objects.values_list("channel__slug", flat=True))
    reached |= {joined, *(channel for _, channel in structure.joins)}
    seen = set()
    for key in (*stored, *offers):
        offer = {"enabled": True, **stored.get(key, {}), **offers.get(key, {})}
        if offer["enabled"] and key[0] in reached and channels.get(key[0], True):
            seen.add(key[1])
    for name in concerned:
        model = {**models.get(name, {}), **planned.get(name, {})}
        is_retired = model.get("retires_on") is not None and model["retires_on"] <= context.at.date()
        if model.get("status") == AIModel.Status.PUBLISHED and not is_retired and name not in seen:
            context.findings.add(UNREACHED, name)


def _new_values(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {column: new for column, (_, new) in changes.items()}


def _placeholders(document: Document, options: Options, *, at: dt.datetime) -> dict[str, tuple[str, str]]:
    """Model -> its price now and its unconfirmed one, if the import would store it if it were confirmed."""
    unconfirmed = {record.name: sheet for record in document.records if (sheet := record.unconfirmed) is not None}
    if not unconfirmed:
        return {}
    records = tuple(
        replace(record, prices=unconfirmed[record.name]) for record in document.records if record.name in unconfirmed
    )
    prices = plan_prices(replace(document, records=records), PlanContext(at, options.policy()), role=options.prices_as)
    now = {name: summary(change.before) for name, change in prices.changed.items() if change.before is not None}
    return {name: (now.get(name, ""), summary(unconfirmed[name])) for name in prices.touched}


def _requested_structure(document: Document, options: Options) -> Structure:
    """The rows beside the models that the options ask for."""
    structure = document.structure
    if options.only:
        types = {name for record in document.records for name in record.endpoint_types}
        structure = structure.narrowed({record.name for record in document.records}, endpoint_types=types)
    if options.source.kind == PriceSheet.Role.SELL and options.prices_as != PriceSheet.Role.SELL:
        # These are another gateway's group rates: they apply to its sell prices only.
        structure = replace(structure, rates={})
    return structure


def _check_options(options: Options) -> None:
    if options.prune and options.source.slug != YAML:
        raise InputError(f"--prune needs a file that contains the whole catalog: it works with {YAML} only.")
    if options.prune and (options.only or options.providers or options.channel):
        raise InputError("--prune compares the whole file: it cannot be used with --only, --provider or --channel.")
    if options.channel:
        try:
            Channel._meta.get_field("slug").clean(options.channel, None)
        except ValidationError:
            raise InputError(
                f"{options.channel!r} is not a valid channel name: use up to 64 letters, digits and dashes."
            ) from None
    if options.group and not options.channel:
        raise InputError("A group reaches models through a channel. Name one with --channel.")
    if options.group and not TokenGroup.objects.filter(slug=options.group).exists():
        raise InputError(f"There is no group {options.group}. Create it in the admin first.")


def _storable(document: Document, facts: FactsPlan, *, at: dt.datetime) -> Document:
    """The document with the records that are stored or planned, and with their prices of that moment."""
    stored = set(AIModel.objects.values_list("name", flat=True))
    records = tuple(
        record.priced_at(at) for record in document.records if record.name in stored or record.name in facts.new
    )
    if not records and not document.structure.sections:
        raise InputError("The document contains no model that can be stored.")
    return replace(document, records=records)


def _group_to_join(options: Options, facts: FactsPlan) -> str:
    """The group that will reach the channel: a new channel joins group default, a stored one only a requested group."""
    if not options.channel or not (options.group or facts.new_channel):
        return ""
    group = options.group or TokenGroup.DEFAULT
    reached = TokenGroup.objects.filter(slug=group, channels__slug=options.channel).exists()
    return "" if reached else group


@pause_gc()
def apply_import(
    content: bytes,
    options: Options,
    *,
    at: dt.datetime,
    origin: str = "",
    fetched: Fetched | None = None,
    actor: AbstractBaseUser | None = None,
    only_if: Callable[[ImportPlan], bool] | None = None,
) -> tuple[ImportPlan, ImportRun | None]:
    """Plans and applies an import; the run is None if there was nothing to do or a guard stopped it.

    If the options accept jumps of some models, the models with other jumps are held back, and their guard is returned.

    `only_if` decides about the plan while other writers are excluded. `fetched`: the response, if the document was
    fetched from `origin`.
    """
    document = read(content, options)
    with transaction.atomic():
        # All writers wait here, so the plan is still valid when it is applied.
        revision.hold()
        plan = _plan(document, options, at=at, origin=origin)
        if options.accepted_patterns and [guard.option for guard in plan.guards] == [ACCEPT_JUMPS]:
            # The operator has decided about the jumps: the others are held back, and the rest is applied.
            plan = plan.without_open_jumps()
        elif only_if is not None and not only_if(plan):
            return plan, None
        elif plan.guards:
            return _rehearse(plan, document, revision.version(), at=at), None
        if plan.upstream_values:
            update_pins(plan.upstream_values, options.stored_source(), at=at)
        record_dropped_models(options.slug, missing=plan.missing, listed=plan.listed, at=at)
        if plan.is_empty and not (options.allow_removals and plan.missing):
            plan.add_impact(Impact(at))
            return plan, None
        with transaction.atomic():
            run = create_run(options, content, origin=origin, actor=actor, document=document)
            apply_plan(plan, run, at=at, actor=actor)
            if plan.loss:
                transaction.set_rollback(True)
        if plan.loss:
            return plan, None
        if fetched is not None:
            store_validators(run.source, run.snapshot, fetched, url=origin)
        return plan, run


def store_validators(source: Source, snapshot: Snapshot, fetched: Fetched, *, url: str) -> None:
    """Stores the validators for the next conditional request to this address."""
    if source.url != url:
        source.url = url
        source.save(update_fields=["url"])
    source.etag, source.last_modified, source.last_sha256 = fetched.etag, fetched.last_modified, snapshot.sha256
    # Without history, which would get a row for every fetch.
    validators = {name: getattr(source, name) for name in ("etag", "last_modified", "last_sha256")}
    Source.objects.filter(pk=source.pk).update(**validators)


def apply_plan(plan: ImportPlan, run: ImportRun, *, at: dt.datetime, actor: AbstractBaseUser | None) -> None:
    """Writes a plan as this run; call it inside a transaction that excludes other writers.

    If the plan has a loss afterwards that its options do not accept, the caller rolls the transaction back.
    """
    with run_scope(run.pk), observe(at=at) as impact:
        undo = _write(plan, WriteContext(at, f"Import {run}", actor, run))
    plan.add_impact(impact)
    run.status, run.applied_at = ImportRun.Status.APPLIED, at
    run.report = plan.report() | {"impact": impact.outline()} | ({"undo": undo} if undo else {})
    run.names = NameList.of(run.source, plan.listed)
    run.save()
    record("applied", about=run, actor=actor, run=run.pk, detail=count(len(plan.touched), "model"))


def _write(plan: ImportPlan, context: WriteContext) -> Mapping[str, Any]:
    """Writes the rows of a plan; returns what a rollback needs to know."""
    structure = plan.structure.structure
    removed = remove_rows(structure, REMOVED_FIRST, context)
    apply_facts(plan.facts, context)
    undo = apply_prices(plan.prices, context)
    if plan.joins_group:
        group, channel = _group(plan.joins_group), Channel.objects.get(slug=plan.options.channel)
        group.channels.add(channel)
    merge_undo(undo, apply_structure(structure, context))
    removed.extend(remove_rows(structure, REMOVED_LAST, context))
    return undo | ({"removed": removed.as_json()} if removed.rows else {})


def create_run(
    options: Options,
    content: bytes,
    *,
    origin: str,
    actor: AbstractBaseUser | None,
    document: Document | None = None,
) -> ImportRun:
    """A planned run, with its bytes stored, and with what they state if they have been read as `document`."""
    source = options.stored_source()
    snapshot = store_snapshot(source, content, origin=origin)
    is_whole = not (options.only or options.providers or options.accept_placeholders)
    if document is not None and is_whole and options.source.slug in BOOKS:
        extracts.store(snapshot, options.source.slug, document)
    return ImportRun.objects.create(
        source=source,
        snapshot=snapshot,
        status=ImportRun.Status.PLANNED,
        options=options.as_json(),
        actor_id=None if actor is None else actor.pk,
        actor_name=name_actor(actor),
    )


def store_snapshot(source: Source, content: bytes, *, origin: str) -> Snapshot:
    """The document as a snapshot; each document is stored once."""
    return Snapshot.store(source, content, origin=origin[:255])


def _group(slug: str) -> TokenGroup:
    return TokenGroup.objects.default() if slug == TokenGroup.DEFAULT else TokenGroup.objects.get(slug=slug)
