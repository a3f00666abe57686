"""Importing facts: from a document to a plan, which is plain data to read, and from a plan to the catalog.

A plan names what is new and every field that changes, old and new. Nothing is deleted, and where a record says None
nothing is changed. pricing/imports/pipeline.py plans the prices of the same document and applies both in one
transaction.
"""

import fnmatch
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError

from catalog.db.bulk import BATCH, create_rows, update_rows
from catalog.error_messages import InputError as InputError
from catalog.exact import InexactError
from catalog.imports.import_policy import Standing
from catalog.imports.resolving import Match, Resolver
from catalog.models import AIModel, Channel, EndpointType, ModelAlias, Offer, Vendor
from catalog.progress import track
from catalog.source_trust import Kept
from catalog.sources.records import Document, Record
from catalog.sources.rows import MOST_PRICES, SourceError, refuse_more
from catalog.vendor_matching import fold, known_vendor, vendor_of_model

# Ten times the largest source; what is longer is refused before it is read.
LARGEST_FILE = 32 * 1024 * 1024

# Twice as many as the largest source has; so many objects would fill the memory whatever they are.
MOST_VALUES = 450_000

# Fields of a record that are fields of a model, as they are.
FACTS = (
    "display_name",
    "description",
    "series",
    "icon",
    "tags",
    "context_length",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "capabilities",
    "supported_endpoint_types",
    "public_endpoint_types",
    "version",
    "default_parameters",
    "released_on",
    "deprecated_on",
    "retires_on",
)

LIFE = ("deprecated_on", "retires_on")

Fields = dict[str, Any]


@dataclass
class Findings:
    """What was unsound or left out, by sentence: most sentences are true of many models."""

    by_sentence: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unmapped: Counter[str] = field(default_factory=Counter)

    def add(self, sentence: str, model: str | None = None) -> None:
        """Of one model, or of the whole source."""
        models = self.by_sentence[sentence]
        if model is not None:
            models.append(model)

    def collect(self, document: Document) -> None:
        for sentence in document.findings:
            self.add(sentence)
        for record in document.records:
            for sentence in record.findings:
                self.add(sentence, record.name)
            self.unmapped.update(record.unmapped)
        self.unmapped.update(document.unmapped)


@dataclass
class NewVendor:
    """A vendor that the plan makes."""

    slug: str
    name: str
    aliases: list[str]
    icon: str = ""


@dataclass
class FactsPlan:
    """What an import will do to the catalog."""

    vendors: dict[str, NewVendor] = field(default_factory=dict)
    endpoint_types: dict[str, tuple[str, str]] = field(default_factory=dict)
    # Model -> its fields; the vendor by name.
    new: dict[str, Fields] = field(default_factory=dict)
    # Model -> field -> old and new value.
    changed: dict[str, dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    # Of models that change, what is judged together with the changes.
    limits: dict[str, Fields] = field(default_factory=dict)
    # What stays though the source says otherwise: model -> field.
    kept: dict[str, dict[str, Kept]] = field(default_factory=dict)
    unchanged: int = 0
    without_vendor: list[str] = field(default_factory=list)
    channel: str = ""
    new_channel: bool = False
    # Models to be offered on the channel.
    offers: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.endpoint_types or self.new or self.changed or self.new_channel or self.offers)


def read_file(path: Path) -> bytes:
    """The bytes of a file that is not too large to be a source."""
    # Nobody may ever write to a pipe, and who opens it for reading waits until somebody does.
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is no file.")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise InputError("The name of the file holds a NUL character.") from None
    if len(content) > LARGEST_FILE:
        raise InputError(f"{path} is larger than {LARGEST_FILE // 1024**2} MiB, more than any source has.")
    return content


