"""Problems of models, vendors and endpoint types."""

from collections import defaultdict
from collections.abc import Iterator

from catalog.models import AIModel, EndpointType, Vendor
from catalog.models.facts import LIMITS
from catalog.vendor_matching import vendor_key
from pricing.curation.catalog_snapshot import CatalogSnapshot
from pricing.curation.checks.rules import Finding, Rules
from pricing.engine.sanity_checks import (
    fact_warnings,
    leaves_no_input,
)
from pricing.models import PopularModel
from pricing.usage.names import Forwards
from tokens.access.visibility import UNREACHED, PriceListing, public_scope, unreached

RULES = Rules()


@RULES.add("odd-limits", "Contradictory limits", "Correct the limits on the model's page.", about=AIModel)
def odd_limits(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        for warning in fact_warnings({limit: getattr(model, limit) for limit in LIMITS}):
            yield Finding(model, warning)


@RULES.add(
    "unreadable-facts",
    "Numbers and dates that some clients cannot read",
    "Correct them on the model's page. Until then, the lists of these clients leave them out.",
    about=AIModel,
)
def unreadable_facts(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        for problem in model.unreadable_facts():
            yield Finding(model, problem)


@RULES.add(
    "output-equals-window",
    "Output limit equal to the context window",
    "The source probably copied it from the window. Set the vendor's limit on the model's page.",
    about=AIModel,
)
def output_equals_window(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        if leaves_no_input({limit: getattr(model, limit) for limit in LIMITS}):
            yield Finding(model, f"both are {model.context_length:,} tokens, which leaves no room for input")


@RULES.add(
    "no-vendor",
    "Listed under the vendor Other",
    "Choose the vendor on the model's page. Missing vendors can be added there.",
    about=AIModel,
)
def no_vendor(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        if model.vendor.slug == Vendor.OTHER:
            yield Finding(model, "its vendor is unknown")


@RULES.add("unused-vendor", "Vendors without a model", "Delete them, or assign their models to them.", about=Vendor)
def unused_vendor(_: CatalogSnapshot) -> Iterator[Finding]:
    for vendor in Vendor.objects.filter(models=None).exclude(slug=Vendor.OTHER).order_by("slug"):
        yield Finding(vendor, "it has no models")


@RULES.add(
    "twin-vendors",
    "Duplicate vendors",
    "Move the models to one of them, add the name of the other to its aliases, and delete the other.",
    about=Vendor,
)
def twin_vendors(_: CatalogSnapshot) -> Iterator[Finding]:
    owners: defaultdict[str, dict[int, Vendor]] = defaultdict(dict)
    for vendor in Vendor.objects.order_by("pk"):
        for spelling in (vendor.slug, vendor.name, *vendor.aliases):
            owners[vendor_key(spelling)][vendor.pk] = vendor
    reported: set[tuple[int, int]] = set()
    for first, *others in (list(same.values()) for same in owners.values()):
        for other in others:
            if (first.pk, other.pk) not in reported:
                reported.add((first.pk, other.pk))
                yield Finding(other, f"it is the same vendor as {first}")


@RULES.add(
    "unknown-endpoint-type",
    "Unknown endpoint types",
    "Add the endpoint type, or correct the model.",
    about=AIModel,
)
def unknown_endpoint_type(catalog: CatalogSnapshot) -> Iterator[Finding]:
    known = set(EndpointType.objects.values_list("name", flat=True))
    for model in catalog.listed:
        named = dict.fromkeys([*model.supported_endpoint_types, *model.callable_endpoint_types])
        if unknown := [name for name in named if name not in known]:
            yield Finding(model, f"unknown: {', '.join(unknown)}")


@RULES.add(
    "no-endpoint-type",
    "Listed without an endpoint type",
    "Add an endpoint type. Clients that filter by it do not show the model.",
    about=AIModel,
)
def no_endpoint_type(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        if not model.callable_endpoint_types:
            yield Finding(model, "it has no endpoint type that customers can call")


@RULES.add(
    "out-of-reach",
    "Published but not visible",
    "Offer it on a channel that a group can reach, or change it to a draft.",
    about=AIModel,
)
def out_of_reach(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in unreached(AIModel.objects.all(), on=catalog.on).order_by("name"):
        yield Finding(model, UNREACHED)


@RULES.add(
    "gone-successor",
    "Successors that are not listed",
    "Choose another successor. Clients are referred to it when the model retires.",
    about=AIModel,
)
def gone_successor(catalog: CatalogSnapshot) -> Iterator[Finding]:
    there = {model.pk for model in catalog.listed}
    for model in catalog.listed:
        if model.successor_id is not None and model.successor_id not in there:
            yield Finding(model, f"{model.successor} is not listed")


@RULES.add(
    "forwards-nowhere",
    "Forwarded calls that no model answers",
    "Set the retirement date and a successor that a group can reach, or do not forward the calls.",
    about=AIModel,
)
def forwards_nowhere(catalog: CatalogSnapshot) -> Iterator[Finding]:
    there, forwards = {model.pk for model in catalog.listed}, Forwards.read()
    models = AIModel.objects.published().filter(forwards_to_successor=True)
    for model in models.select_related("successor").order_by("name"):
        if model.successor is None:
            yield Finding(model, "it has no successor")
        elif model.retires_on is None:
            yield Finding(model, "it has no retirement date")
        elif model.forwards(on=catalog.on) and forwards.model_on(model.pk, catalog.on) not in there:
            yield Finding(model, f"it has retired, and no model answers calls after {model.successor}")


@RULES.add(
    "hidden-popular",
    "Pinned as popular but not public",
    "Remove the pin, or show the model in the price list of a public group.",
    about=PopularModel,
)
def hidden_popular(catalog: CatalogSnapshot) -> Iterator[Finding]:
    public = {model.pk for model in PriceListing(public_scope(), catalog.at).visible()}
    for pin in PopularModel.objects.select_related("model").order_by("position", "pk"):
        if pin.model_id not in public:
            yield Finding(pin, f"{pin.model} is not visible to visitors")
