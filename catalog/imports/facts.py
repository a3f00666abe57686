"""Facts of models: planned as plain data, then written.

A plan names what is new, and the old and new value of every field that changes. Nothing is deleted, and a field that is
None in a record stays as it is. pricing/imports/pipeline.py plans everything else of the same document and applies it
all in one transaction.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError

from catalog.db.bulk import BATCH, create_rows, update_rows
from catalog.imports.context import Audit, Findings, PlanContext, WriteContext
from catalog.imports.import_policy import Changes
from catalog.models import AIModel, Channel, ModelAlias, Offer, Vendor
from catalog.models.aimodel import circular_successors
from catalog.models.facts import LIMITS
from catalog.models.names import Names
from catalog.names.look_alikes import fault_of_name
from catalog.progress import track
from catalog.source_trust import WithheldChange
from catalog.sources.records import Document, Record
from catalog.vendor_matching import fold, known_vendor, vendor_of_model, vendor_of_name

# Fields that records and models have in common.
FACTS = (
    "display_name",
    "description",
    "series",
    "icon",
    "tags",
    *LIMITS,
    "input_modalities",
    "output_modalities",
    "capabilities",
    "reasoning_levels",
    "knowledge_cutoff",
    "open_weights",
    "supported_endpoint_types",
    "public_endpoint_types",
    "version",
    "default_parameters",
    "released_on",
    "deprecated_on",
    "retires_on",
)

ENDPOINT_TYPES = ("supported_endpoint_types", "public_endpoint_types")
LIFECYCLE_DATES = ("deprecated_on", "retires_on")

Fields = dict[str, Any]


@dataclass
class NewVendor:
    """A vendor that the plan creates."""

    slug: str
    name: str
    aliases: list[str]
    icon: str = ""
    description: str = ""


@dataclass
class FactsPlan:
    """What an import will change in models, their vendors and their offers on one channel."""

    vendors: dict[str, NewVendor] = field(default_factory=dict)
    # Slug -> description, for stored vendors without one. Part of the structure of the import.
    vendor_descriptions: dict[str, str] = field(default_factory=dict)
    # Model -> its fields; the vendor by name.
    new: dict[str, Fields] = field(default_factory=dict)
    # Model -> field -> old and new value.
    changed: dict[str, dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    # Limits of changed models, which are checked together with the changes.
    limits: dict[str, Fields] = field(default_factory=dict)
    # Changes that are not allowed: model -> field.
    withheld: dict[str, dict[str, WithheldChange]] = field(default_factory=dict)
    unchanged: int = 0
    without_vendor: list[str] = field(default_factory=list)
    channel: str = ""
    new_channel: bool = False
    # Models that the channel does not offer yet.
    offers: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.new_channel or self.offers)

    @property
    def endpoint_types(self) -> frozenset[str]:
        """The types that new and changed models name."""
        values = [*self.new.values()]
        values += [{name: new for name, (_, new) in changes.items()} for changes in self.changed.values()]
        return frozenset(name for fields in values for column in ENDPOINT_TYPES for name in fields.get(column) or ())

    def new_values(self, name: str) -> Fields:
        """The values that a model gets: all of a new model, and those that change of a stored one."""
        return self.new.get(name) or {field: new for field, (_, new) in self.changed.get(name, {}).items()}

    def changed_limits(self, name: str) -> Fields:
        """All limits of a model after the import, if one of them changes."""
        changes = {field: new for field, (_, new) in self.changed.get(name, {}).items() if field in LIMITS}
        return {**self.limits[name], **changes} if changes else {}

    def narrowed(self, models: Collection[str]) -> "FactsPlan":
        """What the plan changes in these models."""
        new = {name: fields for name, fields in self.new.items() if name in models}
        changed = {name: changes for name, changes in self.changed.items() if name in models}
        vendors = _used_vendors(new, changed)
        return replace(
            self,
            vendors={name: vendor for name, vendor in self.vendors.items() if name in vendors},
            new=new,
            changed=changed,
            offers=[name for name in self.offers if name in models],
        )


def plan_facts(
    document: Document,
    context: PlanContext,
    *,
    registry: Container[str],
    publish: bool,
    channel: str,
    owned: Container[str] = (),
) -> FactsPlan:
    """Plans what importing these records would change; writes nothing. Records that cannot be stored are left out.

    `registry`: the endpoint types that exist or will be created. `owned`: the models that have only those of the
    lifecycle dates that their records state, because dates are only valid together.
    """
    plan = FactsPlan(channel=channel)
    vendors = _VendorBook(plan)
    # There are a few dozen vendors and thousands of models.
    stored = {model.name: model for model in AIModel.objects.prefetch_related("vendor")}
    names: dict[int | None, str] = {model.pk: name for name, model in stored.items()}
    successors = _possible_successors(document, stored)
    taken = Names(AIModel) if any(record.name not in stored for record in document.records) else None
    for record in track(document.records, "Comparing models"):
        model = stored.get(record.name)
        if model is not None or _is_nameable(record.name, taken, context.findings):
            fields = _new_values(record, model, registry, context.findings)
            vendor = _vendor_name(record, model, vendors, plan, context.findings)
            status = {"status": AIModel.Status.PUBLISHED.value} if publish else {}
            named = {"vendor": vendor, "successor": _successor(record, successors, context.findings)}
            named |= dict.fromkeys(LIFECYCLE_DATES) if model is not None and record.name in owned else {}
            _plan_model(plan, record.name, model, {**named, **fields, **status}, context, names)
    _leave_out_circles(plan, stored, names, context.findings)
    _withhold(plan, context.policy.withheld_changes(plan.changed, stored), stored)
    if channel:
        _plan_offers(
            plan, [record.name for record in document.records if record.name in stored or record.name in plan.new]
        )
    return plan


def _is_nameable(name: str, taken: Names | None, findings: Findings) -> bool:
    """Whether a new model may have the id; a spelling in other case is another id, as gateways compare ids."""
    fault = fault_of_name(name)
    try:
        AIModel._meta.get_field("name").clean(name, None)
    except ValidationError as error:
        fault = " ".join(error.messages)
    if fault:
        findings.leave_out(f"is not a valid model id: {fault} The row was left out", name[:255])
        return False
    if taken is not None:
        for alike in taken.like(name):
            if not alike.may_be_meant:
                findings.leave_out(f"{alike.describe(name)}; the row was left out", name)
                return False
        taken.add("model", name)
    return True


def _new_values(record: Record, model: AIModel | None, registry: Container[str], findings: Findings) -> Fields:
    """The values that the record has for a model's fields. Inferred values only fill empty fields."""
    values = {name: getattr(record, name) for name in FACTS if getattr(record, name) is not None}
    if model is not None:
        values = {
            name: value for name, value in values.items() if name not in record.inferred or not getattr(model, name)
        }
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    for name in ENDPOINT_TYPES:
        if name in fields:
            for unknown in [value for value in fields[name] if value not in registry]:
                sentence = f"the endpoint type {unknown[:64]} is not in the registry and was left out"
                findings.leave_out(sentence, record.name)
            fields[name] = [value for value in fields[name] if value in registry]
    return fields


