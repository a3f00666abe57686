"""Plans that wait for a review: stored as document and options, and made again whenever they are shown or applied.

A waiting run stores no plan, which could become outdated. The plan is made again when it is applied, and nothing is
applied if it is not the plan that was reviewed.
"""

import datetime as dt
import glob
import threading
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, Group
from django.db import transaction

from catalog import caches
from catalog.db import revision
from catalog.db.audit import record
from catalog.db.bulk import create_rows
from catalog.db.history import name_actor
from catalog.db.snapshot import snapshot
from catalog.error_messages import InputError, NotPermittedError, count
from catalog.imports.dropped_models import record_dropped_models
from catalog.imports.import_policy import update_pins
from catalog.models import AIModel, FieldPin, ImportRun, ModelAlias, Source
from catalog.models.names import Names
from catalog.operators.permissions import may, may_change_roles, may_set_prices, permission_to, require
from pricing.impact.impact import ACCEPT_LOSS
from pricing.imports.events import emit_waiting
from pricing.imports.guards import (
    ACCEPT_JUMPS,
    ALLOW_REMOVALS,
    LossError,
    UnconfirmedError,
    jump_guard,
    removal_guard,
)
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_plan, create_run, make_plan, make_plan_alone, plan_document, read
from pricing.imports.plan import ImportPlan
from pricing.imports.undo.permissions import is_in_reach, is_limited
from tokens.models import Token, TokenGroup

# Django's name for roles is that of the groups of customers here.
NOUNS = {Group: "roles"}
PLANS_CACHED = 2
# Scheduled prices take effect without a change of the catalog.
SECONDS_CACHED = 60


class PlanCache:
    """The last plans, by everything that they depend on: a plan of thousands takes a second, and reviewers turn pages.

    Threads share it.
    """

    def __init__(self) -> None:
        self._plans: dict[object, ImportPlan] = {}
        self._lock = threading.Lock()

    def get(self, key: object) -> ImportPlan | None:
        return self._plans.get(key)

    def put(self, key: object, plan: ImportPlan) -> None:
        """Stores a plan in place of the oldest one."""
        with self._lock:
            while len(self._plans) >= PLANS_CACHED:
                del self._plans[next(iter(self._plans))]
            self._plans[key] = plan

    def clear(self) -> None:
        with self._lock:
            self._plans.clear()


PLANS = caches.register(PlanCache())


def save_plan(
    content: bytes, options: Options, *, at: dt.datetime, origin: str = "", actor: AbstractBaseUser | None = None
) -> tuple[ImportPlan, ImportRun | None]:
    """Plans an import and stores it for review; the run is None if there is nothing to do.

    It replaces earlier plans of the same source that still wait.
    """
    document = read(content, options)
    plan = plan_document(document, options, at=at, origin=origin)
    with transaction.atomic():
        if plan.upstream_values:
            update_pins(plan.upstream_values, options.stored_source(), at=at)
        # A person can confirm placeholders. A schedule would leave the same plan for every document.
        can_confirm = actor is not None and bool(plan.placeholders)
        if plan.is_empty and not plan.guards and not can_confirm:
            record_dropped_models(options.slug, missing=plan.missing, listed=plan.listed, at=at)
            return plan, None
        run = create_run(options, content, origin=origin, actor=actor, document=document)
        run.status = ImportRun.Status.STOPPED if plan.guards else ImportRun.Status.PLANNED
        run.report = outline(plan)
        run.save(update_fields=["status", "report"])
        outcome = "stopped by a guard" if plan.guards else "planned"
        record(outcome, about=run, actor=actor, run=run.pk, detail=count(len(plan.touched), "model"))
        older = ImportRun.objects.waiting().filter(source=run.source, options=run.options).exclude(pk=run.pk)
        older.update(status=ImportRun.Status.DISCARDED, remark=f"Replaced by a newer document: see {run}.")
        emit_waiting(run)
    return plan, run


def outline(plan: ImportPlan) -> dict[str, object]:
    """The part of a plan that lists show; the rest is made again when it is shown."""
    report = plan.report()
    return {"counts": report["counts"], "guards": report["guards"]}


def options_of(run: ImportRun) -> Options:
    return Options.from_json(run.options, name=run.source.slug)


def plan_of(run: ImportRun, *, at: dt.datetime) -> ImportPlan:
    """What the run would do now. InputError if its document can no longer be read."""
    # One snapshot: the plan is stored under the revision that it was made of.
    with snapshot():
        trust = tuple(Source.objects.order_by("pk").values_list("pk", "trust"))
        minute = int(at.timestamp()) // SECONDS_CACHED
        key = (run.pk, run.created_at, revision.version(), FieldPin.objects.count(), trust, minute)
        plan = PLANS.get(key)
        if plan is None:
            plan = make_plan(run.snapshot.content, options_of(run), at=at, origin=run.snapshot.origin)
            PLANS.put(key, plan)
        return plan


