"""`/api/usage`: gateways report calls, or totals of days."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from catalog.exact import InexactError, read_json, write_json
from pricing.api.request_bodies import read_body
from pricing.newapi.ratios import JSON
from pricing.usage.events import MOST_EVENTS, Event, Taken, check_event, record_events
from pricing.usage.quantities import UsageError
from pricing.usage.reporters import is_reporter, name_of
from pricing.usage.totals import Recorded, Report, check_report, check_source, record_usage
from tokens.api.views import ApiView
from tokens.api_error import ApiError
from tokens.auth.authentication import Caller, TokenAuthentication
from tokens.http.bodies import Body, respond
from tokens.metric_counters import USAGE_EVENTS

MOST_REPORTS = 10_000
# Ten thousand events with many meters each.
MOST_MIB = 16
REFUSAL = (
    "This API key does not have permission to report usage. The operator gives it with the command allow_usage KEYID, "
    "or in the admin under Usage reporters."
)


class UsageReport(TypedDict):
    """How much one model was used on one day."""

    model: str
    day: Annotated[str, {"format": "date"}]
    requests: NotRequired[Annotated[int, {"minimum": 0}]]
    tokens: NotRequired[Annotated[int, {"minimum": 0}]]
    source: NotRequired[Annotated[str, "The part of the reporter that counted, e.g. a worker.", {"maxLength": 64}]]


class UsageEventBody(TypedDict):
    """A call of a model."""

    id: Annotated[str, "The reporter's own id of the call; each id counts once.", {"minLength": 1, "maxLength": 128}]
    key_id: Annotated[str, "The key id of the caller.", {"minLength": 1, "maxLength": 64}]
    model: Annotated[str, "The id or an alias of the model.", {"minLength": 1, "maxLength": 255}]
    at: Annotated[str, "When the call was made; at most 31 days ago.", {"format": "date-time"}]
    usage: Annotated[JSON, "As in a quote: meter -> quantity, or quantity and unit.", {"minProperties": 1}]
    group: NotRequired[
        Annotated[str | None, "The group that pays, from X-Modelbook-Group. Without it, the first group of the key."]
    ]
    request: NotRequired[Annotated[JSON | None, 'As in a quote: facts, e.g. {"service_tier": "flex"}.']]


class UsageReports(TypedDict):
    """Calls, or totals of days, or both; a call belongs in one of them."""

    events: NotRequired[Annotated[list[UsageEventBody], {"maxItems": MOST_EVENTS}]]
    reports: NotRequired[Annotated[list[UsageReport], {"maxItems": MOST_REPORTS}]]
    source: NotRequired[Annotated[str, "The source of reports without their own.", {"maxLength": 64}]]


class UsageTaken(TypedDict):
    """The result of a report."""

    success: Literal[True]
    taken: Annotated[int, "How many new events, and reports about models in the catalog, were taken."]
    repeated: NotRequired[Annotated[int, "How many events were reported before; they count once."]]
    conflicts: NotRequired[
        Annotated[list[str], "Ids of events that were reported before with other content; the first one counts."]
    ]
    unpriced: NotRequired[Annotated[int, "How many of the new events have no known cost."]]
    unknown: Annotated[list[str], "Models that are not in the catalog; their usage is stored by name."]
    unknown_keys: NotRequired[Annotated[list[str], "Key ids of no token; their events are stored."]]


FIELDS = tuple(UsageReports.__annotations__)


class UsageView(ApiView):
    """Accepts usage of keys that may report it; all of a request is stored, or nothing."""

    authentication_classes = [TokenAuthentication]
    http_method_names = ["post", "options"]
    is_read_only = False

    def post(self, request: Request) -> HttpResponse:
        caller = cast("Caller", request.auth)
        if not is_reporter(caller.token):
            raise ApiError("permission_denied", REFUSAL)
        now = timezone.now()
        try:
            events, reports = _read(read_body(request, most_mib=MOST_MIB), now=now)
            body = _record(caller, events, reports, now=now)
        except (InexactError, UsageError) as error:
            raise ApiError("invalid_parameter", str(error)) from None
        return respond(request._request, Body.of(write_json(body)), cache_control="no-store")


def _read(document: bytes, *, now: dt.datetime) -> tuple[Sequence[Event] | None, Sequence[Report] | None]:
    """The events and reports in a body; None if it has no such list."""
    body = read_json(document)
    if isinstance(body, list):
        body = {"reports": body}
    if not isinstance(body, dict) or not body.keys() & {"events", "reports"}:
        raise UsageError("The body must be an object with a list of events or of reports.")
    if unknown := sorted(body.keys() - set(FIELDS)):
        raise UsageError(f"There is no field {unknown[0][:80]!r}. The fields are {', '.join(FIELDS)}.")
    source = check_source(body.get("source", ""))
    events, reports = _list(body, "events", MOST_EVENTS), _list(body, "reports", MOST_REPORTS)
    return (
        None if events is None else [check_event(values, at=now) for values in events],
        None if reports is None else [_report(values, source) for values in reports],
    )


def _list(body: dict[str, Any], name: str, most: int) -> list[Any] | None:
    values = body.get(name)
    if name in body and (not isinstance(values, list) or len(values) > most):
        raise UsageError(f"{name} must be a list of at most {most:,} {name}.")
    return values


def _report(values: Any, source: str) -> Report:
    if not isinstance(values, dict):
        raise UsageError("A report must be an object with model, day, requests and tokens.")
    return check_report(values, source=source)


def _record(
    caller: Caller, events: Sequence[Event] | None, reports: Sequence[Report] | None, *, now: dt.datetime
) -> UsageTaken:
    reporter = name_of(caller.token)
    recorded, taken = Recorded(0, ()), Taken()
    if reports is not None:
        recorded = record_usage(reports, reporter=reporter, today=now.date())
    if events is not None:
        taken = record_events(events, reporter=caller.token, reporter_name=reporter, at=now)
    body: UsageTaken = {
        "success": True,
        "taken": recorded.taken + taken.taken,
        "unknown": sorted({*recorded.unknown, *taken.unknown}),
    }
    if events is not None:
        _count(taken)
        body |= {
            "repeated": taken.repeated,
            "conflicts": [*taken.conflicts],
            "unpriced": taken.unpriced,
            "unknown_keys": [*taken.unknown_keys],
        }
    return body


def _count(taken: Taken) -> None:
    numbers = {"taken": taken.taken, "repeated": taken.repeated, "unpriced": taken.unpriced}
    for outcome, number in (numbers | {"conflict": len(taken.conflicts)}).items():
        USAGE_EVENTS.labels(outcome).inc(number)