def read_document(
    read: Callable[[bytes], Document], content: bytes, *, only: Sequence[str] = (), providers: Sequence[str] = ()
) -> Document:
    """The document, with only the models whose ids match one of the patterns, if there are any.

    If the source lists offers of many providers: those of `providers`, earlier ones first; by default the vendors' own.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError("The document is empty.")
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise InputError(f"The document holds more than {MOST_VALUES} values, more than any source has.")
    try:
        document = read(content)
        refuse_more(len(document.records), of="models")
        refuse_more(sum(map(_number_of_figures, document.records)), MOST_PRICES, of="prices")
    except (InexactError, SourceError) as error:
        raise InputError(str(error)) from None
    if not document.records:
        raise InputError("The document holds no models.")
    document = _choose_providers(document, providers)
    wanted = tuple(record for record in document.records if matches(record.name, only))
    if not wanted:
        raise InputError(f"None of the {len(document.records)} models matches {', '.join(only)}.")
    return replace(document, records=wanted, listed=tuple(record.name for record in document.records))


def _number_of_figures(record: Record) -> int:
    prices = (record.prices, *record.schedule, *record.announced, *record.past)
    return sum(len(each.lines) for each in prices if each is not None)


def _choose_providers(document: Document, providers: Sequence[str]) -> Document:
    """One record for each model: its vendor's own offer, or that of the first of `providers` that has it."""
    listed = dict.fromkeys(record.provider for record in document.records if record.provider)
    for provider in providers:
        if provider not in listed:
            known = (
                f"it has {', '.join(list(listed)[:12])}{', …' if len(listed) > 12 else ''}" if listed else "it has none"
            )
            raise InputError(f"The document lists no provider {provider[:64]!r}; {known}.")
    if not listed:
        return document
    chosen = [record for record in document.records if record.first_party or not record.provider]
    if providers:
        chosen = [record for provider in providers for record in document.records if record.provider == provider]
    if not chosen:
        raise InputError("No model in the document is offered by its own vendor: choose providers with --provider.")
    records: dict[str, Record] = {}
    for record in chosen:
        records.setdefault(record.name, record)
    left_out = listed.keys() - {record.provider for record in chosen}
    findings = document.findings
    if left_out and not providers:
        number = len(document.records) - len(chosen)
        left = f"{number} offers of {len(left_out)} resellers and hosts were left out"
        findings = (*findings, f"{left}: a vendor's own price is the list price; choose others with --provider")
    taken = set(map(id, records.values()))
    unmapped = tuple(key for record in document.records if id(record) not in taken for key in record.unmapped)
    return replace(document, records=tuple(records.values()), findings=findings, unmapped=unmapped)


def matches(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True)
class Resolution:
    """A document with the ids that models have here, and what became of those that it had itself."""

    document: Document
    # Alias -> the model that its row is of.
    aliases: dict[str, str] = field(default_factory=dict)
    # New id -> the model that it may mean.
    unmatched: dict[str, Match] = field(default_factory=dict)


def resolve(document: Document, findings: Findings) -> Resolution:
    """Rows of aliases become rows of their models; of ids that are new it is told what they may mean.

    Only what an operator or a source made an alias is taken for the model. A document that lists the model itself, too,
    says more of it there.
    """
    aliases = dict(ModelAlias.objects.values_list("name", "model__name"))
    resolver = Resolver(AIModel.objects.values_list("name", flat=True), aliases)
    listed = {record.name for record in document.records}
    found: dict[str, str] = {}
    unmatched: dict[str, Match] = {}
    records: dict[str, Record] = {}
    for record in document.records:
        model = resolver.find(record.name)
        if model is None and resolver.models and (match := resolver.suggest(record.name, also=record.also)):
            unmatched[record.name] = match
        if model is None or model == record.name:
            records[record.name] = record
        elif model in listed or model in records:
            findings.add(f"is an alias of {model}, which has a row of its own; this one was left out", record.name)
        else:
            found[record.name] = model
            records[model] = replace(record, name=model)
    return Resolution(_renamed(document, tuple(records.values()), found), found, unmatched)


def _renamed(document: Document, records: tuple[Record, ...], names: Mapping[str, str]) -> Document:
    """The document with these records, and with models' ids for aliases in all that it says of models beside them."""
    structure = document.structure
    if structure is not None and names:

        def of(each: str) -> str:
            return names.get(each, each)

        structure = replace(
            structure,
            models={of(name): fields for name, fields in structure.models.items()},
            aliases={name: {**row, "model": of(row.get("model", ""))} for name, row in structure.aliases.items()},
            offers={(channel, of(name)): fields for (channel, name), fields in structure.offers.items()},
            popular={of(name): fields for name, fields in structure.popular.items()},
            prices={
                role: {of(name): price for name, price in prices.items()} for role, prices in structure.prices.items()
            },
        )
    popular = document.popular and tuple(dict.fromkeys(names.get(name, name) for name in document.popular))
    return replace(document, records=records, structure=structure, popular=popular)


def plan_facts(document: Document, *, publish: bool, channel: str, standing: Standing, findings: Findings) -> FactsPlan:
    """What importing these records would do; writes nothing. Records that cannot be stored are left out."""
    plan = FactsPlan(channel=channel)
    registry = _plan_endpoint_types(plan, document, findings)
    vendors = _VendorBook(plan)
    # Some dozens of vendors, and not one for each of thousands of models.
    stored = {model.name: model for model in AIModel.objects.prefetch_related("vendor")}
    for record in track(document.records, "Comparing models"):
        model = stored.get(record.name)
        if model is not None or _is_nameable(record.name, findings):
            fields = _wanted_fields(record, model, registry, findings)
            vendor = _vendor_name(record, model, vendors, plan)
            wanted = {"vendor": vendor, **fields} | ({"status": AIModel.Status.PUBLISHED.value} if publish else {})
            _plan_model(plan, record.name, model, wanted, standing=standing, findings=findings)
    _keep(plan, standing.split(plan.changed, stored), stored)
    if channel:
        _plan_offers(
            plan, [record.name for record in document.records if record.name in stored or record.name in plan.new]
        )
    return plan


