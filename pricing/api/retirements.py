"""Retirements over HTTP: of the models of a key, or of those on the public price list, as JSON or as a calendar."""

import datetime as dt
from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from pricing.api.views import PriceView
from pricing.retirements import calendar, documents
from pricing.retirements.finding import WITHIN, retirements_of
from tokens.access.filters import ALL, PARAMETERS, Filters
from tokens.api_error import ApiError
from tokens.durations import parse_duration
from tokens.http.bodies import respond
from tokens.http.negotiation import own_address

CALENDAR = "text/calendar; charset=utf-8"


class RetirementsView(PriceView):
    """Models with a date within the horizon, deprecated ones, and those that have just retired."""

    parameters = ("within", *PARAMETERS)
    is_calendar = False

    def get(self, request: Request) -> HttpResponse:
        now, within = timezone.now(), _within(request._request)
        filters = Filters.read(request.query_params)
        reader, site = self.reader(request), own_address(request._request)
        listing = replace(reader.listing(now), filters=filters)

        def render() -> bytes:
            retirements = retirements_of(listing, within=within)
            if self.is_calendar:
                return calendar.render(retirements, domain=settings.API_DOMAIN, site=site)
            return documents.render(retirements, on=now.date(), within=within)

        body = reader.body(
            "calendar" if self.is_calendar else "retirements",
            now.date(),
            within,
            filters,
            site if self.is_calendar else "",
            render=render,
            at=now,
            is_stored=within == WITHIN and filters == ALL,
        )
        response = respond(request._request, body, cache_control=reader.cache_control)
        if self.is_calendar and response.has_header("Content-Type"):
            response["Content-Type"] = CALENDAR
            response["Content-Disposition"] = 'inline; filename="retirements.ics"'
        return response


class RetirementsCalendarView(RetirementsView):
    """The same as a calendar, which programs subscribe to by its address: with a key, `?key=`."""

    is_calendar = True


def _within(request: HttpRequest) -> dt.timedelta:
    """The horizon in whole days; ApiError if it is not valid."""
    text = request.GET.get("within")
    if text is None:
        return WITHIN
    try:
        return dt.timedelta(days=parse_duration(text).days)
    except ValueError as error:
        raise ApiError("invalid_parameter", f"within: {error}", param="within") from None
