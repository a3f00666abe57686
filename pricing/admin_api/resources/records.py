"""What is only read: the audit trail, health checks, and reported usage."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.http import HttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.audit.changes import changes_of
from catalog.models import AuditEntry
from pricing.admin_api.filters import CREATED_SINCE, UPDATED_SINCE, RowFilters, read_moment
from pricing.admin_api.pages import invalid_parameter, read_limit, read_ordering
from pricing.admin_api.resource import OF_METHODS, READS, Resource, choose
from pricing.admin_api.serializers import ETAG, RowSerializer, etag_of
from pricing.curation.checks.rules import Rule
from pricing.curation.health_checks import as_json, rules_for, run_checks_for
from pricing.models import UsageCount
from tokens.operators.problems import ProblemError


class EntrySerializer(RowSerializer):
    changes = serializers.SerializerMethodField(help_text="Field -> old and new value, as texts.")

    class Meta:
        model = AuditEntry
        fields = (
            "id", "at", "actor", "action", "kind", "object_key", "name", "reason", "detail", "changes", "request_id",
            "address", "run", "previous_key_id",
        )  # fmt: skip
        read_only_fields = fields

    def get_changes(self, entry: AuditEntry) -> dict[str, list[str]]:
        changes = self.context["view"].changes.get(entry.pk, [])
        return {change.field: [change.old, change.new] for change in changes}


class EntryFilters(RowFilters):
    since = django_filters.CharFilter(method="by_time", help_text="Entries of this moment and later ones.")
    until = django_filters.CharFilter(method="by_time", help_text="Entries before this moment.")

    class Meta(RowFilters.Meta):
        model = AuditEntry
        fields = {
            "actor": ["exact", "icontains"],
            "action": ["exact", "in"],
            "kind": ["exact", "in"],
            "object_key": ["exact"],
            "name": ["exact", "icontains"],
            "run": ["exact"],
            "request_id": ["exact"],
            "previous_key_id": ["exact"],
        }

    def by_time(self, rows: Any, name: str, value: str) -> Any:
        moment = read_moment(name, value)
        return rows.filter(at__gte=moment) if name == "since" else rows.filter(at__lt=moment)


class History(Resource):
    """The audit trail: who did what to which object, when and why."""

    address = "history"
    queryset = AuditEntry.objects.all()
    serializer_class = EntrySerializer
    lookup_field = "pk"
    lookup_value_converter = "int"
    methods = READS
    filterset_class = EntryFilters
    ordering = ("-id", "id", "at")
    changes: dict[int, Any] = {}

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page of entries, with their old and new values."""
        entries = super().paginate_queryset(queryset) or []
        self.changes = changes_of(entries)
        return entries

    def get_object(self) -> Any:
        entry = super().get_object()
        self.changes = changes_of([entry])
        return entry


class UsageSerializer(RowSerializer):
    class Meta:
        model = UsageCount
        fields = ("id", "model", "name", "day", "reporter", "source", "requests", "tokens")
        read_only_fields = fields


class Usage(Resource):
    """The daily totals that gateways report. Programs report them at /api/usage."""

    address = "usage"
    queryset = UsageCount.objects.all()
    serializer_class = UsageSerializer
    lookup_field = "pk"
    lookup_value_converter = "int"
    methods = READS
    filters = {
        "model": ["exact", "in"],
        "name": ["exact", "icontains"],
        "day": ["exact", "gte", "lte"],
        "reporter": ["exact"],
        "source": ["exact"],
    }
    ordering = ("-day", "day", "name", "requests", "tokens", "id")


class FindingSerializer(serializers.Serializer[Any]):
    row = serializers.CharField(help_text="The name of the row.")
    kind = serializers.CharField(help_text="Its table, e.g. catalog.AIModel.")
    problem = serializers.CharField(help_text="What is wrong with it.")


class RuleSerializer(serializers.Serializer[Any]):
    """A rule of the health checks, and what it has found."""

    rule = serializers.CharField(help_text="The name of the rule.")
    title = serializers.CharField()
    remedy = serializers.CharField(help_text="What to do about it.")
    findings = FindingSerializer(many=True)
    etag = serializers.CharField(help_text="Changes with the findings.")


class HealthChecks(Resource):
    """The problems that `check_catalog` finds, as far as the operator may see the rows that they are about."""

    address = "health-checks"
    serializer_class = RuleSerializer
    lookup_field = "rule"
    methods = READS
    noun = "health check"
    # drf-spectacular asks for a table.
    queryset = AuditEntry.objects.none()
    ordering = ("rule",)
    # Each rule has tables of its own.
    permission_classes = [IsAuthenticated]

    def parameters_of_method(self) -> Sequence[str]:
        return OF_METHODS[str(self.action)]

    def list(self, request: Request) -> HttpResponse:
        """The rules that have found something."""
        names, limit = self._chosen_fields(), read_limit(request.query_params.get("limit"))
        order, _ = read_ordering(request.query_params.get("ordering", "rule"), self.ordering)
        rules = sorted(rules_for(request.user), key=lambda rule: rule.name, reverse=order.is_descending)
        if cursor := request.query_params.get("cursor"):
            places = [place for place, rule in enumerate(rules, start=1) if rule.name == cursor]
            if not places:
                raise invalid_parameter("cursor", "cursor is not a cursor of this list: use `next` of a response.")
            rules = rules[places[0] :]
        rows = self._check(rules if self._are_wanted() else [])
        more = rows[limit - 1]["rule"] if len(rows) > limit else None
        body = {"results": [choose(row, names) for row in rows[:limit]], "next": more}
        return self._unless_known(Response(body), etag_of(body))

    def retrieve(self, request: Request, rule: str = "", **_: Any) -> HttpResponse:
        """One rule, whether it has found something or not."""
        names = self._chosen_fields()
        rules = [each for each in rules_for(request.user) if each.name == rule]
        if not rules:
            raise ProblemError("not_found", f"There is no rule {rule[:80]}.")
        row = (self._check(rules) or [with_etag(as_json(rules[0], []))])[0]
        return self._unless_known(Response(choose(row, names)), row[ETAG])

    def _check(self, rules: Sequence[Rule]) -> Sequence[dict[str, Any]]:
        found = run_checks_for(self.request.user, rules, at=timezone.now())
        return [with_etag(as_json(rule, findings)) for rule, findings in found]

    def _are_wanted(self) -> bool:
        """Whether created_since and updated_since include the request, which makes them all."""
        texts = {name: self.request.query_params.get(name) for name in (CREATED_SINCE, UPDATED_SINCE)}
        return all(read_moment(name, text) <= timezone.now() for name, text in texts.items() if text is not None)


def with_etag(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, ETAG: etag_of(row)}
