"""The visitor of a page: the language, the public group whose prices apply, and the time."""

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from catalog.db import revision
from catalog.db.revision import Counters, version_of
from pricing.models import GroupRate
from pricing.published.audience import choose_group
from pricing.published.boundaries import last_price_boundary, parts_of_prices
from tokens.models import TokenGroup
from tokens.scope import Scope


@dataclass(frozen=True)
class Rates:
    """The rates of a group with their starts, the oldest first."""

    steps: tuple[tuple[dt.datetime, Decimal], ...]

    def at(self, moment: dt.datetime) -> Decimal:
        """The rate at that moment; 1 if none is set."""
        return next((ratio for starts_at, ratio in reversed(self.steps) if starts_at <= moment), Decimal(1))

    @property
    def moments(self) -> list[dt.datetime]:
        return [starts_at for starts_at, _ in self.steps]


@dataclass(frozen=True)
class PublicGroups:
    """The public groups, which visitors can choose from, and the chosen one."""

    groups: tuple[TokenGroup, ...]
    chosen: TokenGroup | None

    @classmethod
    def choose(cls, slug: str) -> "PublicGroups":
        """The public group of that slug; an unknown or hidden slug is answered as if none had been requested."""
        by_slug = {group.slug: group for group in TokenGroup.objects.public()}
        chosen = choose_group(list(by_slug), slug)
        return cls(tuple(by_slug[slug] for slug in sorted(by_slug)), by_slug[chosen] if chosen else None)

    @property
    def slug(self) -> str:
        return "" if self.chosen is None else self.chosen.slug

    def rates(self) -> "Rates":
        """The rates of the chosen group at all times."""
        rates = GroupRate.objects.filter(group=self.chosen).order_by("starts_at")
        return Rates(tuple(rates.values_list("starts_at", "ratio")))

    @property
    def scope(self) -> Scope:
        return Scope(groups=() if self.chosen is None else (self.chosen.pk,))


@dataclass(frozen=True)
class Visitor:
    """All that a page depends on beside its address: equal visitors get the same bytes.

    `choices` are the group and language in the address, which every link repeats.
    """

    language: str
    group: str
    choices: tuple[tuple[str, str], ...]
    revision: tuple[int, int, int]
    price_boundary: dt.datetime | None
    day: dt.date
    at: dt.datetime = field(compare=False)
    public: PublicGroups = field(compare=False)
    counters: Counters = field(compare=False)

    @classmethod
    def from_request(cls, request: HttpRequest) -> "Visitor":
        now = timezone.now()
        counters = revision.read()
        public = PublicGroups.choose(request.GET.get("group", ""))
        chosen = supported(request.GET.get("lang", ""))
        choices = {
            "group": public.slug if request.GET.get("group") == public.slug else "",
            "lang": short(chosen) if chosen else "",
        }
        return cls(
            language=chosen or language_of(request),
            group=public.slug,
            choices=tuple((name, value) for name, value in choices.items() if value),
            revision=parts_of_prices(counters),
            price_boundary=last_price_boundary(version_of(counters), at=now),
            day=now.date(),
            at=now,
            public=public,
            counters=counters,
        )

    @classmethod
    def without_data(cls, request: HttpRequest) -> "Visitor":
        """The visitor of a page that shows nothing from the database, and does not read it."""
        now, chosen = timezone.now(), supported(request.GET.get("lang", ""))
        return cls(
            language=chosen or language_of(request),
            group="",
            choices=(("lang", short(chosen)),) if chosen else (),
            revision=(0, 0, 0),
            price_boundary=None,
            day=now.date(),
            at=now,
            public=PublicGroups((), None),
            counters=Counters(),
        )

    def in_group(self, group: TokenGroup) -> "Visitor":
        """The same visitor in another public group."""
        return replace(self, group=group.slug, public=replace(self.public, chosen=group))

    def link(self, path: str, *parameters: tuple[str, str], **choices: str) -> str:
        """The address with these parameters and the visitor's choices; `choices` replace some of them."""
        query = [*parameters, *(dict(self.choices) | choices).items()]
        return f"{path}?{urlencode(query)}" if query else path


def language_of(request: HttpRequest) -> str:
    """The first supported language of Accept-Language, else English."""
    header = request.headers.get("Accept-Language", "")
    languages = (supported(code) for code, _ in parse_accept_lang_header(header))
    return next(filter(None, languages), settings.LANGUAGE_CODE)


def supported(code: str) -> str:
    """The supported language for a code: zh-hans for zh and zh-CN; empty if there is none."""
    try:
        return get_supported_language_variant(code)
    except LookupError:
        return ""


def short(language: str) -> str:
    """The code of a language in addresses: zh for zh-hans."""
    return language.partition("-")[0]
