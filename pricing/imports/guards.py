"""Guards: an import that removes too many models, or moves prices too far, stops until an operator confirms it."""

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.error_messages import InputError, count
from catalog.imports.context import Findings
from catalog.imports.documents import matches, read_document
from catalog.models import ImportRun, ModelAlias
from pricing.engine.thresholds import LARGEST_LOSS
from pricing.impact.impact import Impact
from pricing.imports.options import Options

# How many earlier documents may be the previous version of this one: a source may consist of many files.
RUNS_COMPARED = 100

ALLOW_REMOVALS = "allow_removals"
ACCEPT_JUMPS = "accept_jumps"
MODELS_SHOWN = 5


class LossError(InputError):
    """What was to be stored takes many models from keys, and nobody accepted it; the message says whose."""


@dataclass(frozen=True)
class Guard:
    """A sign of a broken source, the option that confirms it, and the models that are concerned."""

    option: str
    sentence: str
    models: tuple[str, ...] = ()

    def __str__(self) -> str:
        option = f"--{self.option.replace('_', '-')}"
        if not self.models:
            return f"{self.sentence} If this is correct, repeat with {option}."
        names = " ".join(map(shlex.quote, self.models[:MODELS_SHOWN]))
        return f"{self.sentence} If this is correct, repeat with {option} {names}" + (
            " …: ids, patterns, or nothing for all." if len(self.models) > MODELS_SHOWN else "."
        )


class UnconfirmedError(InputError):
    """A guard stopped what was to be applied, and nobody confirmed it; the message says which."""

    def __init__(self, message: str, guard: Guard) -> None:
        super().__init__(message)
        self.guard = guard


def find_guards(
    options: Options, *, previous: Sequence[str], missing: Sequence[str], jumps: Collection[str]
) -> Iterator[Guard]:
    """The guards that the options do not confirm.

    `previous`: the ids in the previous version of the document; `missing`: those of them that it no longer has;
    `jumps`: the models whose prices move far, without those that the options accept.
    """
    if len(missing) > len(previous) * LARGEST_LOSS and not options.allow_removals:
        loss = f"{len(missing)} of {count(len(previous), 'model')} {'is' if len(missing) == 1 else 'are'} no longer"
        loss += " in the source since its last import."
        yield Guard(ALLOW_REMOVALS, f"{loss} Models are never deleted.")
    if jumps:
        yield jump_guard(jumps)


def removal_guard(options: Options, *, removed: int, stored: int) -> Guard | None:
    """The guard of models that are removed or become drafts, because the file no longer contains them."""
    if removed <= stored * LARGEST_LOSS or options.allow_removals:
        return None
    are = "is not in the file and becomes a draft" if options.prune == "draft" else "is not in the file and is removed"
    are = are if removed == 1 else are.replace("is ", "are ").replace("becomes a draft", "become drafts")
    return Guard(ALLOW_REMOVALS, f"{removed} of {count(stored, 'model')} {are}.")


def jump_guard(jumps: Collection[str]) -> Guard:
    """The guard of the models whose prices move far."""
    names = tuple(jumps)
    examples = ", ".join(names[:MODELS_SHOWN]) + (", …" if len(names) > MODELS_SHOWN else "")
    prices = "The price of a model" if len(names) == 1 else f"The prices of {len(names)} models"
    sentence = (
        f"{prices} moved more than fourfold, to or from 0, to another unit, "
        f"or tenfold away from a price of another role: {examples}."
    )
    return Guard(ACCEPT_JUMPS, sentence, names)


def refuse_loss(impact: Impact, actor: Any = None) -> None:
    """LossError if keys lose more than 5 % of their models, or all."""
    for sentence in impact.seen_by(actor).guards():
        raise LossError(sentence)


def previous_names(options: Options, *, listed: Collection[str], origin: str, findings: Findings) -> list[str]:
    """The ids in the previous version of the document that lists these ids and came from this origin.

    Another vendor's file or another host's list is not a previous version. The previous version is the last applied
    document of the same source and providers that came from the same address or has at least half of this one's
    models. If there is none, this one may have grown: then it is the document that shares the most models with it,
    and at least half of its own, or any model in a source with a single document. Options such as the role or the
    channel do not matter.
    """
    ids = set(listed)
    most, grown_from = 0, list[str]()
    for run in _earlier_runs(options):
        names = _names_of(run, options, findings)
        shared = len(ids.intersection(names))
        is_same_address = "://" in origin and origin == run.snapshot.origin
        if names and (is_same_address or 2 * shared >= len(ids)):
            return _requested(names, options)
        if shared > most and (options.source.is_single or 2 * shared >= len(names)):
            most, grown_from = shared, names
    return _requested(grown_from, options)


def missing_names(previous: Collection[str], listed: Collection[str]) -> list[str]:
    """The ids that are no longer listed. A model that is listed under another of its names is not missing."""
    ids = set(listed)
    gone = [name for name in previous if name not in ids]
    if not gone:
        return []
    models = dict(ModelAlias.objects.values_list("name", "model__name"))
    current = {models.get(name, name) for name in ids}
    return [name for name in gone if models.get(name, name) not in current]


def _earlier_runs(options: Options) -> Iterator[ImportRun]:
    """The last applied runs of the source with the same providers, one for each document, the latest first."""
    runs = ImportRun.objects.filter(source__slug=options.slug, status=ImportRun.Status.APPLIED)
    latest = runs.order_by("-applied_at", "-pk").select_related("snapshot").defer("snapshot__packed", "report")
    seen = set[int]()
    for run in latest[:RUNS_COMPARED]:
        # A person adopted a figure of a document that may still wait for review.
        is_adoption = run.options.get("adopted", False)
        if is_adoption or run.snapshot_id in seen:
            continue
        if set(run.options.get("providers") or ()) == set(options.providers):
            seen.add(run.snapshot_id)
            yield run


def _requested(names: Sequence[str], options: Options) -> list[str]:
    return [name for name in names if matches(name, options.only)]


def _names_of(run: ImportRun, options: Options, findings: Findings) -> list[str]:
    """All ids of a run's document, including those that it did not import; none if its losses were not confirmed."""
    if (listed := run.listed) is None:
        try:
            document = read_document(options.source.read, run.snapshot.content, providers=options.providers)
        except InputError as error:
            findings.add(f"the last document cannot be compared: {error}")
            return []
        return list(document.listed)
    return listed
