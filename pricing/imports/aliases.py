"""Aliases for the ids of a source that are spellings of models in the catalog, all of them at once.

An id that is not in the catalog becomes an alias. A model that exists under both ids is merged: the id becomes an alias
of the other model, which gets its offers, and the duplicate stays as a draft under another id, with its prices and
history. Everything is recorded as one import run of the source, so a rollback undoes it.
"""

import datetime as dt
import hashlib
import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog.db import revision
from catalog.db.bulk import create_rows, update_rows
from catalog.db.history import name_actor
from catalog.db.import_context import run_scope
from catalog.error_messages import InputError, count
from catalog.exact import write_json
from catalog.imports.documents import read_document
from catalog.imports.spellings import spelling_of
from catalog.models import AIModel, ImportRun, ModelAlias, NameList, Offer
from catalog.models.aimodel import wildcards_of
from catalog.models.facts import WILDCARD
from catalog.models.names import Names
from catalog.operators.permissions import permission_to, require
from catalog.prices import Sheet
from pricing.engine.equality import same_price
from pricing.engine.formatting.lines import changes, difference
from pricing.engine.sanity_checks import is_far
from pricing.engine.thresholds import LARGEST_MOVE
from pricing.impact.impact import Impact
from pricing.impact.observing import observe
from pricing.imports.guards import refuse_loss
from pricing.imports.options import Options
from pricing.imports.review import options_of, plan_of
from pricing.models import PriceSheet
from pricing.published.prices import published_sheets, sheets_in_force
from tokens.access.prices import with_prices
from tokens.access.visibility import public_scope
from tokens.auth.authentication import scopes_of
from tokens.models import Token, TokenGroup
from tokens.patterns.kinds import names_id
from tokens.scope import Scope

WITH_ALIASES = (ImportRun.Status.PLANNED, ImportRun.Status.STOPPED, ImportRun.Status.APPLIED)
KEYS_SHOWN = 3
LONGEST_ID = 255


@dataclass(frozen=True)
class Spelling:
    """An id that is a spelling of a model: what an alias would change, and why it may not be safe."""

    name: str
    model: str
    # How the price of the source, or of the duplicate, differs from the model's price.
    price: str
    is_same_price: bool
    # Whether a model has this id, so that the two are merged.
    is_duplicate: bool
    # Why a person should decide; empty for a safe alias.
    doubts: tuple[str, ...] = ()

    @property
    def is_safe(self) -> bool:
        return not self.doubts


def spellings_of_run(run: ImportRun, *, at: dt.datetime) -> list[Spelling]:
    """The ids of a waiting or applied import that are spellings of models, safe ones first.

    InputError if its document can no longer be read.
    """
    options = options_of(run)
    if run.is_waiting:
        plan = plan_of(run, at=at)
        names: Sequence[str] = plan.listed
        offered: Mapping[str, Sheet] = plan.prices.new
    else:
        names, offered = _listed(run, options), {}
    spellings = find_spellings(names, offered, role=options.prices_as, at=at)
    return sorted(spellings, key=lambda spelling: not spelling.is_safe)


def last_run(slug: str) -> ImportRun | None:
    """The last import of the source that waits or was applied; runs that only created aliases do not count."""
    runs = ImportRun.objects.filter(source__slug=slug, status__in=WITH_ALIASES).order_by("-created_at", "-pk")
    return next((run for run in runs.defer("snapshot__packed").iterator() if "aliases" not in run.counts), None)


def _listed(run: ImportRun, options: Options) -> Sequence[str]:
    return run.listed or read_document(options.source.read, run.snapshot.content, providers=options.providers).listed


def fingerprint_of(spellings: Iterable[Spelling]) -> str:
    """A hash that shows whether these are still the aliases that somebody was shown."""
    shown = [(spelling.name, spelling.model, spelling.price, spelling.doubts) for spelling in spellings]
    return hashlib.sha256(write_json(shown)).hexdigest()[:32]