def _vendor_name(
    record: Record, model: AIModel | None, vendors: "_VendorBook", plan: FactsPlan, findings: Findings
) -> str | None:
    """The vendor that the model gets; None if it keeps its vendor.

    If the source states a platform or an unknown name, such as a reseller, the id decides if it shows a vendor. It also
    does if neither the source nor the catalog names one, so a curated vendor stays.
    """
    vendor, stated = vendor_of_model(record.name), record.vendor
    if stated is not None and (
        record.is_vendor_certain or vendors.decides(stated) or (vendor is None and vendors.may_be(stated))
    ):
        return vendors.find(stated, icon=record.vendor_icon or "", description=record.vendor_description or "")
    if model is not None and model.vendor.slug != Vendor.OTHER:
        return None
    if vendor is None:
        plan.without_vendor.append(record.name)
        return None
    if stated is not None and vendor_of_name(stated).vendor is None:
        findings.add(f"the vendor {stated[:64]} is not known; the id shows {vendor.name}", record.name)
    return vendors.find(vendor.name)


def _possible_successors(document: Document, stored: Collection[str]) -> dict[str, str]:
    """Id or alias -> the model that it means, if records of the document name successors."""
    if not any(record.successor for record in document.records):
        return {}
    aliases = dict(ModelAlias.objects.values_list("name", "model__name"))
    return aliases | {name: name for name in (*stored, *(record.name for record in document.records))}


def _successor(record: Record, possible: Mapping[str, str], findings: Findings) -> str | None:
    """The model that replaces the record's model; None if the record does not name one of the catalog."""
    successor = possible.get(record.successor or "")
    if record.successor and successor is None:
        findings.add("its successor is not in the catalog and was not set", record.name)
    return None if successor == record.name else successor


