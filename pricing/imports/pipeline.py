"""An import from end to end: read -> plan -> guards -> apply, in one transaction that leaves all or nothing.

Sources propose and operators decide: a plan is made first, whoever applies it, and a guard stops what looks like a
broken source until the operator says that it is meant.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.db import revision
from catalog.db.bulk import create_rows, update_rows
from catalog.db.import_context import run_scope
from catalog.error_messages import InputError
from catalog.imports.context import PlanContext, WriteContext
from catalog.imports.documents import matches, read_document, resolve
from catalog.imports.dropped_models import record_dropped_models
from catalog.imports.facts import FactsPlan, apply_facts, model_keys, plan_facts
from catalog.imports.fetching import Fetched
from catalog.imports.gc_pause import pause_gc
from catalog.imports.import_policy import update_pins
from catalog.imports.provenance import alias_writers
from catalog.models import AIModel, Channel, ImportRun, ModelAlias, Snapshot, Source
from catalog.models.pin import price_field
from catalog.source_trust import PERSON
from catalog.sources.records import Document, Structure
from pricing.imports.plan import Guard, ImportPlan, Options
from pricing.imports.prices import apply_prices, plan_prices
from pricing.imports.structure import apply_structure, plan_structure
from pricing.models import PopularModel, PriceSheet
from pricing.published.group_rates import ratios_in_force, write_rates
from tokens.models import TokenGroup

# A source that loses a larger share of its rows at once has more likely broken than shrunk.
LARGEST_LOSS = Decimal("0.05")
# Documents that are looked through for the one that this is the next issue of: a source may come in many files.
RUNS_COMPARED = 100


@pause_gc()
def make_plan(content: bytes, options: Options, *, at: dt.datetime, origin: str = "") -> ImportPlan:
    """What importing these bytes would do; writes nothing. InputError says in a sentence why they cannot be."""
    return _plan(_read(content, options), content, options, at=at, origin=origin)


def _read(content: bytes, options: Options) -> Document:
    _check_options(options)
    return read_document(options.source.read, content, only=options.only, providers=options.providers)


def _plan(document: Document, content: bytes, options: Options, *, at: dt.datetime, origin: str) -> ImportPlan:
    context = PlanContext(at, options.policy())
    policy, findings = context.policy, context.findings
    findings.collect(document)
    listed = list(document.listed)
    resolution = resolve(document, findings)
    document = resolution.document
    facts = plan_facts(document, context, publish=options.publish, channel=options.channel)
    # A part of the models is not the whole catalog: what is said beside them is then not meant.
    structure = None if options.only else document.structure
    document = _without_refused(document, facts, at=at)
    prices = plan_prices(document, context, role=options.prices_as)
    plan = ImportPlan(options, facts, prices, findings, upstream_values=policy.upstream_values)
    plan.origin = origin[:255]
    plan.aliases, plan.unmatched, plan.listed = resolution.aliases, resolution.unmatched, listed
    plan.joins_group = _group_to_join(options, facts)
    if options.prices_as == PriceSheet.Role.SELL:
        _plan_rates(plan, document, at=at)
    _plan_popular(plan, document)
    if structure is not None:
        structure = _without_pinned(structure, context)
        structure = _with_sound_aliases(structure, facts, context)
        plan.structure = plan_structure(structure, context)
    _judge(plan, content)
    return plan


def _without_pinned(structure: Structure, context: PlanContext) -> Structure:
    """What it says of pinned fields and prices left out."""
    for name, pinned in context.policy.pinned_fields().items():
        if any(name in part for part in (structure.models, *structure.prices.values())):
            context.findings.add(f"what is pinned stays: {', '.join(sorted(pinned))}", name)
    models = {
        name: {key: value for key, value in fields.items() if (name, key) not in context.policy.pins}
        for name, fields in structure.models.items()
    }
    prices = {
        role: {name: price for name, price in of_role.items() if (name, price_field(role)) not in context.policy.pins}
        for role, of_role in structure.prices.items()
    }
    return replace(structure, models=models, prices=prices)


def _with_sound_aliases(structure: Structure, facts: FactsPlan, context: PlanContext) -> Structure:
    """Without aliases that are models themselves, or that stand for another model by a word that counts more."""
    stored = dict(ModelAlias.objects.filter(name__in=structure.aliases).values_list("name", "model__name"))
    models = set(AIModel.objects.filter(name__in=structure.aliases).values_list("name", flat=True)) | facts.new.keys()
    moved = [name for name, row in structure.aliases.items() if name in stored and stored[name] != row.get("model")]
    writers = alias_writers(moved) if moved else {}
    sound = {}
    for name, row in structure.aliases.items():
        if name in models:
            context.findings.add(f"is no alias of {row.get('model')}: a model has this id", name)
        elif name in moved and (why := context.policy.why_alias_withheld(writers.get(name, PERSON))):
            context.findings.add(
                f"stays an alias of {stored[name]}, though the source says {row.get('model')}: {why}", name
            )
        else:
            sound[name] = row
    return replace(structure, aliases=sound)


def _check_options(options: Options) -> None:
    if options.channel:
        try:
            Channel._meta.get_field("slug").clean(options.channel, None)
        except ValidationError:
            raise InputError(
                f"{options.channel!r} is no name for a channel: use letters, digits and dashes, 64 at most."
            ) from None
    if options.group and not options.channel:
        raise InputError("A group reaches models through a channel: name one with --channel.")
    if options.group and not TokenGroup.objects.filter(slug=options.group).exists():
        raise InputError(f"There is no group {options.group}. Make it in the admin first.")


def _without_refused(document: Document, facts: FactsPlan, *, at: dt.datetime) -> Document:
    """The records that can be stored, planned as new or there already, with the prices of that moment."""
    stored = set(AIModel.objects.values_list("name", flat=True))
    kept = tuple(each.priced_at(at) for each in document.records if each.name in stored or each.name in facts.new)
    if not kept:
        raise InputError("The document holds no model that can be stored.")
    return Document(kept, document.endpoint_types, document.group_rates, document.popular, document.findings)


def _group_to_join(options: Options, facts: FactsPlan) -> str:
    """A channel that the import makes joins group default; one that is there joins only a group that is named."""
    if not options.channel or not (options.group or facts.new_channel):
        return ""
    group = options.group or TokenGroup.DEFAULT
    reached = TokenGroup.objects.filter(slug=group, channels__slug=options.channel).exists()
    return "" if reached else group


def _plan_rates(plan: ImportPlan, document: Document, *, at: dt.datetime) -> None:
    groups = dict(TokenGroup.objects.values_list("slug", "pk"))
    rates = ratios_in_force(at=at)
    for slug, rate in document.group_rates.items():
        if slug not in groups:
            plan.findings.add(f"the source's group {slug[:64]} is not made here; its rate was left out")
        elif rates.get(groups[slug], Decimal(1)) != rate:
            plan.rates[slug] = (rates.get(groups[slug]), rate)


def _plan_popular(plan: ImportPlan, document: Document) -> None:
    known = {record.name for record in document.records}
    stored = dict(PopularModel.objects.values_list("model__name", "position"))
    for position, name in enumerate(document.popular or ()):
        if name not in known:
            if matches(name, plan.options.only):
                plan.findings.add("is named as popular and is no model of the source", name[:255])
        elif stored.get(name) != position:
            plan.popular[name] = (stored.get(name), position)


def _judge(plan: ImportPlan, content: bytes) -> None:
    """Names what looks like a broken source."""
    options = plan.options
    before = _previous_names(plan, content)
    names = set(plan.listed)
    plan.missing = [name for name in before if name not in names]
    if len(plan.missing) > len(before) * LARGEST_LOSS and not options.allow_removals:
        lost = f"{len(plan.missing)} of {len(before)} models are gone from the source since its last import."
        plan.guards.append(Guard("allow_removals", f"{lost} Nothing is deleted in any case."))
    jumps = plan.jumps
    if jumps and not options.accept_jumps:
        shown = ", ".join(list(jumps)[:5]) + (", …" if len(jumps) > 5 else "")
        prices = "The price of a model" if len(jumps) == 1 else f"The prices of {len(jumps)} models"
        moved = f"{prices} moved more than fourfold, to or from 0, or to another unit: {shown}."
        plan.guards.append(Guard("accept_jumps", moved))


def _previous_names(plan: ImportPlan, content: bytes) -> list[str]:
    """The models of the document that this one is the next issue of.

    That is the last applied one of the same source and providers that came from the same address, or that has most of
    this one's models. How it is imported (as what, on which channel) makes no other document of it; another vendor's
    file, or another host's list, is one.
    """
    options, listed = plan.options, set(plan.listed)
    runs = ImportRun.objects.filter(source__slug=options.slug, status=ImportRun.Status.APPLIED)
    latest = runs.order_by("-applied_at", "-pk").select_related("snapshot").defer("snapshot__packed", "report")
    sha256, seen = hashlib.sha256(content).hexdigest(), set[str]()
    for run in latest[:RUNS_COMPARED]:
        snapshot = run.snapshot
        if snapshot.sha256 in seen or list(run.options.get("providers") or ()) != list(options.providers):
            continue
        seen.add(snapshot.sha256)
        if snapshot.sha256 == sha256:
            return []
        names = _names_of(run, plan)
        is_from_there = "://" in plan.origin and plan.origin == snapshot.origin
        if names and (is_from_there or 2 * len(listed.intersection(names)) >= len(listed)):
            return [name for name in names if matches(name, options.only)]
    return []


def _names_of(run: ImportRun, plan: ImportPlan) -> list[str]:
    """All models of a run's document, whichever of them it took."""
    options = plan.options
    if (listed := run.report.get("listed")) is None:
        try:
            document = read_document(options.source.read, run.snapshot.content, providers=options.providers)
        except InputError as error:
            plan.findings.add(f"the last snapshot cannot be compared with: {error}")
            return []
        return list(document.listed)
    return list(listed)


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
    """Plans and carries out an import; the run is None where there was nothing to do or a guard stopped it.

    `only_if` judges the very plan that is applied, when nobody else can write any more. `fetched`: how the document
    came, where it came from the address that is its origin.
    """
    document = _read(content, options)
    with transaction.atomic():
        # All writers queue here, so what is planned is what is there when it is applied.
        revision.hold()
        plan = _plan(document, content, options, at=at, origin=origin)
        if plan.guards or not (only_if is None or only_if(plan)):
            return plan, None
        if plan.upstream_values:
            update_pins(plan.upstream_values, options.stored_source(), at=at)
        record_dropped_models(options.slug, missing=plan.missing, listed=plan.listed, at=at)
        if plan.is_empty:
            return plan, None
        run = create_run(options, content, origin=origin, actor=actor)
        apply_plan(plan, run, at=at, actor=actor)
        if fetched is not None:
            store_validators(run.source, run.snapshot, fetched, url=origin)
        return plan, run