def find_spellings(names: Iterable[str], offered: Mapping[str, Sheet], *, role: str, at: dt.datetime) -> list[Spelling]:
    """The ids that are spellings of models, in their order; `offered`: prices of ids that have none in the catalog.

    A model that has another spelling is a duplicate if its id has more segments or capitals than the other one.
    """
    models = {model.name: model for model in AIModel.objects.select_related("vendor")}
    aliases = dict(ModelAlias.objects.values_list("name", "model__name"))
    aliases_by_model: defaultdict[str, list[str]] = defaultdict(list)
    for alias, model in aliases.items():
        aliases_by_model[model].append(alias)
    by_spelling: defaultdict[str, set[str]] = defaultdict(set)
    for name, model in [*zip(models, models, strict=True), *aliases.items()]:
        by_spelling[spelling_of(name)].add(model)
    pairs = {
        name: targets
        for name in dict.fromkeys(names)
        if name not in aliases and (targets := _plainest(name, by_spelling.get(spelling_of(name), set()), models))
    }
    chosen = {models[name].pk for name in {*pairs, *(targets[0] for targets in pairs.values())} if name in models}
    sheets = sheets_in_force(chosen, roles=sorted({role, PriceSheet.Role.LIST}), at=at)
    published = published_sheets((model for model in models.values() if model.pk in chosen), at=at, groups=None)
    readers, taken = Readers.read(at=at), Names(ModelAlias)

    def price_of(name: str) -> Sheet | None:
        by_role = sheets.get(models[name].pk, {}) if name in models else {}
        return by_role.get(role) or by_role.get(PriceSheet.Role.LIST) or offered.get(name)

    def charged(name: str) -> Sheet | None:
        sheet = published.get(models[name].pk)
        return None if sheet is None else sheet.folded()

    def spelling(name: str, targets: Sequence[str]) -> Spelling:
        model, duplicate = models[targets[0]], models.get(name)
        # A merge changes what customers of the duplicate pay, and an alias the price that the source states.
        price = price_of if duplicate is None else charged
        before, after = price(model.name), price(name)
        # A duplicate has the name itself, and gives it up.
        alike = () if duplicate else (doubt for doubt, _ in taken.doubts(name, owner=model.pk))
        doubts = (*_doubts(model, duplicate, targets, on=at.date()), *_price_doubts(before, after), *alike)
        concerned = readers.doubts(name, model, duplicate, aliases_by_model.get(model.name, ()))
        return Spelling(
            name,
            model.name,
            _compare(before, after),
            same_price(before, after),
            duplicate is not None,
            (*doubts, *_wildcard_doubts(name, models), *concerned),
        )

    return [spelling(name, targets) for name, targets in pairs.items()]


def _plainest(name: str, spelled: Collection[str], models: Collection[str]) -> list[str]:
    """The models that an id may mean, the plainest id first; only those of the same plainness remain."""
    ranked = sorted((_plainness(model), model) for model in spelled if model != name)
    if name in models:
        # The plainer one of two models keeps its id.
        ranked = [pair for pair in ranked if pair < (_plainness(name), name)]
    return [model for rank, model in ranked if rank == ranked[0][0]]


def _plainness(name: str) -> tuple[int, bool]:
    return name.count("/"), name != name.casefold()


def _doubts(model: AIModel, duplicate: AIModel | None, targets: Sequence[str], *, on: dt.date) -> Iterable[str]:
    if len(targets) > 1:
        yield f"several models are written like this: {', '.join(targets)}"
    if model.retires_on is not None and model.retires_on <= on:
        yield f"{model.name} has retired"
    if duplicate is not None and duplicate.status == AIModel.Status.PUBLISHED != model.status:
        yield f"{model.name} is a draft, so clients could no longer use {duplicate.name}"


def _wildcard_doubts(name: str, models: Collection[str]) -> Iterable[str]:
    if name.endswith(WILDCARD):
        yield f"{name} stands for many ids, and an alias is one"
    elif name not in models and (wildcard := next(filter(models.__contains__, wildcards_of(name)), None)):
        yield f"calls of this id are now served by {wildcard}"


def _price_doubts(before: Sheet | None, after: Sheet | None) -> Iterable[str]:
    for change in changes(before, after) if before and after else ():
        if change.currencies[0] != change.currencies[1]:
            yield f"the prices are in {change.currencies[0]} and {change.currencies[1]}"
            return
        if change.old and change.new and is_far(change.old, change.new, most=LARGEST_MOVE):
            yield f"the prices differ more than fourfold ({change.label})"
            return


def _compare(before: Sheet | None, after: Sheet | None) -> str:
    """How the second price differs from the first, in a line."""
    if before is None or not before.lines:
        return "no price to compare" if after is None or not after.lines else "the model has no price"
    if after is None or not after.lines:
        return "the id has no price"
    return difference(before, after)