def _plan_endpoint_types(plan: FactsPlan, document: Document, findings: Findings) -> frozenset[str]:
    """Plans the types that the document describes and the registry lacks; returns all that will then be known."""
    known = set(EndpointType.objects.values_list("name", flat=True))
    for name, (path, method) in document.endpoint_types.items():
        if name in known:
            continue
        try:
            EndpointType(name=name, path=path, method=method).clean_fields()
        except ValidationError:
            findings.add(f"the endpoint type {name[:64]} with the path {path[:255]} is not a sound one and was refused")
        else:
            plan.endpoint_types[name] = (path, method)
    return frozenset(known | plan.endpoint_types.keys())


def _is_nameable(name: str, findings: Findings) -> bool:
    try:
        AIModel._meta.get_field("name").clean(name, None)
    except ValidationError as error:
        findings.add(f"the id cannot be a model's: {' '.join(error.messages)} The row was left out", name[:255])
        return False
    return True


def _wanted_fields(record: Record, model: AIModel | None, registry: frozenset[str], findings: Findings) -> Fields:
    """All that the record says, as a model has it; what it only inferred, where the model has nothing."""
    said = {name: getattr(record, name) for name in FACTS if getattr(record, name) is not None}
    if model is not None:
        said = {name: value for name, value in said.items() if name not in record.inferred or not getattr(model, name)}
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    for name in ("supported_endpoint_types", "public_endpoint_types"):
        if name in fields:
            for unknown in [each for each in fields[name] if each not in registry]:
                findings.add(f"the endpoint type {unknown[:64]} is not in the registry and was left out", record.name)
            fields[name] = [each for each in fields[name] if each in registry]
    return fields


def _vendor_name(record: Record, model: AIModel | None, vendors: "_VendorBook", plan: FactsPlan) -> str | None:
    """The vendor the model shall have; None where it keeps the one it has.

    What a source says counts; what the id tells counts only where there is nothing better, so that a curated vendor
    stays.
    """
    if record.vendor is not None:
        return vendors.find(record.vendor, record.vendor_icon or "")
    if model is not None and model.vendor.slug != Vendor.OTHER:
        return None
    vendor = vendor_of_model(record.name)
    if vendor is None:
        plan.without_vendor.append(record.name)
        return None
    return vendors.find(vendor.name)


def _plan_model(
    plan: FactsPlan, name: str, model: AIModel | None, wanted: Fields, *, standing: Standing, findings: Findings
) -> None:
    retires, deprecated = (wanted.get(date, getattr(model, date, None)) for date in ("retires_on", "deprecated_on"))
    if retires and deprecated and retires < deprecated:
        findings.add("would retire before it is deprecated; both dates stay as they are", name)
        wanted = {key: value for key, value in wanted.items() if key not in ("retires_on", "deprecated_on")}
    if model is None:
        plan.new[name] = wanted
        return
    stored: Fields = {"vendor": model.vendor.name}
    changes = {}
    for field_name, value in wanted.items():
        old = stored.get(field_name, getattr(model, field_name))
        standing.hear(name, field_name, old, value)
        if value is not None and old != value:
            changes[field_name] = (old, value)
    if changes:
        plan.changed[name] = changes
        plan.limits[name] = {each: getattr(model, each) for each in ("context_length", "max_output_tokens")}
    else:
        plan.unchanged += 1


def _keep(plan: FactsPlan, kept: dict[str, dict[str, Kept]], stored: Mapping[str, AIModel]) -> None:
    """Takes what does not stand out of the changes."""
    plan.kept = kept
    for name, fields in kept.items():
        changes = plan.changed[name]
        for each in fields:
            del changes[each]
        for each in _dates_out_of_order(changes, stored[name]):
            fields[each] = Kept(*changes.pop(each), "would contradict the other date, which stays")
        if not changes:
            del plan.changed[name]
            plan.unchanged += 1
    wanted = [
        *plan.new.values(),
        *({"vendor": each["vendor"][1]} for each in plan.changed.values() if "vendor" in each),
    ]
    used = {fields.get("vendor") for fields in wanted}
    plan.vendors = {name: vendor for name, vendor in plan.vendors.items() if name in used}