def store_validators(source: Source, snapshot: Snapshot, fetched: Fetched, *, url: str) -> None:
    """By what to ask next time whether the document at this address is still the same."""
    if source.url != url:
        source.url = url
        source.save(update_fields=["url"])
    source.etag, source.last_modified, source.last_sha256 = fetched.etag, fetched.last_modified, snapshot.sha256
    # Past the history, which would have a row for every fetch in which nothing differs.
    told = {name: getattr(source, name) for name in ("etag", "last_modified", "last_sha256")}
    Source.objects.filter(pk=source.pk).update(**told)


def apply_plan(plan: ImportPlan, run: ImportRun, *, at: dt.datetime, actor: AbstractBaseUser | None) -> None:
    """Writes a plan as this run; call it inside a transaction that excludes other writers."""
    context = WriteContext(at, f"Import {run}", actor, run)
    with run_scope(run.pk):
        apply_facts(plan.facts, context)
        apply_prices(plan.prices, context)
        if plan.joins_group:
            group, channel = _group(plan.joins_group), Channel.objects.get(slug=plan.options.channel)
            group.channels.add(channel)
        _apply_rates(plan.rates, context)
        _apply_popular(plan.popular, context)
        if plan.structure is not None:
            apply_structure(plan.structure.structure, context)
    run.status, run.applied_at = ImportRun.Status.APPLIED, at
    run.report = plan.report() | {"listed": plan.listed}
    run.save()