@dataclass(frozen=True)
class Readers:
    """All keys and the visitors without one, and the groups that can reach each model."""

    # The permissions of keys -> the tokens that have them.
    keys: tuple[tuple[Scope, tuple[int, ...]], ...]
    # Token -> its name.
    names: Mapping[int, str]
    visitors: Scope
    # Model key -> channel -> whether the offer is enabled.
    offers: Mapping[int, Mapping[int, bool]]
    # Enabled channel -> the groups that reach it.
    groups: Mapping[int, frozenset[int]]
    on: dt.date

    @classmethod
    def read(cls, *, at: dt.datetime) -> "Readers":
        names = dict(Token.objects.values_list("pk", "name"))
        scopes: dict[str, Scope] = {}
        tokens: defaultdict[str, list[int]] = defaultdict(list)
        for token, scope in scopes_of(Token.objects.all()):
            scopes[scope.fingerprint] = with_prices(scope, at=at)
            tokens[scope.fingerprint].append(token)
        offers: defaultdict[int, dict[int, bool]] = defaultdict(dict)
        for model, channel, enabled in Offer.objects.values_list("model", "channel", "enabled"):
            offers[model][channel] = enabled
        groups: defaultdict[int, set[int]] = defaultdict(set)
        pairs = TokenGroup.channels.through.objects.filter(channel__enabled=True)
        for channel, group in pairs.values_list("channel", "tokengroup"):
            groups[channel].add(group)
        return cls(
            tuple((scope, tuple(tokens[fingerprint])) for fingerprint, scope in scopes.items()),
            names,
            public_scope(),
            offers,
            {channel: frozenset(members) for channel, members in groups.items()},
            at.date(),
        )

    def doubts(self, alias: str, model: AIModel, duplicate: AIModel | None, aliases: Sequence[str]) -> Iterable[str]:
        """Which keys and visitors would see a model that they do not see, or no longer see one."""
        concerned = [
            token
            for scope, tokens in self.keys
            if self._is_concerned(scope, alias, model, duplicate, aliases)
            for token in tokens
        ]
        if concerned:
            names = [self.names.get(token, "") for token in heapq.nsmallest(KEYS_SHOWN, concerned)]
            shown = ", ".join(names) + (", …" if len(concerned) > KEYS_SHOWN else "")
            yield f"changes what {count(len(concerned), 'key')} can see ({shown})"
        if self._is_concerned(self.visitors, alias, model, duplicate, aliases):
            yield "changes what visitors without a key can see"

    def _is_concerned(
        self, scope: Scope, alias: str, model: AIModel, duplicate: AIModel | None, aliases: Sequence[str]
    ) -> bool:
        with_alias = [*aliases, alias]
        if any(names_id(pattern, alias) for pattern in (*(scope.allow or ()), *scope.deny)) and (
            scope.permits(model, aliases) != scope.permits(model, with_alias)
        ):
            return True
        # Nobody sees a draft or a retired model, which is a doubt of its own.
        if duplicate is None or not self._is_offered(model):
            return False
        own, added = self.offers.get(model.pk, {}), self.offers.get(duplicate.pk, {})
        before = self._sees(scope, model, own, aliases) or self._sees(scope, duplicate, added, ())
        # An offer of the model stays as it is.
        return before != self._sees(scope, model, {**added, **own}, with_alias)

    def _sees(self, scope: Scope, model: AIModel, offers: Mapping[int, bool], aliases: Sequence[str]) -> bool:
        if not self._is_offered(model):
            return False
        channels = (self.groups.get(channel, frozenset()) for channel, enabled in offers.items() if enabled)
        return any(not groups.isdisjoint(scope.groups) for groups in channels) and scope.permits(model, aliases)

    def _is_offered(self, model: AIModel) -> bool:
        is_retired = model.lifecycle(on=self.on) == AIModel.Lifecycle.RETIRED
        return model.status == AIModel.Status.PUBLISHED and not is_retired