def _dates_out_of_order(changes: Mapping[str, tuple[Any, Any]], model: AIModel) -> list[str]:
    """The dates that cannot be changed without the one that stays."""
    dates = {name: changes[name][1] if name in changes else getattr(model, name) for name in LIFE}
    deprecated, retires = dates.values()
    return [name for name in LIFE if name in changes] if deprecated and retires and retires < deprecated else []


def _plan_offers(plan: FactsPlan, names: Iterable[str]) -> None:
    channel = Channel.objects.filter(slug=plan.channel).first()
    plan.new_channel = channel is None
    offered = set(Offer.objects.filter(channel=channel).values_list("model__name", flat=True)) if channel else set()
    plan.offers = [name for name in names if name not in offered]


class _VendorBook:
    """Vendors by every spelling: those that are stored, and those that the plan makes."""

    def __init__(self, plan: FactsPlan) -> None:
        self.plan = plan
        self.names = {spelling: vendor.name for spelling, vendor in Vendor.objects.by_spelling().items()}
        self.slugs = set(Vendor.objects.values_list("slug", flat=True))

    def find(self, name: str, icon: str = "") -> str:
        """The name of the vendor that is meant; a vendor nobody knows yet is planned, under the name as it is given."""
        vendor = known_vendor(name)
        spellings = (name, vendor.slug, vendor.name, *vendor.aliases) if vendor else (name,)
        known = next((self.names[fold(each)] for each in spellings if fold(each) in self.names), None)
        return known or self._add(name, spellings, icon, slug=vendor.slug if vendor else "")

    def _add(self, name: str, spellings: Sequence[str], icon: str, *, slug: str) -> str:
        wanted = slug or Vendor.named(name).slug
        slug, number = wanted, 2
        while slug in self.slugs:
            slug, number = f"{wanted[:58]}-{number}", number + 1
        others = dict.fromkeys(each for each in spellings if fold(each) not in (fold(name), fold(slug)))
        self.plan.vendors[name] = NewVendor(slug, name, list(others), icon)
        self.slugs.add(slug)
        self.names |= {fold(each): name for each in (*spellings, slug)}
        return name


def apply_facts(plan: FactsPlan, *, reason: str, actor: AbstractBaseUser | None = None) -> None:
    """Writes the plan, with history; to be called inside a transaction."""
    _make_vendors(plan, reason=reason, actor=actor)
    types = [EndpointType(name=name, path=path, method=method) for name, (path, method) in plan.endpoint_types.items()]
    create_rows(types, reason=reason, actor=actor)
    vendors = dict(Vendor.objects.values_list("name", "pk"))
    if plan.new:
        other = Vendor.objects.other().pk
        new = [
            AIModel(name=name, vendor_id=vendors.get(fields["vendor"], other), **_without_vendor(fields))
            for name, fields in plan.new.items()
        ]
        create_rows(new, reason=reason, actor=actor)
    _update_models(plan, vendors, reason=reason, actor=actor)
    _make_offers(plan, reason=reason, actor=actor)


def _without_vendor(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name != "vendor"}


def _make_vendors(plan: FactsPlan, *, reason: str, actor: AbstractBaseUser | None) -> None:
    rows = [
        Vendor(slug=vendor.slug, name=vendor.name, aliases=vendor.aliases, icon=vendor.icon)
        for vendor in plan.vendors.values()
    ]
    create_rows(rows, reason=reason, actor=actor)


def _update_models(plan: FactsPlan, vendors: Mapping[str, int], *, reason: str, actor: AbstractBaseUser | None) -> None:
    names = list(plan.changed)
    touched = sorted({name for changes in plan.changed.values() for name in changes})
    rows: list[AIModel] = []
    for start in range(0, len(names), BATCH):
        found = AIModel.objects.select_for_update().filter(name__in=names[start : start + BATCH])
        rows += found.only("name", *touched)
    for row in rows:
        for name, (_, value) in plan.changed[row.name].items():
            if name == "vendor":
                row.vendor_id = vendors[value]
            else:
                setattr(row, name, value)
    update_rows(rows, fields=touched, reason=reason, actor=actor)


def _make_offers(plan: FactsPlan, *, reason: str, actor: AbstractBaseUser | None) -> None:
    if not plan.channel:
        return
    if plan.new_channel:
        create_rows([Channel(slug=plan.channel, name=plan.channel)], reason=reason, actor=actor)
    channel = Channel.objects.get(slug=plan.channel)
    models = model_keys(plan.offers)
    offers = [Offer(channel=channel, model_id=models[name]) for name in plan.offers]
    create_rows(offers, reason=reason, actor=actor)


def model_keys(names: Iterable[str]) -> dict[str, int]:
    """Model id -> its key in the database."""
    wanted = set(names)
    # Among some thousands, reading them all is faster than asking in lists that a statement can hold.
    return {name: key for name, key in AIModel.objects.values_list("name", "pk") if name in wanted}
