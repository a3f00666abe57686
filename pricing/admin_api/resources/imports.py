"""Sources and import runs: a pipeline plans the import of a document, applies it and rolls it back."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.error_messages import InputError, NotPermittedError
from catalog.imports.fetching import Fetched, FetchError, fetch, without_secrets
from catalog.imports.run_reports import without_names, without_prices
from catalog.models import ImportRun, Source
from catalog.names.groups import LONGEST_NAME
from catalog.names.typed_lists import split_all
from catalog.operators.permissions import (
    may_apply_imports,
    may_automate,
    may_see_prices,
    may_set_prices,
    may_view_all,
)
from catalog.sources.limits import LARGEST_FILE
from pricing.admin_api.fields import Text, Whole
from pricing.admin_api.openapi import imports as documents
from pricing.admin_api.parsing import ExactParser
from pricing.admin_api.resource import READS, WRITES, Resource
from pricing.admin_api.resources.bodies import ActionRequest, Decision, Nothing, asked, read_body
from pricing.admin_api.serializers import RowSerializer
from pricing.admin_api.writes import Outcome, is_given
from pricing.impact.impact import ACCEPT_LOSS, Impact
from pricing.imports.exit_codes import outcome_of
from pricing.imports.guards import ACCEPT_JUMPS, ALLOW_REMOVALS, Guard, LossError, UnconfirmedError
from pricing.imports.options import Options
from pricing.imports.plan import ImportPlan
from pricing.imports.review import apply_run, discard_run, plan_of, save_plan
from pricing.imports.rollback import roll_back
from pricing.imports.structure.pruning import MODES
from pricing.models import PriceSheet
from tokens.operators.admin_keys import importing
from tokens.operators.problems import ProblemError

MIB = 1024 * 1024
NOTHING_TO_DO = "nothing_to_do"


class Address(Text):
    """An address; responses leave out its query, which may contain a key."""

    def to_representation(self, value: str) -> str:
        return without_secrets(value)


class SourceSerializer(RowSerializer):
    url = Address(required=False, allow_blank=True, help_text="Responses leave out its query, which may contain a key.")
    trust = Whole(required=False, help_text="If two sources disagree, the more trusted one wins.")

    class Meta:
        model = Source
        fields = (
            "slug", "name", "kind", "reader", "trust", "note", "url", "sync", "every_hours", "policy", "prices_as",
            "channel", "group", "only", "providers", "publish", "checked_at", "error",
        )  # fmt: skip
        read_only_fields = ("checked_at", "error")
        volatile_fields = ("checked_at", "error")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        if self.instance is not None and values.get("url") == without_secrets(self.instance.url):
            # The row was sent back: the query of the address stays.
            del values["url"]
        return values

    def store(self) -> Any:
        """A source whose documents nobody reviews, or that publishes models, needs the permissions of the admin."""
        self.is_valid(raise_exception=True)
        row, operator, review = self.instance, self.context["request"].user, Source.Policy.REVIEW
        before = row.policy if row else review
        if {before, self.validated_data.get("policy", before)} != {review} and not may_automate(operator):
            raise NotPermittedError("You do not have permission to apply imports and their prices.")
        publishes = self.validated_data.get("publish", False) and not (row and row.publish)
        if publishes and not may_apply_imports(operator):
            raise NotPermittedError("You do not have permission to apply imports.")
        return super().store()


class Sources(Resource):
    """Where documents come from, and how they are imported. Addresses are shown without their queries."""

    address = "sources"
    queryset = Source.objects.all()
    serializer_class = SourceSerializer
    lookup_field = "slug"
    filters = {
        "slug": ["exact", "in"],
        "name": ["exact", "icontains"],
        "kind": ["exact"],
        "trust": ["exact"],
        "sync": ["exact"],
        "policy": ["exact"],
    }
    ordering = ("slug", "name", "trust", "checked_at")
    # What an import changes is compared when it is applied.
    takes_nothing = WRITES


class ImportRequest(ActionRequest):
    """A document to import, as a form (multipart) or, with an address, as JSON."""

    file = serializers.FileField(required=False, help_text="The document.")
    url = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="In place of the file: the address of the document. Leave empty for the address of the source.",
    )
    channel = serializers.RegexField("^[-a-zA-Z0-9_]*$", required=False, default="", allow_blank=True, max_length=64)
    group = serializers.CharField(required=False, default="", allow_blank=True, max_length=LONGEST_NAME)
    only = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    provider = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    prune = serializers.ChoiceField(choices=MODES, required=False, default="", allow_blank=True)
    publish = serializers.BooleanField(required=False, default=False)
    overrule = serializers.BooleanField(required=False, default=False)

    def get_fields(self) -> dict[str, Any]:
        source = serializers.CharField(help_text="The slug of a stored source, or of a format such as litellm.")
        role = serializers.ChoiceField(choices=PriceSheet.Role.choices, required=False, default="", allow_blank=True)
        # These names are taken in Python or in the class.
        return {"source": source, **super().get_fields(), "as": role}

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        if ("file" in data) == ("url" in data):
            raise serializers.ValidationError({"file": "Send either a file or an address."}, code="invalid")
        if "file" in data and not hasattr(data["file"], "read"):
            raise serializers.ValidationError({"file": "This is not a file."}, code="invalid")
        return values

    def options(self) -> Options:
        values = self.validated_data
        try:
            return Options.chosen(
                values["source"],
                **{name: values[name] for name in ("as", "channel", "group", "prune", "publish", "overrule")},
                only=split_all(values["only"]),
                providers=split_all(values["provider"]),
            )
        except InputError as error:
            raise serializers.ValidationError({"source": str(error)}, code="does_not_exist") from None

    def document(self, options: Options) -> tuple[bytes, str]:
        """The document and its origin."""
        values = self.validated_data
        if file := values.get("file"):
            if file.size > LARGEST_FILE:
                raise too_large()
            return file.read(), file.name
        stored = Source.objects.filter(slug=options.slug).first()
        url = values.get("url") or (stored.url if stored else "") or options.source.url
        if not url:
            raise serializers.ValidationError(
                {"url": "The source has no address. Send one, or a file."}, code="required"
            )
        try:
            response = fetch(url)
        except FetchError as error:
            raise serializers.ValidationError({"url": str(error)}, code="invalid") from None
        if not isinstance(response, Fetched):
            raise serializers.ValidationError({"url": "The host sent no document."}, code="invalid")
        return response.content, without_secrets(url)


class ImportRunSerializer(RowSerializer):
    counts = serializers.SerializerMethodField(help_text="Numbers of new, changed and unchanged rows.")

    class Meta:
        model = ImportRun
        fields = (
            "id", "source", "status", "options", "counts", "remark", "actor_name", "created_at", "applied_at",
            "pruned_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_counts(self, run: ImportRun) -> dict[str, Any]:
        return run.counts


OF_APPLICATIONS = [
    asked(ALLOW_REMOVALS, "1: many models may be missing from the document.", enum=["0", "1"]),
    asked(ACCEPT_JUMPS, "1: prices may move far, of all models.", enum=["0", "1"]),
]


class ImportRuns(Resource):
    """Documents that were planned, applied and rolled back."""

    address = "import-runs"
    queryset = ImportRun.objects.all()
    serializer_class = ImportRunSerializer
    lookup_field = "pk"
    lookup_value_converter = "int"
    methods = (*READS, "create")
    filters = {"source": ["exact", "in"], "status": ["exact", "in"], "actor_name": ["exact"]}
    ordering = ("-id", "id", "created_at", "applied_at")
    # To change an import run is to apply it.
    permissions = {
        "create": "change", "apply": "change", "roll_back": "change", "discard": "change", "plan": "view",
    }  # fmt: skip
    parameters = {"apply": (ALLOW_REMOVALS, ACCEPT_JUMPS)}
    examples = {
        "create": {
            "source": "litellm",
            "url": "https://prices.example.com/models.json",
            "as": "list",
            "only": ["gpt-*"],
        }
    }
    takes_nothing = ("create", "discard")
    takes = {"create": documents.ImportDocument, "apply": documents.ImportDecision}
    gives = {
        "create": documents.ImportPlan,
        "plan": documents.ImportPlan,
        "apply": documents.AppliedPlan,
        "roll_back": documents.RolledBackRun,
    }

    def get_parsers(self) -> Any:
        return [MultiPartParser(), ExactParser()] if self.action_map.get("post") == "create" else super().get_parsers()

    @property
    def operator(self) -> Any:
        """The operator as an import acts for it."""
        return importing(self.request.user)

    def create(self, request: Request) -> HttpResponse:
        """Plans the import of a document; 200 without a run if there is nothing to do."""
        _refuse_large(request)
        form = ImportRequest(data=request.data)
        form.is_valid(raise_exception=True)
        options = form.options()
        # Fetched before the transaction: other writers must not wait for the host.
        content, origin = form.document(options)

        def perform() -> Outcome:
            now, operator = timezone.now(), self.operator
            plan, run = save_plan(content, options, at=now, origin=origin, actor=operator)
            body = self._plan_as_json(plan)
            if run is None:
                return Outcome({"id": None, "status": NOTHING_TO_DO, **body})
            headers = {"Location": self.address_of({"id": run.pk}), "ETag": _etag_of(plan)}
            return Outcome({"id": run.pk, "status": run.status, **body}, 201, headers)

        return self.write(perform)

    @action(detail=True)
    def plan(self, request: Request, **_: Any) -> Response:
        """What a waiting run would do now; of another one, what it did."""
        run = self.get_object()
        if not run.is_waiting:
            return Response({"id": run.pk, "status": run.status, **self._stored_report(run)})
        plan = plan_of(run, at=timezone.now())
        body = {"id": run.pk, "status": run.status, **self._plan_as_json(plan)}
        return Response(body, headers={"ETag": _etag_of(plan)})

    @extend_schema(parameters=OF_APPLICATIONS)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, **_: Any) -> HttpResponse:
        """Applies a waiting plan, completely or not at all; a guard stops it until it is accepted."""
        decision = read_body(Decision, request.data)
        return self.write(lambda: self._apply(decision))

    def _apply(self, decision: Mapping[str, Any]) -> Outcome:
        now, operator, run = timezone.now(), self.operator, self.get_object()
        _require_waiting(run)
        plan = plan_of(run, at=now)
        self._check_seen(plan, decision.get("fingerprint"))
        accepted = [option for option in (ALLOW_REMOVALS, ACCEPT_JUMPS, ACCEPT_LOSS) if is_given(self.request, option)]
        relevant = plan if may_set_prices(operator) else plan.without_prices()
        chosen, jumps = decision.get("models"), decision.get("accept_jumps")
        guards = [guard for guard in relevant.seen_by(operator).guards if guard.option not in accepted]
        if chosen is not None:
            # They are those of the whole plan; those of the part are found when it is applied.
            guards = []
        if jumps is not None:
            guards = [guard for guard in guards if guard.option != ACCEPT_JUMPS]
        if guards:
            raise self._stopped(relevant, guards)
        try:
            applied, rest = apply_run(
                run, at=now, seen=plan.fingerprint, accepted=accepted, accepted_jumps=jumps or (), chosen=chosen,
                actor=operator,
            )  # fmt: skip
        except UnconfirmedError as error:
            raise self._stopped(relevant, [error.guard]) from None
        except LossError as error:
            raise self._stopped(relevant, [Guard(ACCEPT_LOSS, str(error))]) from None
        run.refresh_from_db()
        body = {"id": run.pk, "status": run.status, "rest": rest and rest.pk, **self._plan_as_json(applied)}
        return Outcome({**body, "outcome": "done"})

    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, **_: Any) -> HttpResponse:
        """Gives what the run changed its earlier values, as far as nobody changed it since, and ends its prices."""
        read_body(Nothing, request.data)

        def perform() -> Outcome:
            run = self.get_object()
            if run.status != ImportRun.Status.APPLIED or run.pruned_at:
                raise ProblemError("conflict", run.why_pruned or f"{run} was not applied, so it cannot be rolled back.")
            # Losses are guarded with those of all changes.
            result = roll_back(run, at=timezone.now(), actor=self.operator, accept_loss=True)
            run.refresh_from_db()
            return Outcome({"id": run.pk, "status": run.status, **result.report()})

        return self.write(perform)

    @action(detail=True, methods=["post"])
    def discard(self, request: Request, **_: Any) -> HttpResponse:
        """Discards a waiting plan: the same document is not planned again automatically."""
        read_body(Nothing, request.data)

        def perform() -> Outcome:
            run = self.get_object()
            _require_waiting(run)
            discard_run(run, at=timezone.now(), actor=self.operator)
            return Outcome(self.represent(run))

        return self.write(perform)

    def _plan_as_json(self, plan: ImportPlan) -> dict[str, Any]:
        """The plan as `import_catalog --format json` prints it, with what this operator may see."""
        shown = (plan if may_see_prices(self.operator) else plan.without_prices()).seen_by(self.operator)
        outcome = outcome_of(plan, applied=False).name.lower()
        return {"outcome": outcome, "fingerprint": plan.fingerprint, **shown.report()}

    def _stored_report(self, run: ImportRun) -> dict[str, Any]:
        sees_prices = may_see_prices(self.operator)
        report = run.report if sees_prices else without_prices(run.report)
        if sees_prices and may_view_all(self.operator, "tokens.token", "tokens.tokengroup"):
            return dict(report)
        return without_names(report)

    def _check_seen(self, plan: ImportPlan, fingerprint: str | None) -> None:
        """A problem if the caller has seen another plan."""
        sent = self.request.headers.get("If-Match")
        tags = parse_etags(sent) if sent is not None else []
        if fingerprint not in (None, plan.fingerprint) or (tags and {"*", _etag_of(plan)}.isdisjoint(tags)):
            detail = "The catalog has changed since the plan was shown. Read it again; nothing was applied."
            raise ProblemError("precondition_failed", detail, headers={"ETag": _etag_of(plan)})

    def _stopped(self, plan: ImportPlan, guards: Sequence[Guard]) -> ProblemError:
        """The problem of a plan that these guards stop."""
        impact = (plan.impact or Impact(timezone.now())).seen_by(self.operator)
        stops = [{"option": guard.option, "message": guard.sentence, "models": list(guard.models)} for guard in guards]
        options = ", ".join(f"?{guard.option}=1" for guard in guards)
        detail = f"{' '.join(guard.sentence for guard in guards)} Nothing was applied. To accept this, send {options}."
        return ProblemError("guard", detail, more={"impact": impact.as_json(), "guards": stops})


def too_large() -> ProblemError:
    return ProblemError("request_too_large", f"The file is larger than {LARGEST_FILE // MIB} MiB.")


def _refuse_large(request: Request) -> None:
    """A problem if the upload was cut off: such a file is dropped while it arrives."""
    length = request._request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > LARGEST_FILE and "file" not in request.data:
        raise too_large()


def _require_waiting(run: ImportRun) -> None:
    if not run.is_waiting:
        raise ProblemError("conflict", f"{run} is already {run.get_status_display().lower()}.")


def _etag_of(plan: ImportPlan) -> str:
    return f'"{plan.fingerprint}"'
