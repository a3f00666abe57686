"""The head of each kind of page."""

from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import AIModel, Vendor
from catalog.prices import Sheet
from pricing.engine.formatting import capabilities, labels
from pricing.engine.formatting.display import AS_PUBLISHED, showing
from pricing.engine.formatting.languages import short
from pricing.engine.formatting.price_words import price_words
from pricing.pages.formatting import plain_text
from pricing.pages.sharing import structured_data, words
from pricing.pages.sharing.head import Head, Image, Link, address, cut
from pricing.pages.visitor import Visitor
from pricing.published.changes.addresses import feed_of

# What a search may choose on a page that search engines show: such pages are the vendors' own.
OF_VENDORS = frozenset({"vendor", "page"})
LISTED_ITEMS = 10
MARKDOWN, FEED = "text/markdown", "application/atom+xml"


def list_head(
    visitor: Visitor,
    parameters: tuple[tuple[str, str], ...],
    *,
    site: str,
    models: Sequence[tuple[str, str]],
    number: int,
    vendors: int,
    vendor: str,
) -> Head:
    """The head of the list of `number` models, found by the `parameters`; `models` are (id, title) of the first ones.

    `vendor` is the name of the vendor that is chosen, empty if none is. The list, its pages and those of vendors are
    indexed; any other search is one of too many.
    """
    is_indexed = OF_VENDORS.issuperset(name for name, _value in parameters) and number > 0
    title = _("%(vendor)s models and prices") % {"vendor": vendor} if vendor else _("Models and prices")
    page = dict(parameters).get("page")
    if page:
        title = _("%(title)s, page %(number)s") % {"title": title, "number": page}
    described = words.vendor_description(vendor, number) if vendor else words.list_description(number, vendors)
    addresses = [(text, page_address(site, visitor, name)) for name, text in models[:LISTED_ITEMS]]
    lists = structured_data.item_list(name=title, number=number, models=addresses)
    feeds = [own_feed(vendor, visitor, vendor=dict(parameters)["vendor"])] if vendor else []
    own = structured_data.website(name=settings.SITE_NAME, url=f"{site}/")
    return Head(
        title=title,
        description=cut(described),
        site=site,
        path="/" if is_indexed else "",
        parameters=parameters,
        language=visitor.language,
        is_indexed=is_indexed,
        image=site_image(site),
        links=(*feeds, *links_of_site(visitor)),
        data=(own, lists) if is_indexed else (),
    )


def model_head(model: AIModel, sheet: Sheet | None, visitor: Visitor, *, site: str) -> Head:
    """The head of a model's page; `sheet` is its price where no group is chosen. A retired model is not indexed."""
    is_retired, image = model.lifecycle(on=visitor.day) == AIModel.Lifecycle.RETIRED, model_image(model, visitor, site)
    vendor, path = model.vendor.name_in(visitor.language), reverse("model-page", args=[model.name])
    author = author_of(model, visitor)
    # The canonical address has no choice of the visitor beside the language, and neither has what is said of it.
    with showing(AS_PUBLISHED):
        price = price_words(sheet, is_retired=is_retired)
        more = plain_text(model.description) or capabilities_of(model)
        described = cut(words.model_description(model.title, author, price, model.context_length, more))
    head = Head(
        title=model.title,
        description=described,
        site=site,
        path=path,
        language=visitor.language,
        is_indexed=not is_retired,
        kind="product",
        image=image,
        links=(
            own_feed(model.title, visitor, model=model.name),
            Link("alternate", MARKDOWN, reverse("model-markdown", args=[model.name]), f"{model.title} (Markdown)"),
            *links_of_site(visitor),
        ),
    )
    with showing(AS_PUBLISHED):
        product = structured_data.product(
            name=model.name,
            title=model.title,
            vendor=vendor,
            description=described,
            url=head.canonical,
            image=image.url,
            sheet=sheet,
            is_retired=is_retired,
        )
    of_vendor = address(site, "/", ("vendor", model.vendor.slug), lang=short(visitor.language))
    home = address(site, "/", lang=short(visitor.language))
    path_to_it = [(_("All models"), home), (vendor, of_vendor), (model.title, head.canonical)]
    return replace(head, data=(product, structured_data.breadcrumbs(path_to_it)))


def capabilities_of(model: AIModel) -> str:
    """What a model without a description can do; empty if that is not known."""
    listed = capabilities.in_words(model.capabilities)
    return _("%(title)s: %(models)s") % {"title": _("Capabilities"), "models": listed} if listed else ""


def comparison_head(titles: Sequence[str], visitor: Visitor) -> Head:
    """The head of a comparison; there are too many of them for search engines."""
    title = _("Compare models")
    if titles:
        title = _("%(title)s: %(models)s") % {"title": title, "models": labels.join(titles)}
    return Head(title, is_indexed=False, links=links_of_site(visitor))


def links_of_site(visitor: Visitor) -> tuple[Link, ...]:
    """The feed of all changes, and what programs read."""
    return (
        Link("alternate", FEED, feed_of(visitor.language), _("Price changes (feed)")),
        Link("alternate", "text/plain", reverse("llms_txt"), "llms.txt"),
        Link("service-desc", "application/vnd.oai.openapi+json", reverse("openapi"), "OpenAPI"),
        Link("service-doc", "text/html", reverse("docs"), _("API")),
    )


def own_feed(name: str, visitor: Visitor, *, vendor: str = "", model: str = "") -> Link:
    """The feed of a vendor or a model of this name."""
    path = feed_of(visitor.language, vendor=vendor, model=model)
    return Link("alternate", FEED, path, _("Price changes of %(name)s (feed)") % {"name": name})


def author_of(model: AIModel, visitor: Visitor) -> str:
    """The name of the model's vendor in a sentence; empty if the vendor is not known: nothing is `by Other`."""
    return "" if model.vendor.slug == Vendor.OTHER else model.vendor.name_in(visitor.language)


def model_image(model: AIModel, visitor: Visitor, site: str) -> Image:
    author = author_of(model, visitor)
    alt = _("%(title)s by %(vendor)s") % {"title": model.title, "vendor": author} if author else model.title
    return Image(site + reverse("model-image", args=[model.name]), alt)


def site_image(site: str) -> Image:
    return Image(site + reverse("site-image"), _("%(site)s: models and prices") % {"site": settings.SITE_NAME})


def page_address(site: str, visitor: Visitor, name: str) -> str:
    return address(site, reverse("model-page", args=[name]), lang=short(visitor.language))