def create_aliases(
    run: ImportRun,
    models: Mapping[str, str],
    *,
    at: dt.datetime,
    actor: AbstractBaseUser | None = None,
    accept_loss: bool = False,
) -> tuple[ImportRun, Impact]:
    """Makes each id an alias of a model, as a run of its own; `run`: the import that listed the ids.

    InputError if there is nothing to do, or an id or model has changed since. LossError if keys lose more than 5 % of
    their models, or all, and nobody accepted it.
    """
    require(actor, permission_to("add", ModelAlias), "add aliases")
    if not models:
        raise InputError("Select at least one alias.")
    with transaction.atomic():
        revision.hold()
        stored = {model.name: model for model in AIModel.objects.filter(name__in=[*models, *models.values()])}
        taken = set(ModelAlias.objects.filter(name__in=models).values_list("name", flat=True))
        for name, model in models.items():
            if name in taken or model not in stored or model in models:
                raise InputError(f"{name[:255]} can no longer become an alias of {model[:255]}. Reload the page.")
        names = Names(ModelAlias)
        for name, model in models.items():
            doubts = () if name in stored else names.doubts(name, owner=stored[model].pk)
            if doubt := next((text for text, is_refused in doubts if is_refused), ""):
                raise InputError(f"{doubt}. Nothing was changed.")
        if any(name in stored for name in models):
            # Merging a duplicate renames it, and offers the model where the duplicate was offered.
            require(actor, permission_to("change", AIModel), "change models")
            require(actor, permission_to("add", Offer), "add offers")
        duplicates = [(stored[name], stored[model]) for name, model in models.items() if name in stored]
        recorded = ImportRun.objects.create(
            source=run.source,
            snapshot=run.snapshot,
            status=ImportRun.Status.APPLIED,
            options={**run.options, "aliases_only": True},
            names=_names_before(run),
            report={
                "counts": {"aliases": len(models), "merged": len(duplicates)},
                "new_aliases": dict(models),
            },
            actor_id=None if actor is None else actor.pk,
            actor_name=name_actor(actor),
            applied_at=at,
            remark="Aliases of models in the catalog. A rollback undoes all of them.",
        )
        with run_scope(recorded.pk), observe(at=at) as impact:
            reason = f"Aliases of {recorded}"
            _merge(duplicates, reason=reason, actor=actor)
            aliases = [ModelAlias(name=name, model=stored[model]) for name, model in models.items()]
            create_rows(aliases, reason=reason, actor=actor)
        if not accept_loss:
            refuse_loss(impact, actor)
        recorded.report["impact"] = impact.outline()
        recorded.save(update_fields=["report"])
    return recorded, impact


def _names_before(run: ImportRun) -> NameList | None:
    """The ids of the document if it was imported: the next document is compared with those of the last run."""
    imported = ImportRun.objects.filter(snapshot=run.snapshot_id, status=ImportRun.Status.APPLIED)
    last = imported.order_by("-applied_at").first()
    return NameList.of(run.source, []) if last is None else last.names


def _merge(duplicates: Sequence[tuple[AIModel, AIModel]], *, reason: str, actor: AbstractBaseUser | None) -> None:
    """Frees the ids of the first models, and offers the second ones wherever the first are offered."""
    targets = {duplicate.pk: model.pk for duplicate, model in duplicates}
    names = {duplicate.pk: duplicate.name for duplicate, _ in duplicates}
    offers = Offer.objects.filter(model__in=[*targets, *targets.values()]).order_by("pk")
    offered = {(offer.channel_id, offer.model_id) for offer in offers}
    copies: list[Offer] = []
    for offer in offers:
        target = targets.get(offer.model_id)
        if target is not None and (offer.channel_id, target) not in offered:
            offered.add((offer.channel_id, target))
            # The channel knows the model under the id that it had.
            upstream = offer.upstream_name or names[offer.model_id]
            copies.append(
                Offer(channel_id=offer.channel_id, model_id=target, enabled=offer.enabled, upstream_name=upstream)
            )
    create_rows(copies, reason=reason, actor=actor)
    free = _free_names(names.values())
    for duplicate, _ in duplicates:
        duplicate.name, duplicate.status = free[duplicate.name], AIModel.Status.DRAFT
    update_rows([duplicate for duplicate, _ in duplicates], fields=["name", "status"], reason=reason, actor=actor)


def _free_names(names: Iterable[str]) -> dict[str, str]:
    """Id -> an id that no model has, to keep its model under."""
    taken = {*AIModel.objects.values_list("name", flat=True), *ModelAlias.objects.values_list("name", flat=True)}
    free = {}
    for name in names:
        number, suffix = 1, " (merged)"
        while (new := name[: LONGEST_ID - len(suffix)] + suffix) in taken:
            number += 1
            suffix = f" (merged {number})"
        free[name] = new
        taken.add(new)
    return free