def create_run(options: Options, content: bytes, *, origin: str, actor: AbstractBaseUser | None) -> ImportRun:
    """A run that waits, with its bytes kept."""
    source = options.stored_source()
    return ImportRun.objects.create(
        source=source,
        snapshot=store_snapshot(source, content, origin=origin),
        status=ImportRun.Status.PLANNED,
        options=options.as_json(),
        actor_id=None if actor is None else actor.pk,
    )


def store_snapshot(source: Source, content: bytes, *, origin: str) -> Snapshot:
    """The bytes, kept once."""
    sha256 = hashlib.sha256(content).hexdigest()
    known = source.snapshots.filter(sha256=sha256).first()
    told = {"size": len(content), "origin": origin[:255]}
    return known or Snapshot.objects.create(source=source, sha256=sha256, packed=Snapshot.pack(content), **told)


def _group(slug: str) -> TokenGroup:
    return TokenGroup.objects.default() if slug == TokenGroup.DEFAULT else TokenGroup.objects.get(slug=slug)


def _apply_rates(rates: Mapping[str, tuple[Decimal | None, Decimal]], context: WriteContext) -> None:
    groups = dict(TokenGroup.objects.values_list("slug", "pk"))
    write_rates({groups[slug]: ratio for slug, (_, ratio) in rates.items()}, at=context.at, **context.audit)


def _apply_popular(popular: Mapping[str, tuple[int | None, int]], context: WriteContext) -> None:
    stored = {row.model.name: row for row in PopularModel.objects.select_related("model")}
    models = model_keys(popular)
    for name, (_, position) in popular.items():
        if name in stored:
            stored[name].position = position
    update_rows([stored[name] for name in popular if name in stored], fields=["position"], **context.audit)
    new = [
        PopularModel(model_id=models[name], position=position)
        for name, (_, position) in popular.items()
        if name not in stored
    ]
    create_rows(new, **context.audit)