def _leave_out_circles(
    plan: FactsPlan, stored: Mapping[str, AIModel], names: Mapping[int | None, str], findings: Findings
) -> None:
    """Removes successors with which models would replace each other."""
    new = {name: plan.new_values(name).get("successor") for name in (*plan.new, *plan.changed)}
    planned = {name: successor for name, successor in new.items() if successor}
    if not planned:
        return
    before = {name: names.get(model.successor_id) for name, model in stored.items()}
    for name, circle in circular_successors(planned, before).items():
        findings.add(f"its successor was not set: {' → '.join([*circle, circle[0]])} would replace each other", name)
        if name in plan.new:
            del plan.new[name]["successor"]
        else:
            del plan.changed[name]["successor"]
            if not plan.changed[name]:
                del plan.changed[name]
                plan.unchanged += 1


def _plan_model(
    plan: FactsPlan,
    name: str,
    model: AIModel | None,
    values: Fields,
    context: PlanContext,
    names: Mapping[int | None, str],
) -> None:
    """Plans one model; `names` are the ids of the stored models by their keys."""
    retires, deprecated = (values.get(date, getattr(model, date, None)) for date in ("retires_on", "deprecated_on"))
    if retires and deprecated and retires < deprecated:
        context.findings.leave_out("would retire before it is deprecated; both dates stay unchanged", name)
        values = {key: value for key, value in values.items() if key not in LIFECYCLE_DATES}
    if model is None:
        plan.new[name] = {key: value for key, value in values.items() if key != "successor" or value}
        return
    stored: Fields = {"vendor": model.vendor.name, "successor": names.get(model.successor_id)}
    changes = {}
    for field_name, value in values.items():
        old = stored.get(field_name, getattr(model, field_name))
        context.policy.note_pinned(name, field_name, old, value)
        if (value is not None or field_name in LIFECYCLE_DATES) and old != value:
            changes[field_name] = (old, value)
    if changes:
        plan.changed[name] = changes
        plan.limits[name] = {limit: getattr(model, limit) for limit in LIMITS}
    else:
        plan.unchanged += 1


def _withhold(plan: FactsPlan, withheld: dict[str, dict[str, WithheldChange]], stored: Mapping[str, AIModel]) -> None:
    """Removes the withheld changes from the plan, and the new vendors that only they needed."""
    plan.withheld = withheld
    for name, fields in withheld.items():
        changes = plan.changed[name]
        for field_name in fields:
            del changes[field_name]
        for date in _dates_out_of_order(changes, stored[name]):
            fields[date] = WithheldChange(*changes.pop(date), "would contradict the other date, which stays")
        if not changes:
            del plan.changed[name]
            plan.unchanged += 1
    used = _used_vendors(plan.new, plan.changed)
    plan.vendors = {name: vendor for name, vendor in plan.vendors.items() if name in used}


def _used_vendors(new: Mapping[str, Fields], changed: Mapping[str, Changes]) -> set[str]:
    """The names of the vendors of new models, and of those that models change to."""
    names = {fields["vendor"] for fields in new.values() if fields.get("vendor")}
    return names | {changes["vendor"][1] for changes in changed.values() if "vendor" in changes}


def _dates_out_of_order(changes: Mapping[str, tuple[Any, Any]], model: AIModel) -> list[str]:
    """The changed dates that contradict the unchanged one."""
    dates = {name: changes[name][1] if name in changes else getattr(model, name) for name in LIFECYCLE_DATES}
    deprecated, retires = dates.values()
    return (
        [name for name in LIFECYCLE_DATES if name in changes] if deprecated and retires and retires < deprecated else []
    )


def _plan_offers(plan: FactsPlan, names: Iterable[str]) -> None:
    channel = Channel.objects.filter(slug=plan.channel).first()
    plan.new_channel = channel is None
    offered = set(Offer.objects.filter(channel=channel).values_list("model__name", flat=True)) if channel else set()
    plan.offers = [name for name in names if name not in offered]