def apply_run(
    run: ImportRun,
    *,
    at: dt.datetime,
    seen: str,
    accepted: Collection[str] = (),
    accepted_jumps: Collection[str] = (),
    accepted_placeholders: Collection[str] = (),
    chosen: Collection[str] | None = None,
    beside: bool = False,
    actor: AbstractBaseUser | None = None,
) -> tuple[ImportPlan, ImportRun | None]:
    """Applies a waiting plan: all of it, or its changes of the chosen models and, with `beside`, of no model.

    The rest waits as a new run, together with the models whose prices move far and are not among `accepted_jumps`.
    `seen` is the fingerprint of the reviewed plan, `accepted` the options of the confirmed guards; accept_jumps
    confirms all jumps. `accepted_placeholders`: the models whose possible placeholder is their price, however far it
    moves; they are chosen with it. InputError says in one sentence why nothing was done.
    """
    content = run.snapshot.content
    with transaction.atomic():
        revision.hold()
        run = ImportRun.objects.select_for_update(of=("self",)).select_related("source").get(pk=run.pk)
        if not run.is_waiting:
            raise InputError(f"{run} is already {run.get_status_display().lower()}.")
        options = options_of(run)
        complete = make_plan_alone(content, options, at=at, origin=run.snapshot.origin)
        if complete.fingerprint != seen:
            raise InputError("The catalog has changed since the plan was shown. Review it again; nothing was applied.")
        if accepted_placeholders and may_set_prices(actor):
            options = _with_placeholders(options, complete, accepted_placeholders)
            complete = make_plan_alone(content, options, at=at, origin=run.snapshot.origin)
            chosen = None if chosen is None else {*chosen, *accepted_placeholders}
        loses_models = any(guard.option == ALLOW_REMOVALS for guard in complete.guards)
        confirmed = replace(
            options,
            allow_removals=loses_models and ALLOW_REMOVALS in accepted,
            accept_loss=ACCEPT_LOSS in accepted,
            accept_jumps=bool(complete.jumps)
            if ACCEPT_JUMPS in accepted
            else tuple(sorted({*accepted_jumps, *accepted_placeholders})),
        )
        plan = _chosen_part(_permitted_part(complete, actor), confirmed, chosen, beside=beside)
        run.actor, run.actor_name = actor, name_actor(actor)  # type: ignore[assignment]
        run.options = plan.options.as_json()
        update_pins(plan.upstream_values, run.source, at=at)
        record_dropped_models(options.slug, missing=plan.missing, listed=plan.listed, at=at)
        apply_plan(plan, run, at=at, actor=actor)
        if plan.loss:
            sentences = [guard.sentence for guard in plan.seen_by(actor).guards if guard.option == ACCEPT_LOSS]
            raise LossError(f"{' '.join(sentences)} Confirm it, or discard the plan.")
        prices_wait = not may_set_prices(actor) and complete.sets_prices
        rest = _create_rest(complete, plan, run, options, prices_wait=prices_wait)
    return plan, rest


def forbidden_actions(plan: ImportPlan, actor: Any) -> list[str]:
    """What the plan does besides prices that the operator may not do, in words: add channels, change groups."""
    forbidden = [(action, table) for action, table in plan.actions if not _may_apply(actor, action, table)]
    sentences = [f"{action} {NOUNS.get(table) or table._meta.verbose_name_plural}" for action, table in forbidden]
    if plan.removes_prices and not may_set_prices(actor):
        sentences.append("set prices, which are removed with their models and groups")
    touched = TokenGroup.objects.filter(slug__in=plan.groups(with_rates=may_set_prices(actor)))
    if not is_in_reach(actor, TokenGroup, list(touched.values_list("pk", flat=True))):
        sentences.append("change groups of others")
    return sentences


def _may_apply(actor: Any, action: str, table: Any) -> bool:
    """Whether the operator may do that with any row of the table: a file has tokens of all groups, and any role."""
    if table is Group:
        return may_change_roles(actor, action)
    return may(actor, action, table) and not (table is Token and is_limited(actor, Token))


def _permitted_part(plan: ImportPlan, actor: AbstractBaseUser | None) -> ImportPlan:
    """The plan, without its prices if the operator may not set prices. NotPermittedError if the operator may not."""
    missing, part = forbidden_actions(plan, actor), plan
    if plan.sets_prices and not may_set_prices(actor):
        part = plan.without_prices()
        missing += ["set prices"] if part.is_empty else []
    if missing:
        raise NotPermittedError(
            f"You do not have permission to {', '.join(missing)}. The plan waits for somebody who may."
        )
    return part


