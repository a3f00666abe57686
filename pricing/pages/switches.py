"""The switches in the header of a page: each choice of the visitor, with links to the same page with another one."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from catalog.exact import digits
from catalog.prices import MILLION
from pricing.engine.formatting import labels
from pricing.engine.formatting.languages import LANGUAGES, short
from pricing.pages.formatting import group_label
from pricing.pages.visitor import TOKENS_PER, Place, Visitor

Switch = list[Mapping[str, Any]]


def switches(visitor: Visitor, place: Place) -> Mapping[str, Any]:
    """The variables of the switches' template, and what the footer says about the choices."""
    chosen = visitor.public.chosen
    return {
        "groups": groups(visitor, place),
        "group_label": group_label(chosen.label) if chosen else "",
        "languages": languages(visitor, place),
        "currencies": currencies(visitor, place),
        "token_counts": token_counts(visitor, place),
        "conversions": conversions(visitor),
    }


def groups(visitor: Visitor, place: Place) -> Switch:
    """The public groups, each with a link to the page at its prices."""
    return [
        {
            "label": group_label(group.label),
            "link": visitor.link(place.path, *place.parameters, group=group.slug),
            "is_chosen": group.slug == visitor.group,
        }
        for group in visitor.public.groups
    ]


def languages(visitor: Visitor, place: Place) -> Switch:
    return [
        {
            "code": short(language),
            "label": label,
            "link": visitor.link(place.path, *place.parameters, lang=short(language)),
            "is_chosen": language == visitor.language,
        }
        for language, label in LANGUAGES
    ]


def currencies(visitor: Visitor, place: Place) -> Switch:
    """The currencies; the first one is that in which each price is published."""
    codes = ["", *visitor.currencies] if visitor.currencies else []
    return [
        {
            "label": code or _("As published"),
            "link": visitor.link(place.path, *place.parameters, currency=code),
            "is_chosen": code == visitor.display.currency,
        }
        for code in codes
    ]


def token_counts(visitor: Visitor, place: Place) -> Switch:
    """How many tokens prices can be for."""
    if visitor.public.chosen is None:
        return []
    return [
        {
            "label": f"{name} {labels.units('token')}",
            "link": visitor.link(place.path, *place.parameters, per="" if number == MILLION else name),
            "is_chosen": number == visitor.display.per,
        }
        for name, number in TOKENS_PER.items()
    ]


def conversions(visitor: Visitor) -> list[str]:
    """The rates that prices are converted with: 1 USD = 7.2 CNY · 2026-11-01 · ECB."""
    return [
        " · ".join(
            filter(None, [f"1 USD = {digits(rate.per_usd)} {rate.currency}", rate.as_of.isoformat(), rate.source])
        )
        for rate in visitor.display.used_rates()
    ]