class _VendorBook:
    """Stored and planned vendors, by every spelling of their names."""

    def __init__(self, plan: FactsPlan) -> None:
        self.plan = plan
        stored = Vendor.objects.by_spelling()
        self.names = {spelling: vendor.name for spelling, vendor in stored.items()}
        self.undescribed = {vendor.name: vendor.slug for vendor in stored.values() if not vendor.description}
        self.slugs = set(Vendor.objects.values_list("slug", flat=True))

    def decides(self, name: str) -> bool:
        """Whether a model has this vendor, whatever its id shows."""
        stated = vendor_of_name(name)
        is_known = fold(name) in self.names or stated.vendor is not None
        return is_known and not stated.is_platform

    def may_be(self, name: str) -> bool:
        """Whether the name can be that of a vendor; resellers are none, unless the catalog has such a vendor."""
        return fold(name) in self.names or not vendor_of_name(name).is_none

    def find(self, name: str, *, icon: str = "", description: str = "") -> str:
        """The name of the vendor with this spelling. An unknown vendor is planned under the given name."""
        vendor = vendor_of_name(name).vendor
        spellings = (name, vendor.slug, vendor.name, *vendor.aliases) if vendor else (name,)
        known = next((self.names[fold(spelling)] for spelling in spellings if fold(spelling) in self.names), None)
        if known is None:
            slug = vendor.slug if vendor else ""
            # Without what people write around a name, such as 官方.
            readable = name if vendor is None or known_vendor(name) else vendor.name
            return self._add(NewVendor(slug, readable, [], icon, description), spellings)
        if planned := self.plan.vendors.get(known):
            complete = replace(planned, icon=planned.icon or icon, description=planned.description or description)
            self.plan.vendors[known] = complete
        elif description and known in self.undescribed:
            self.plan.vendor_descriptions.setdefault(self.undescribed[known], description)
        return known

    def _add(self, vendor: NewVendor, spellings: Sequence[str]) -> str:
        name = vendor.name
        base = vendor.slug or Vendor.named(name).slug
        slug, number = base, 2
        while slug in self.slugs:
            slug, number = f"{base[:58]}-{number}", number + 1
        aliases = dict.fromkeys(spelling for spelling in spellings if fold(spelling) not in (fold(name), fold(slug)))
        self.plan.vendors[name] = replace(vendor, slug=slug, aliases=list(aliases))
        self.slugs.add(slug)
        self.names |= {fold(spelling): name for spelling in (*spellings, slug)}
        return name


def apply_facts(plan: FactsPlan, context: WriteContext) -> None:
    """Writes the plan, with history; call it inside a transaction."""
    audit = context.audit
    _create_vendors(plan, audit)
    vendors = dict(Vendor.objects.values_list("name", "pk"))
    if plan.new:
        other = Vendor.objects.other().pk
        new = [
            AIModel(name=name, vendor_id=vendors.get(fields["vendor"], other), **_without_relations(fields))
            for name, fields in plan.new.items()
        ]
        create_rows(new, **audit)
    _update_models(plan, vendors, audit)
    _set_successors(plan, audit)
    _create_offers(plan, audit)


def _without_relations(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name not in ("vendor", "successor")}


def _create_vendors(plan: FactsPlan, audit: Audit) -> None:
    rows = [
        Vendor(
            slug=vendor.slug,
            name=vendor.name,
            aliases=vendor.aliases,
            icon=vendor.icon,
            description=vendor.description,
        )
        for vendor in plan.vendors.values()
    ]
    create_rows(rows, **audit)


def _update_models(plan: FactsPlan, vendors: Mapping[str, int], audit: Audit) -> None:
    names = [name for name, changes in plan.changed.items() if changes.keys() - {"successor"}]
    fields = sorted({name for changes in plan.changed.values() for name in changes if name != "successor"})
    rows: list[AIModel] = []
    for start in range(0, len(names), BATCH):
        batch = AIModel.objects.select_for_update().filter(name__in=names[start : start + BATCH])
        rows += batch.only("name", *fields)
    for row in rows:
        for name, (_, value) in plan.changed[row.name].items():
            if name == "vendor":
                row.vendor_id = vendors[value]
            elif name != "successor":
                setattr(row, name, value)
    update_rows(rows, fields=fields, **audit)


def _set_successors(plan: FactsPlan, audit: Audit) -> None:
    """Sets the successors of new and changed models, when all models of the plan exist."""
    successors = {name: fields["successor"] for name, fields in plan.new.items() if "successor" in fields}
    successors |= {name: changes["successor"][1] for name, changes in plan.changed.items() if "successor" in changes}
    if not successors:
        return
    keys = model_keys({*successors, *successors.values()})
    # A review may apply the changes of a model without those of its new successor.
    chosen = {keys[name]: keys[successor] for name, successor in successors.items() if successor in keys}
    rows = list(AIModel.objects.select_for_update().filter(pk__in=chosen).only("name", "successor"))
    for row in rows:
        row.successor_id = chosen[row.pk]
    update_rows(rows, fields=["successor"], **audit)


def _create_offers(plan: FactsPlan, audit: Audit) -> None:
    if not plan.channel:
        return
    if plan.new_channel:
        create_rows([Channel(slug=plan.channel, name=plan.channel)], **audit)
    channel = Channel.objects.get(slug=plan.channel)
    models = model_keys(plan.offers)
    offers = [Offer(channel=channel, model_id=models[name]) for name in plan.offers]
    create_rows(offers, **audit)


def model_keys(names: Iterable[str]) -> dict[str, int]:
    """Model id -> its key in the database."""
    chosen = set(names)
    # Reading all of some thousand models is faster than several statements with lists of ids.
    return {name: key for name, key in AIModel.objects.values_list("name", "pk") if name in chosen}
