"""Plans that wait for somebody: kept as bytes and options, made anew whenever they are shown or applied.

A run that waits holds no plan, so it cannot go stale without a word: what is applied is what the plan says then, and if
that is not what was looked at, nothing is applied.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import replace

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog.db import revision
from catalog.db.bulk import create_rows
from catalog.error_messages import InputError
from catalog.imports.dropped_models import record_dropped_models
from catalog.imports.import_policy import update_pins
from catalog.models import AIModel, FieldPin, ImportRun, ModelAlias, Source
from pricing.imports.pipeline import apply_plan, create_run, make_plan
from pricing.imports.plan import ImportPlan, Options

# The last plans shown, by all that they depend on: a reviewer turns pages, and a plan of thousands takes a second.
_shown: dict[object, ImportPlan] = {}
PLANS_KEPT = 2
# Prices may begin or end by themselves.
SECONDS_KEPT = 60


def save_plan(
    content: bytes, options: Options, *, at: dt.datetime, origin: str = "", actor: AbstractBaseUser | None = None
) -> tuple[ImportPlan, ImportRun | None]:
    """Plans an import and keeps it for review; the run is None where there is nothing to do.

    Earlier plans of the same source that nobody decided about give way to it.
    """
    plan = make_plan(content, options, at=at, origin=origin)
    with transaction.atomic():
        if plan.upstream_values:
            update_pins(plan.upstream_values, options.stored_source(), at=at)
        if plan.is_empty and not plan.guards:
            record_dropped_models(options.slug, missing=plan.missing, listed=plan.listed, at=at)
            return plan, None
        run = create_run(options, content, origin=origin, actor=actor)
        run.status = ImportRun.Status.STOPPED if plan.guards else ImportRun.Status.PLANNED
        run.report = outline(plan)
        run.save(update_fields=["status", "report"])
        older = ImportRun.objects.waiting().filter(source=run.source, options=run.options).exclude(pk=run.pk)
        older.update(status=ImportRun.Status.DISCARDED, remark=f"A newer document came: see {run}.")
    return plan, run


def outline(plan: ImportPlan) -> dict[str, object]:
    """What lists say of a plan; the whole of it is made anew when it is shown."""
    report = plan.report()
    return {"counts": report["counts"], "guards": report["guards"]}


def options_of(run: ImportRun) -> Options:
    return Options.from_json(run.options, name=run.source.slug)


def plan_of(run: ImportRun, *, at: dt.datetime) -> ImportPlan:
    """What the run would do now. InputError where its document cannot be read any more."""
    trust = tuple(Source.objects.order_by("pk").values_list("pk", "trust"))
    minute = int(at.timestamp()) // SECONDS_KEPT
    key = (run.pk, run.created_at, revision.current(), FieldPin.objects.count(), trust, minute)
    if key not in _shown:
        while len(_shown) >= PLANS_KEPT:
            _shown.pop(next(iter(_shown)), None)
        _shown[key] = make_plan(run.snapshot.content, options_of(run), at=at, origin=run.snapshot.origin)
    return _shown[key]


def apply_run(
    run: ImportRun,
    *,
    at: dt.datetime,
    seen: str,
    accepted: Collection[str] = (),
    chosen: Collection[str] | None = None,
    beside: bool = False,
    actor: AbstractBaseUser | None = None,
) -> tuple[ImportPlan, ImportRun | None]:
    """Applies a plan that waits, all of it or what it does to the chosen models, and with `beside` what it does
    to no model in particular; the rest then waits as a new run.

    `seen` is the fingerprint of the plan that was looked at, `accepted` the options of the guards that are meant.
    InputError says in a sentence why nothing was done.
    """
    content = run.snapshot.content
    with transaction.atomic():
        revision.hold()
        run = ImportRun.objects.select_for_update(of=("self",)).select_related("source").get(pk=run.pk)
        if not run.is_waiting:
            raise InputError(f"{run} is {run.get_status_display().lower()} already.")
        options = options_of(run)
        plan = make_plan(content, options, at=at, origin=run.snapshot.origin)
        if plan.fingerprint != seen:
            raise InputError("The catalog has changed since the plan was shown. Look at it again; nothing was applied.")
        whole, plan = plan, plan if chosen is None else plan.narrowed(chosen, beside=beside)
        if plan.is_empty or (chosen is not None and not (plan.touched or plan.structure.has_beside)):
            raise InputError("Nothing that was ticked would change anything; nothing was applied.")
        if open_guards := [guard for guard in plan.guards if guard.option not in accepted]:
            raise InputError(f"{open_guards[0].sentence} Tick that this is meant, or discard the plan.")
        meant = {guard.option: True for guard in plan.guards}
        plan.options, plan.guards = replace(options, **meant), []  # type: ignore[arg-type]
        run.actor = actor  # type: ignore[assignment]
        run.options = plan.options.as_json()
        update_pins(plan.upstream_values, run.source, at=at)
        record_dropped_models(options.slug, missing=plan.missing, listed=plan.listed, at=at)
        apply_plan(plan, run, at=at, actor=actor)
        rest = _keep_rest(whole, plan, run, options)
    return plan, rest


def _keep_rest(whole: ImportPlan, done: ImportPlan, run: ImportRun, options: Options) -> ImportRun | None:
    """What was not chosen waits on."""
    left = set(whole.touched) - set(done.touched)
    if not left and (done is whole or done.structure.has_beside or not whole.structure.has_beside):
        return None
    rest = ImportRun.objects.create(
        source=run.source,
        snapshot=run.snapshot,
        status=ImportRun.Status.PLANNED,
        options=options.as_json(),
        report={"counts": {"left": len(left)}, "guards": []},
        remark=f"What was not chosen in {run}.",
    )
    waits = f"{len(left):,} others wait" if left else "the rest waits"
    run.remark = f"Applied to {len(done.touched):,} models; {waits} in {rest}."
    run.save(update_fields=["remark"])
    return rest


def make_alias(run: ImportRun, name: str, *, at: dt.datetime, actor: AbstractBaseUser | None = None) -> str:
    """Makes an id of the document an alias of the model that the plan suggests for it; returns that model's id.

    The plan is made anew then, with the row as one of that model. InputError where there is no such suggestion.
    """
    with transaction.atomic():
        revision.hold()
        match = plan_of(run, at=at).unmatched.get(name)
        if match is None or not match.is_same:
            raise InputError(f"The plan suggests no model for {name[:255]} any more; nothing was changed.")
        model = AIModel.objects.get(name=match.model)
        create_rows([ModelAlias(name=name, model=model)], reason=f"Suggested by {run}: {match.rule}"[:100], actor=actor)
    return match.model


def discard_run(run: ImportRun, *, at: dt.datetime, actor: AbstractBaseUser | None = None) -> None:
    """Decides against a plan; the same bytes are not planned again by themselves."""
    who = f" by {actor}" if actor else ""
    changed = ImportRun.objects.waiting().filter(pk=run.pk)
    if not changed.update(status=ImportRun.Status.DISCARDED, remark=f"Discarded{who} on {at:%Y-%m-%d %H:%M} UTC."):
        raise InputError(f"{run} does not wait any more.")
