"""Tokens: a shop issues, limits, rotates and revokes the keys of its customers, and asks what they see and use."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import django_filters
from django.core.exceptions import ValidationError as ModelError
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.exact import digits
from catalog.models import AIModel
from pricing.admin_api.fields import Exact, Moment, Names
from pricing.admin_api.filters import RowFilters, read_moment
from pricing.admin_api.openapi import tokens as documents
from pricing.admin_api.pages import invalid_parameter
from pricing.admin_api.resource import Resource
from pricing.admin_api.resources.bodies import Nothing, Rotation, asked, read_body, refuse_unknown
from pricing.admin_api.serializers import RowSerializer
from pricing.admin_api.writes import Outcome
from pricing.usage.of_tokens import DayUsage, calls_of_token, spending_of_token
from tokens.access.charging import groups_by_model, in_order_of
from tokens.access.many_scopes import ManyScopes
from tokens.api.budgets import spending_of
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.explaining import Request as Explained
from tokens.auth.explaining import explain_key, survey
from tokens.auth.key_lookup import find_keys
from tokens.auth.sight import sight_of
from tokens.budgets import PERIODS, TOTAL
from tokens.dialects import BY_NAME
from tokens.durations import parse_duration, parse_moment
from tokens.models import STATES, KeyReplacedError, Token
from tokens.models.budgets import TERMS
from tokens.models.metadata import with_metadata
from tokens.operators.problems import ProblemError
from tokens.operators.tokens import Terms, change, end_replaced_key, issue, revoke
from tokens.patterns.typed import fold_pattern
from tokens.timestamps import YEARS, format_timestamp

# A filter by an entry of the metadata: metadata.customer=42, or as django-filter and OpenAPI write it.
METADATA_NAME = "metadata"
METADATA = re.compile(r"metadata(?:\.|__|\[)(?P<name>[A-Za-z0-9_.-]{1,40}?)\]?")
STATE_NAMES = [state.replace(" ", "_") for state in ("valid", *STATES.values())]
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# How long a time the usage of a token covers, without `from`.
USAGE_DAYS = dt.timedelta(days=30)


class Patterns(Names):
    """Patterns of models, one a text."""

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
            raise serializers.ValidationError("This is not a list of patterns.", code="invalid")
        return [fold_pattern(self.child.to_internal_value(text)) for text in data]


class Validity(Moment):
    """A moment, or a duration from now on: 30d, 2027-01-31 or 2027-01-31T12:00:00Z."""

    def to_internal_value(self, data: Any) -> dt.datetime:
        try:
            if isinstance(data, str):
                return parse_moment(data, now=timezone.now()).astimezone(dt.UTC)
        except (ValueError, OverflowError) as error:
            raise serializers.ValidationError(str(error), code="invalid") from None
        return super().to_internal_value(data)


BUDGET = {
    "type": "object",
    "properties": {
        "amount": {"type": "string", "format": "decimal", "description": "With all its digits; 0 refuses all calls."},
        "currency": {"type": "string", "description": "ISO 4217; USD without it."},
        "period": {"type": "string", "enum": [*PERIODS], "description": "total, which never resets, without it."},
    },
    "additionalProperties": False,
}


class BudgetTerms(serializers.Serializer[Any]):
    """What the calls of a key may cost in a period, by the calendar in UTC."""

    amount = Exact()
    currency = serializers.CharField(default="USD")
    period = serializers.ChoiceField(choices=PERIODS, default=TOTAL)


@extend_schema_field(BUDGET)
class BudgetField(serializers.Field[Any, Any, Any, Any]):
    """Three columns as one object; null: no budget. Members that are left out stay unchanged."""

    def __init__(self, **options: Any) -> None:
        super().__init__(source="*", allow_null=True, required=False, **options)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        row = getattr(self.parent, "instance", None)
        if data is None:
            columns: list[Any] = [Token._meta.get_field(name) for name in TERMS]
            return {column.name: column.get_default() for column in columns}
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("This must be an object with an amount, or null.", code="invalid")
        refuse_unknown(data, BudgetTerms().fields)
        for name in ("currency", "period"):
            if name in data and not isinstance(data[name], str):
                raise serializers.ValidationError({name: "This is not a valid text."}, code="invalid")
        has_budget = row is not None and row.budget_amount is not None
        terms = BudgetTerms(data=dict(data), partial=has_budget)
        terms.is_valid(raise_exception=True)
        return {f"budget_{name}": value for name, value in terms.validated_data.items()}

    def to_representation(self, value: Token) -> dict[str, str] | None:
        if value.budget_amount is None:
            return None
        amount = digits(value.budget_amount)
        return {"amount": amount, "currency": value.budget_currency, "period": value.budget_period}


class TokenSerializer(RowSerializer):
    masked = serializers.CharField(read_only=True, help_text="The part of the key that may be shown.")
    state = serializers.SerializerMethodField(help_text="Whether the key is accepted: valid, disabled, …")
    allow = Patterns(required=False, allow_null=True, help_text="null: all models of its groups; []: none.")
    deny = Patterns(required=False)
    starts_at = Validity(required=False, allow_null=True)
    expires_at = Validity(required=False, allow_null=True)
    budget = BudgetField(help_text="null: no budget.")
    spent = serializers.SerializerMethodField(help_text="In this period, in the currency of the budget.")
    left = serializers.SerializerMethodField(help_text="What may still be spent in this period.")
    resets_at = serializers.SerializerMethodField(help_text="When the period ends; null if it never does.")
    uncounted = serializers.SerializerMethodField(help_text="Calls of this period whose cost is not known.")
    replaced_keys = serializers.SerializerMethodField(help_text="Keys that rotations have replaced, the newest first.")

    class Meta:
        model = Token
        fields: tuple[str, ...] = (
            "key_id", "masked", "name", "enabled", "state", "groups", "uses_auto_groups", "first_group", "allow",
            "deny", "networks", "starts_at", "expires_at", "rate_limit", "budget", "spent", "left", "resets_at",
            "uncounted", "is_over_budget", "note", "metadata", "created_at", "updated_at", "last_used_at",
            "replaced_keys",
        )  # fmt: skip
        read_only_fields = ("key_id", "created_at", "updated_at", "last_used_at")
        harmless_fields = ("name", "networks", "rate_limit", "budget", "is_over_budget", "note", "metadata")
        volatile_fields = ("state", "spent", "left", "resets_at", "uncounted", "last_used_at", "replaced_keys")

    def get_state(self, token: Token) -> str:
        state = token.state(at=timezone.now())
        return state.replace(" ", "_") if state in STATES.values() else "valid"

    def get_spent(self, token: Token) -> str | None:
        return spending_of(token, at=timezone.now())["spent"]

    def get_left(self, token: Token) -> str | None:
        return spending_of(token, at=timezone.now())["left"]

    def get_resets_at(self, token: Token) -> str | None:
        return spending_of(token, at=timezone.now())["resets_at"]

    def get_uncounted(self, token: Token) -> int | None:
        return spending_of(token, at=timezone.now())["uncounted"]

    def get_replaced_keys(self, token: Token) -> list[dict[str, Any]]:
        replaced = sorted(token.retired_keys.all(), key=lambda key: key.pk, reverse=True)
        return [
            {"key_id": key.key_id, "valid_until": format_timestamp(key.valid_until), "uses_after": key.refused_uses}
            for key in replaced
        ]

    def validate_expiry(self, moment: dt.datetime | None) -> None:
        """Refuses an expiry that is past, as the commands do; one that the token has stays valid."""
        stored = self.instance.expires_at if self.instance else None
        if moment is not None and moment != stored and moment <= timezone.now():
            message = f"{format_timestamp(moment)!r} is not in the future. Write a later time."
            raise serializers.ValidationError({"expires_at": message}, code="invalid")

    def store(self) -> Token:
        """Issues or changes the token by the rules of the commands and of the admin."""
        self.is_valid(raise_exception=True)
        fields = dict(self.validated_data)
        self.validate_expiry(fields.get("expires_at"))
        terms, actor = Terms(fields, fields.pop("groups", None)), self.context["request"].user
        token: Any = self.instance
        try:
            if token is None:
                token, key = issue(terms, actor=actor)
                token.new_secret = key
            else:
                change(token, terms, actor=actor)
        except ModelError as error:
            raise ModelError({_api_name(name): errors for name, errors in _by_field(error).items()}) from None
        except ValueError as error:
            raise serializers.ValidationError({"groups": str(error)}, code="does_not_exist") from None
        return cast("Token", token)


def _by_field(error: ModelError) -> Mapping[str, Any]:
    return error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}


def _api_name(column: str) -> str:
    return column.replace("_", ".", 1) if column in TERMS else column


class TokenFilters(RowFilters):
    key_id = django_filters.CharFilter(method="having_key_id", help_text="A key id, current or replaced.")
    group = django_filters.CharFilter(field_name="groups__slug", help_text="The name of one of its groups.")
    state = django_filters.ChoiceFilter(choices=[(name, name) for name in STATE_NAMES], method="in_state")
    expiring = django_filters.CharFilter(method="expiring_within", help_text="Expires within a duration, e.g. 30d.")

    class Meta(RowFilters.Meta):
        model = Token
        fields = {"name": ["exact", "icontains"], "enabled": ["exact"], "is_over_budget": ["exact"]}

    def having_key_id(self, rows: Any, name: str, value: str) -> Any:
        return rows.with_key_id(value)

    def in_state(self, rows: Any, name: str, value: str) -> Any:
        return rows.in_state(value.replace("_", " "), at=timezone.now())

    def expiring_within(self, rows: Any, name: str, value: str) -> Any:
        try:
            within = parse_duration(value)
        except ValueError as error:
            raise invalid_parameter(name, str(error)) from None
        return rows.expiring(at=timezone.now(), within=within)


OF_EXPLANATIONS = [
    asked("model", "The id or an alias of the model, as clients send it. Without it, only the key is checked."),
    asked("address", "Also check this client address against the networks of the token."),
    asked("call", "Also check the kind of call: the address of the call, e.g. /v1/chat/completions."),
    asked("dialect", "Also check the lists of a client.", enum=sorted(BY_NAME)),
    asked("at", "Check for this moment. Without it: now.", OpenApiTypes.DATETIME),
]
OF_USAGE = [
    asked("from", "The first day (UTC). Without it: 30 days before the last one.", OpenApiTypes.DATE),
    asked("to", "The last day (UTC). Without it: today.", OpenApiTypes.DATE),
]
OF_LISTS = [
    OpenApiParameter(
        "metadata",
        {"type": "object", "additionalProperties": {"type": "string"}},
        style="deepObject",
        explode=True,
        description="Only tokens with this entry of their metadata: metadata[customer]=42 or metadata.customer=42.",
    )
]


@extend_schema_view(list=extend_schema(parameters=OF_LISTS))
class Tokens(Resource):
    """The keys of customers. `metadata.NAME=VALUE` selects those with this entry of their metadata."""

    address = "tokens"
    queryset = Token.objects.prefetch_related("retired_keys")
    serializer_class = TokenSerializer
    lookup_field = "key_id"
    filterset_class = TokenFilters
    ordering = ("name", "key_id", "created_at", "updated_at", "starts_at", "expires_at", "last_used_at")
    permissions = {"rotate": "change", "revoke": "change", "models": "view", "explain": "view", "usage": "view"}
    parameters = {
        "explain": ("model", "address", "call", "dialect", "at"),
        "usage": ("from", "to"),
    }
    secrets = ("key",)
    examples = {
        "create": {
            "name": "Acme production",
            "groups": ["default"],
            "allow": ["vendor:openai", "claude-*"],
            "rate_limit": "60/minute",
            "budget": {"amount": "25.00", "currency": "USD", "period": "month"},
            "expires_at": "90d",
            "metadata": {"customer": "4711"},
        }
    }
    takes = {"rotate": documents.Rotation}
    gives = {
        "rotate": documents.RotatedToken,
        "models": documents.TokenModels,
        "explain": documents.TokenExplanation,
        "usage": documents.TokenUsage,
    }
    adds = dict.fromkeys(("create", "batch", "update", "revoke"), documents.IssuedToken)
    # What a key loses that is revoked is lost on purpose.
    takes_nothing = ("create", "rotate", "revoke")

    def find(self, key: Any) -> Token | None:
        """Also by the id of a key that a rotation has replaced: callers store the id that they were given."""
        if not isinstance(key, str) or "\x00" in key:
            return None
        token: Token | None = self.get_queryset().with_key_id(key).first()
        return token

    def filter_queryset(self, queryset: Any) -> Any:
        rows = super().filter_queryset(queryset)
        for parameter, value in self.request.query_params.dict().items():
            if match := METADATA.fullmatch(parameter):
                rows = with_metadata(rows, match["name"], value)
        return rows

    def parameters_of_method(self) -> Sequence[str]:
        accepted = super().parameters_of_method()
        if self.action != "list":
            return accepted
        return [*accepted, METADATA_NAME, *filter(METADATA.fullmatch, self.request.query_params)]

    def check_parameters(self, request: Request) -> None:
        super().check_parameters(request)
        if METADATA_NAME in request.query_params:
            raise invalid_parameter(METADATA_NAME, "Name an entry of the metadata: metadata.customer=42.")

    def represent(self, row: Any) -> dict[str, Any]:
        """The row with what its key sees and, if it is new, with its key."""
        sight = sight_of(scope_of(row_of(row)), at=self._many.at, many=self._many)
        return {**super().represent(row), "sees": sight.as_json()}

    @cached_property
    def _many(self) -> ManyScopes:
        """The catalog, which no change of a token changes."""
        return ManyScopes(at=timezone.now())

    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, key_id: str) -> HttpResponse:
        """Gives the token a new key; the old one stays valid for the grace period (24h; 0 ends all earlier keys)."""

        grace = _read_grace(read_body(Rotation, request.data)["grace"])

        def perform() -> Outcome:
            now, token = timezone.now(), self.get_object()
            self._check_sent_version(token)
            try:
                key = token.rotate(grace=grace, at=now, replacing=key_id)
            except KeyReplacedError as error:
                raise ProblemError("conflict", f"{error} It is {token.key_id}. Nothing was changed.") from None
            ended = {"previous_key_id": key_id, "previous_key_ends_at": format_timestamp(now + grace)}
            return Outcome({"key_id": token.key_id, "key": key, **ended})

        return self.write(perform)

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, key_id: str) -> HttpResponse:
        """Refuses all keys of the token from now on; with the id of a replaced key, only that key."""

        read_body(Nothing, request.data)

        def perform() -> Outcome:
            token = self.get_object()
            self._check_sent_version(token)
            if token.key_id == key_id:
                revoke(token)
            else:
                end_replaced_key(token, key_id, at=timezone.now())
            return Outcome(self.represent(token))

        return self.write(perform)

    @action(detail=True)
    def models(self, request: Request, key_id: str) -> Response:
        """The models that the key sees, whether it may call them, and the groups that reach them; the first pays."""
        token, now = self.get_object(), timezone.now()
        scope = scope_of(row_of(token))
        names = {each.name: each for each in survey(scope, at=now) if each.visible}
        keys = dict(AIModel.objects.filter(status=AIModel.Status.PUBLISHED).values_list("name", "pk"))
        reaching = groups_by_model(keys.values(), groups=scope.groups)
        spent = {group for group, budget in scope.group_budgets if budget.is_spent(at=now)}
        rows = []
        for name, explanation in names.items():
            groups = in_order_of(scope.groups, reaching.get(keys.get(name, 0), {}), at=now)
            paying = next(iter(groups), None)
            rows.append(
                {
                    "id": name,
                    "listed_as": list(explanation.list_names),
                    "callable": explanation.callable and paying not in spent,
                    "group": groups.get(paying) if paying else None,
                    "groups": list(groups.values()),
                }
            )
        return Response({"key_id": token.key_id, "results": rows, "next": None})

    @extend_schema(parameters=OF_EXPLANATIONS)
    @action(detail=True)
    def explain(self, request: Request, key_id: str) -> Response:
        """Why the key can see and call a model or not, as `explain_token --format json` says it."""
        token, asked = self.get_object(), request.query_params
        matches = find_keys(key_id, Token.objects.filter(pk=token.pk)).matches
        match = next(match for match in matches if match.shown_key_id == key_id)
        dialect = asked.get("dialect", "")
        if dialect and dialect not in BY_NAME:
            raise invalid_parameter("dialect", f"dialect must be one of {', '.join(sorted(BY_NAME))}.")
        question = Explained(asked.get("model"), asked.get("address", ""), asked.get("call", ""), dialect)
        at = read_moment("at", asked["at"]) if "at" in asked else timezone.now()
        return Response(explain_key(match, question, at=at).as_json())

    @extend_schema(parameters=OF_USAGE)
    @action(detail=True)
    def usage(self, request: Request, key_id: str) -> Response:
        """What the calls of the token used and cost, by model and day; `to` is the last day (UTC)."""
        token = self.get_object()
        last = _read_day(request, "to") or timezone.now().date()
        first = _read_day(request, "from") or last - USAGE_DAYS
        if first > last:
            raise invalid_parameter("from", "from must not be after to.")
        calls = list(calls_of_token(token, since=first, until=last))
        days = list(spending_of_token(token, since=first, until=last))
        return Response(
            {
                "key_id": token.key_id,
                "from": first.isoformat(),
                "to": last.isoformat(),
                "results": [{"model": each.model, **_usage_as_json(each)} for each in calls],
                "days": [_usage_as_json(each) for each in days],
                "next": None,
            }
        )

    def _check_sent_version(self, token: Token) -> None:
        """An action needs no If-Match, but respects it."""
        if "If-Match" in self.request.headers:
            self.check_precondition(self.get_serializer(token))


def _read_grace(text: str) -> dt.timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise serializers.ValidationError({"grace": str(error)}, code="invalid") from None


def _read_day(request: Request, name: str) -> dt.date | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        day = dt.date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise invalid_parameter(name, f"{name} must be a date such as 2026-01-31, from {YEARS[0]} to {YEARS[-1]}.")
    return day


def _usage_as_json(usage: DayUsage) -> dict[str, Any]:
    return {
        "day": usage.day.isoformat(),
        "calls": usage.calls,
        "cost": None if usage.cost is None else digits(usage.cost),
        "currency": usage.currency or None,
        "uncounted": usage.uncounted,
    }