def _with_placeholders(options: Options, plan: ImportPlan, models: Collection[str]) -> Options:
    """The options that confirm the placeholders of these models, by the ids that the document has for them."""
    ids = [*models, *(alias for alias, model in plan.aliases.items() if model in models)]
    # An id may contain letters that are special in patterns.
    patterns = map(glob.escape, sorted(ids))
    return replace(options, accept_placeholders=tuple(dict.fromkeys([*options.accept_placeholders, *patterns])))


def _chosen_part(
    complete: ImportPlan, confirmed: Options, chosen: Collection[str] | None, *, beside: bool
) -> ImportPlan:
    """The part of the plan to apply, without unconfirmed jumps; `confirmed`: the options with what was confirmed."""
    loss = next((guard for guard in complete.guards if guard.option == ALLOW_REMOVALS), None)
    if confirmed.allow_removals:
        complete = replace(complete, guards=[guard for guard in complete.guards if guard is not loss])
    elif loss and chosen is None:
        raise UnconfirmedError(f"{loss.sentence} Confirm it, or discard the plan.", loss)
    elif loss and complete.options.prune:
        removed = set(complete.unlisted_models).intersection(chosen or ())
        if guard := removal_guard(confirmed, removed=len(removed), stored=AIModel.objects.count()):
            raise UnconfirmedError(f"{guard.sentence} Confirm it, or choose fewer models.", guard)
    plan = complete if chosen is None else complete.narrowed(chosen, beside=beside)
    is_loss_alone = confirmed.allow_removals and chosen is None
    if not is_loss_alone and not _changes_something(plan, chosen):
        raise InputError("The selected rows change nothing; nothing was applied.")
    plan = replace(plan, options=replace(confirmed, only=plan.options.only))
    if jumps := plan.open_jumps:
        plan = plan.without_open_jumps()
        if not plan.touched:
            guard = jump_guard(jumps)
            raise UnconfirmedError(f"{guard.sentence} Confirm it, or discard the plan.", guard)
    return replace(plan, guards=[])


def _changes_something(plan: ImportPlan, chosen: Collection[str] | None) -> bool:
    return not plan.is_empty and (chosen is None or bool(plan.touched) or plan.structure.has_beside)


def _create_rest(
    complete: ImportPlan, applied: ImportPlan, run: ImportRun, options: Options, *, prices_wait: bool
) -> ImportRun | None:
    """A waiting run for what was not chosen, whose jumps were not accepted, or whose prices wait for another person."""
    touched = set(applied.touched) - (complete.priced if prices_wait else set())
    left = [name for name in complete.touched if name not in touched]
    is_complete = not prices_wait and (applied.structure.has_beside or not complete.structure.has_beside)
    if not left and is_complete:
        return None
    jumps = [name for name in left if name in complete.jumps]
    rest = ImportRun.objects.create(
        source=run.source,
        snapshot=run.snapshot,
        status=ImportRun.Status.STOPPED if jumps else ImportRun.Status.PLANNED,
        options=options.as_json(),
        report={"counts": {"left": len(left)}, "guards": [jump_guard(jumps).sentence] if jumps else []},
        remark=f"The part of {run} that was not chosen.",
    )
    rest_waits = f"{count(len(left), 'other waits', 'others wait')}" if left else "the rest waits"
    run.remark = f"Applied to {count(len(applied.touched), 'model')}; {rest_waits} in {rest}."
    run.save(update_fields=["remark"])
    emit_waiting(rest)
    return rest


def make_alias(run: ImportRun, name: str, *, at: dt.datetime, actor: AbstractBaseUser | None = None) -> str:
    """Makes an id of the document an alias of the model that the plan suggests; returns that model's id.

    The next plan assigns the row to that model. InputError if there is no such suggestion.
    """
    require(actor, permission_to("add", ModelAlias), "add aliases")
    with transaction.atomic():
        revision.hold()
        match = plan_of(run, at=at).unmatched.get(name)
        if match is None or not match.is_same:
            raise InputError(f"The plan no longer suggests a model for {name[:255]}; nothing was changed.")
        model = AIModel.objects.get(name=match.model)
        for doubt, _ in Names(ModelAlias).doubts(name, owner=model.pk):
            raise InputError(f"{doubt}. Nothing was changed. The page of {model.name} lets you decide about the alias.")
        create_rows([ModelAlias(name=name, model=model)], reason=f"Suggested by {run}: {match.rule}"[:100], actor=actor)
    return match.model


def discard_run(run: ImportRun, *, at: dt.datetime, actor: AbstractBaseUser | None = None) -> None:
    """Discards a plan; the same document is not planned again automatically."""
    who = f" by {actor}" if actor else ""
    changed = ImportRun.objects.waiting().filter(pk=run.pk)
    with transaction.atomic():
        if not changed.update(status=ImportRun.Status.DISCARDED, remark=f"Discarded{who} on {at:%Y-%m-%d %H:%M} UTC."):
            raise InputError(f"{run} is not waiting for review.")
        record("discarded", about=run, actor=actor, run=run.pk)
