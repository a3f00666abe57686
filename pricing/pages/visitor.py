"""The visitor of a page: the language, the public group whose prices apply, how prices are displayed, and the time."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation.trans_real import parse_accept_lang_header

from catalog.caches import process_cache
from catalog.db import revision
from catalog.db.revision import Counters, version_of
from catalog.prices import MILLION
from pricing.engine.conditions import zone
from pricing.engine.formatting.display import AS_PUBLISHED, DOLLAR, THOUSAND, Display, Rate, showing
from pricing.engine.formatting.languages import language_named, short
from pricing.models import CurrencyRate, GroupRate
from pricing.published.audience import choose_group
from pricing.published.boundaries import last_price_boundary, parts_of_prices
from tokens.models import TokenGroup
from tokens.scope import Scope

# The currencies that can always be chosen: vendors publish official prices in both.
OFFICIAL = (DOLLAR, "CNY")
# Values of `per` in an address -> how many tokens prices are for. The first one is the default.
TOKENS_PER = {"1M": MILLION, "1K": THOUSAND}
# The columns of the list that are shown only on request, in their order.
EXTRA_COLUMNS = ("cached", "max_output", "released", "knowledge", "weights")
# Between the names of columns in an address: no sign that has to be quoted there.
COLUMN_SEPARATOR = "."
# States of the rates in memory.
CACHED_RATES = 8


@process_cache(maxsize=CACHED_RATES)
def known_rates(_revision: tuple[int, int, int], day: dt.date) -> tuple[Rate, ...]:
    """The rates of all currencies on that day, in the order of their codes."""
    on_file = CurrencyRate.objects.on_file(on=day)
    return tuple(Rate(code, rate.per_usd, rate.as_of, rate.source) for code, rate in sorted(on_file.items()))


def chosen_currency(code: str, rates: tuple[Rate, ...]) -> str:
    """The currency of that code; empty if prices cannot be shown in it."""
    return code if code in OFFICIAL or any(rate.currency == code for rate in rates) else ""


def chosen_columns(values: list[str]) -> tuple[str, ...]:
    """The columns that the values of `cols` name, from an address or from the boxes of a form, in their own order."""
    names = {name for value in values for name in value.split(COLUMN_SEPARATOR)}
    return tuple(name for name in EXTRA_COLUMNS if name in names)


@dataclass(frozen=True)
class Place:
    """The address of a page: its path and its own parameters, without the visitor's choices."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()


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
    """The public groups, which visitors can choose from, and the chosen one.

    `usual` is that of visitors who choose none.
    """

    groups: tuple[TokenGroup, ...]
    chosen: TokenGroup | None
    usual: TokenGroup | None = None

    @classmethod
    def choose(cls, slug: str) -> "PublicGroups":
        """The public group of that slug; an unknown or hidden slug is answered as if none had been requested."""
        by_slug = {group.slug: group for group in TokenGroup.objects.public()}
        chosen, usual = (choose_group(list(by_slug), name) for name in (slug, ""))
        groups = tuple(by_slug[slug] for slug in sorted(by_slug))
        return cls(groups, by_slug[chosen] if chosen else None, by_slug[usual] if usual else None)

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

    `choices` are the group, language, currency, number of tokens and columns in the address, which every link repeats;
    `display` follows from them, from the revision and from the day.
    """

    language: str
    group: str
    choices: tuple[tuple[str, str], ...]
    revision: tuple[int, int, int]
    price_boundary: dt.datetime | None
    # In UTC, as the catalog counts days.
    day: dt.date
    # In the time zone of the pages, for people.
    local_day: dt.date
    at: dt.datetime = field(compare=False)
    public: PublicGroups = field(compare=False)
    counters: Counters = field(compare=False)
    display: Display = field(default=AS_PUBLISHED, compare=False)
    # Some of EXTRA_COLUMNS.
    columns: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_request(cls, request: HttpRequest) -> "Visitor":
        now = timezone.now()
        counters = revision.read()
        public = PublicGroups.choose(request.GET.get("group", ""))
        chosen = language_named(request.GET.get("lang", ""))
        prices = parts_of_prices(counters)
        code = request.GET.get("currency", "").upper()
        rates = known_rates(prices, now.date()) if code else ()
        display = Display(
            chosen_currency(code, rates), TOKENS_PER.get(request.GET.get("per", "").upper(), MILLION), rates
        )
        columns = chosen_columns(request.GET.getlist("cols"))
        choices = {
            "group": public.slug if request.GET.get("group") == public.slug else "",
            "lang": short(chosen) if chosen else "",
            "currency": display.currency,
            "cols": COLUMN_SEPARATOR.join(columns),
            "per": "" if display.per == MILLION else next(name for name, n in TOKENS_PER.items() if n == display.per),
        }
        return cls(
            language=chosen or language_of(request),
            group=public.slug,
            choices=tuple((name, value) for name, value in choices.items() if value),
            revision=prices,
            price_boundary=last_price_boundary(version_of(counters), at=now),
            day=now.date(),
            local_day=now.astimezone(zone(settings.PAGES_TIME_ZONE)).date(),
            at=now,
            public=public,
            counters=counters,
            display=display,
            columns=columns,
        )

    @classmethod
    def without_data(cls, request: HttpRequest) -> "Visitor":
        """The visitor of a page that shows nothing from the database, and does not read it."""
        now, chosen = timezone.now(), language_named(request.GET.get("lang", ""))
        return cls(
            language=chosen or language_of(request),
            group="",
            choices=(("lang", short(chosen)),) if chosen else (),
            revision=(0, 0, 0),
            price_boundary=None,
            day=now.date(),
            local_day=now.astimezone(zone(settings.PAGES_TIME_ZONE)).date(),
            at=now,
            public=PublicGroups((), None),
            counters=Counters(),
        )

    def in_group(self, group: TokenGroup) -> "Visitor":
        """The same visitor in another public group."""
        return replace(self, group=group.slug, public=replace(self.public, chosen=group))

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies to choose from; none if no rate is known, because every price then stays in its own."""
        rates = known_rates(self.revision, self.day) if self.public.chosen else ()
        return tuple(dict.fromkeys([*OFFICIAL, *(rate.currency for rate in rates)])) if rates else ()

    @contextmanager
    def active(self) -> Iterator[None]:
        """Writes texts in the visitor's language, prices as the visitor wants them, and times as the site does."""
        zone_of_site = timezone.override(settings.PAGES_TIME_ZONE)
        with translation.override(self.language), zone_of_site, showing(self.display):
            yield

    def link(self, path: str, *parameters: tuple[str, str], **choices: str) -> str:
        """The address with these parameters and the visitor's choices; an empty one of `choices` removes it."""
        query = [*parameters, *((name, value) for name, value in (dict(self.choices) | choices).items() if value)]
        return f"{path}?{urlencode(query)}" if query else path


def language_of(request: HttpRequest) -> str:
    """The first supported language of Accept-Language, else the language of the site."""
    header = request.headers.get("Accept-Language", "").replace("_", "-")
    languages = (language_named(code) for code, _ in parse_accept_lang_header(header))
    return next(filter(None, languages), settings.DEFAULT_LANGUAGE)
