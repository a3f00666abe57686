"""The base of all resources. One resource is a serializer and a viewset of a few lines:

    class VendorSerializer(RowSerializer):
        class Meta:
            model = Vendor
            fields = ("slug", "name", "aliases")

    class Vendors(Resource):
        address = "vendors"
        queryset = Vendor.objects.all()
        serializer_class = VendorSerializer
        lookup_field = "slug"
        filters = {"slug": ["exact", "in"], "name": ["exact", "icontains"]}
        ordering = ("slug", "name")

`addresses(Vendors)` in `urls.py` gives it its addresses. The base does everything else: permissions, rows that an
operator may not see, pages, filters, `fields`, ETags, validation, history, dry runs, guards, batches, Idempotency-Key.

- A natural key that may contain slashes: `lookup_value_converter = "path"`. Without one: `lookup_field = "pk"` and
  `lookup_value_converter = "int"`; then `id` is one of the fields. Tables with a natural key are in `NATURAL_KEYS`.
- Only some methods: `methods = READS`, or e.g. `("list", "retrieve", "create")`.
- An action: REST framework's `@action(detail=True, methods=["post"])`, with its permission in
  `permissions = {"rotate": "change"}`. It returns `self.write(change)`; `change` makes the change and returns an
  `Outcome`. Query parameters that it reads are in `parameters = {"explain": ("model",)}`, and `asked` of `bodies.py`
  describes them. `takes`, `gives` and `adds` describe it in the OpenAPI document.
- Fields that are only shown in the first response: `secrets = ("key",)`. Rows that the serializer stores have the value
  as `new_secret`.
- Methods that cannot take anything from a key, e.g. `takes_nothing = ("create",)`, and `harmless_fields` in `Meta` of
  the serializer, which decide nothing of what keys see: comparing all keys takes seconds, and is left to dry runs.
  Each declaration says why. Beware of patterns, which read names, facts and prices.
- Rules that no model knows: override `check(row, relations)` of the serializer, or `save`, `remove` and `get_queryset`
  of the viewset. A rule of an admin form belongs to the model instead.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, cast
from urllib.parse import quote

from django.conf import settings
from django.db import models
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import parse_etags
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from catalog.operators.permissions import limit_rows
from pricing.admin_api import writes
from pricing.admin_api.batches import Batch
from pricing.admin_api.errors import as_problem, errors_in, handle_exception, invalid, too_many
from pricing.admin_api.fields import RelatedRows
from pricing.admin_api.filters import CREATED_SINCE, UPDATED_SINCE, RowFilter
from pricing.admin_api.openapi.schema import ResourceSchema
from pricing.admin_api.pages import MOST_ROWS, RowPages, invalid_parameter
from pricing.admin_api.parsing import ExactParser, ExactRenderer, Negotiation
from pricing.admin_api.permissions import MayUse, require
from pricing.admin_api.serializers import ETAG, RowSerializer, version_of
from pricing.admin_api.writes import Outcome
from tokens.context import context_of
from tokens.operators.admin_keys import AdminKeyAuthentication
from tokens.operators.problems import ROOT, FieldError, ProblemError
from tokens.rate_limits import limiter

READS = ("list", "retrieve")
WRITES = ("create", "batch", "update", "destroy")
ALL = (*READS, *WRITES)
FIELDS = "fields"
OF_LISTS = ("limit", "cursor", "ordering", FIELDS, CREATED_SINCE, UPDATED_SINCE)
OF_METHODS = {"list": OF_LISTS, "retrieve": (FIELDS,)}
# HTTP method -> method of a viewset, at the address of a list and of a row.
LIST_METHODS = {"get": "list", "post": "create"}
ROW_METHODS = {"get": "retrieve", "patch": "update", "delete": "destroy"}
READING = frozenset({"GET", "HEAD"})


class Resource(GenericViewSet[Any]):
    """One table of the management API; see the docstring of the module."""

    address: ClassVar[str]
    lookup_value_converter: ClassVar[str] = "str"
    methods: ClassVar[Sequence[str]] = ALL
    filters: ClassVar[Mapping[str, Sequence[str]]] = {}
    # The columns that a list can be ordered by; the first one is its own order, with - the other way round.
    ordering: ClassVar[Sequence[str]] = ("pk",)
    permissions: ClassVar[Mapping[str, str]] = {}
    # Tables of rows that are shown in a row, by their column `model`: they change with it.
    parts: ClassVar[Sequence[type[models.Model]]] = ()
    parameters: ClassVar[Mapping[str, Sequence[str]]] = {}
    secrets: ClassVar[Sequence[str]] = ()
    # For the OpenAPI document, by method, as TypedDicts: bodies of actions, responses in place of a row, and responses
    # with more fields than a row. Each name is that of a schema.
    takes: ClassVar[Mapping[str, type]] = {}
    gives: ClassVar[Mapping[str, type]] = {}
    adds: ClassVar[Mapping[str, type]] = {}
    # Method -> the body of a request in the document, which a test sends.
    examples: ClassVar[Mapping[str, Any]] = {}
    # The methods that take nothing from any key. See `may_take`.
    takes_nothing: ClassVar[Sequence[str]] = ()

    authentication_classes = [AdminKeyAuthentication]
    permission_classes = [MayUse]
    parser_classes = [ExactParser]
    renderer_classes = [ExactRenderer]
    content_negotiation_class = Negotiation
    filter_backends = [RowFilter]
    pagination_class = RowPages
    schema = ResourceSchema()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__dict__.get("lookup_field") == "pk":
            # The field of a row with this number. A base of several resources may leave their key open.
            cls.lookup_url_kwarg = "id"
        elif cls.lookup_url_kwarg == "id":
            # That of a base of this class.
            cls.lookup_url_kwarg = None

    # What the methods are made of.

    @property
    def table(self) -> type[models.Model]:
        serializer: Any = self.serializer_class
        table: type[models.Model] = serializer.Meta.model
        return table

    @property
    def noun(self) -> str:
        """What a row is."""
        return str(self.table._meta.verbose_name)

    def get_serializer(self, *args: Any, **options: Any) -> RowSerializer:
        return cast("RowSerializer", super().get_serializer(*args, **options))

    @property
    def key_field(self) -> str:
        """The field with the key of a row in its address."""
        return self.lookup_url_kwarg or ("id" if self.lookup_field == "pk" else self.lookup_field)

    def get_queryset(self) -> Any:
        """The rows that the operator may see, with the rows that their fields name."""
        return self._with_relations(limit_rows(self.request.user, super().get_queryset()))

    def _with_relations(self, rows: Any, only: Sequence[Any] | None = None) -> Any:
        """The rows, or `only` these of them, with the rows that their fields name."""
        if only is not None:
            rows = rows.filter(pk__in=[row.pk for row in only])
        for field in self.get_serializer().fields.values():
            if isinstance(field, RelatedRows):
                rows = rows.prefetch_related(field.source)
            elif hasattr(field, "slug_field"):
                rows = rows.select_related(str(field.source).replace(".", "__"))
        return rows

    def get_object(self) -> Any:
        """The row at this address; Http404 if it does not exist, or the operator may not see it."""
        key = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
        return self.find(key) or self._not_found(key)

    def find(self, key: Any) -> Any:
        """The row with this natural key; None if the operator sees none."""
        if isinstance(key, str) and "\x00" in key:
            return None
        return self.get_queryset().filter(**{self.lookup_field: key}).first()

    def _not_found(self, key: Any) -> Any:
        slash = " Addresses have no slash at the end." if str(key).endswith("/") else ""
        raise ProblemError("not_found", f"There is no {self.table._meta.verbose_name} {str(key)[:255]}.{slash}")

    def write(self, change: Callable[[], Outcome]) -> HttpResponse:
        """Makes a change; see `writes.perform`."""
        return writes.perform(self.request, change, may_take=self.may_take, secrets=self.secrets)

    def may_take(self) -> bool:
        """Whether the request may take something from a key. Comparing what all keys see takes time."""
        if self.action in self.takes_nothing:
            return False
        rows = [self.request.data] if self.action == "update" else self.request.data
        if self.action not in {"update", "batch"} or not isinstance(rows, list) or len(rows) > MOST_ROWS:
            return True
        harmless = {*getattr(self.get_serializer().Meta, "harmless_fields", ()), ETAG}
        if self.action == "update":
            return not all(isinstance(row, Mapping) and row.keys() <= harmless for row in rows)
        harmless.add(self.key_field)
        decisive = [row for row in rows if not isinstance(row, Mapping) or not row.keys() <= harmless]
        if "create" not in self.takes_nothing:
            return bool(decisive)
        keys = [key for row in decisive if (key := self._key_in(row)) and "\x00" not in key]
        return bool(self.get_queryset().filter(**{f"{self.lookup_field}__in": keys}).exists())

    def read_body(self) -> Any:
        """The value in the body; a problem if there is none, which REST framework takes for an empty object."""
        if self.request.stream is None:
            raise ProblemError("validation_failed", "The body is empty. Send JSON, with its Content-Length.")
        return self.request.data

    def read_rows(self) -> Sequence[Any]:
        """The rows in the body of a batch; a problem if it is not a list, or too long."""
        data = self.read_body()
        if not isinstance(data, list) or not 1 <= len(data) <= MOST_ROWS:
            raise ProblemError("validation_failed", f"The body must be a list of 1 to {MOST_ROWS:,} rows.")
        return data

    def save(self, serializer: RowSerializer) -> Any:
        """Stores a row that a request creates or changes, and keeps the secret that it gets."""
        row = serializer.store()
        # Also without one: the number of the row may be that of a row of an attempt that was rolled back.
        self._new_secrets[row.pk] = getattr(row, "new_secret", "")
        return row

    def remove(self, row: Any) -> dict[str, int]:
        """Deletes a row; returns how many rows of each kind are deleted."""
        return writes.delete_row(self.request, row)

    def address_of(self, values: Mapping[str, Any]) -> str:
        """The address of a row with these values."""
        key = values[self.key_field]
        return f"{ROOT}/{self.address}/{quote(str(key))}"

    def check_precondition(self, serializer: RowSerializer, body: Any = None, *, index: int | None = None) -> None:
        """A problem if the row has changed since the caller read it.

        The caller sends its ETag as If-Match, or as a field of the body, also for a row of a batch with this index.
        """
        sent = self.request.headers.get("If-Match") if index is None else None
        etag = body.get(ETAG) if isinstance(body, Mapping) else None
        row = "" if index is None else f"Row {index}: "
        if sent is None and etag is None:
            if settings.ADMIN_API_IF_MATCH:
                detail = f"{row}Send the ETag of the row as If-Match or as etag, so that no change of others is lost."
                raise ProblemError("precondition_required", detail, errors=[error_at(index, ETAG, "required", detail)])
            return
        stored, tags = serializer.stored[ETAG], [] if sent is None else parse_etags(sent)
        is_known = sent is None or "*" in tags or version_of(stored) in map(version_of, tags)
        if not is_known or (etag is not None and version_of(str(etag)) != version_of(stored)):
            detail = f"{row}The row has changed since you read it. Read it again, then repeat your change."
            errors = [error_at(index, ETAG, "changed", detail)]
            raise ProblemError("precondition_failed", detail, errors=errors, headers={"ETag": stored})

    # The methods.

    def list(self, request: Request) -> HttpResponse:
        names = self._chosen_fields()
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        serializer = self.get_serializer()
        body = [choose(serializer.to_representation(row), names) for row in rows or ()]
        response = self.get_paginated_response(body)
        return self._unless_known(response, serializer.etag_of(response.data))

    def retrieve(self, request: Request, **_: Any) -> HttpResponse:
        names = self._chosen_fields()
        values = self.get_serializer().to_representation(self.get_object())
        return self._unless_known(Response(choose(values, names)), values[ETAG])

    def create(self, request: Request) -> HttpResponse:
        def change() -> Outcome:
            serializer = self.get_serializer(data=self.read_body())
            row = self.save(serializer)
            values = self.represent(row)
            headers = {"Location": self.address_of(values), "ETag": values[ETAG]}
            return Outcome(values, 201, headers, moments_of(row), serializer.doubts)

        return self.write(change)

    def batch(self, request: Request, **_: Any) -> HttpResponse:
        return self.write(self._store_batch)

    def update(self, request: Request, **_: Any) -> HttpResponse:
        def change() -> Outcome:
            body = self.read_body()
            serializer = self.get_serializer(self.get_object(), data=body, partial=True)
            self.check_precondition(serializer, body)
            row = self.save(serializer)
            values = self.represent(row)
            return Outcome(values, 200, {"ETag": values[ETAG]}, moments_of(row), serializer.doubts)

        return self.write(change)

    def destroy(self, request: Request, **_: Any) -> HttpResponse:
        def change() -> Outcome:
            row = self.get_object()
            self.check_precondition(self.get_serializer(row))
            removed = self.remove(row)
            return Outcome({"deleted": removed} if writes.is_given(request, writes.DRY_RUN) else None, 204)

        return self.write(change)

    def represent(self, row: Any) -> dict[str, Any]:
        """A row that was just stored, as the next reader gets it."""
        stored = self._with_relations(self.table._default_manager.all(), [row]).get()
        return self._with_secret(row, self.get_serializer().to_representation(stored))

    def _with_secret(self, row: Any, values: dict[str, Any]) -> dict[str, Any]:
        """The values with the secret that the row got by this request, which no other response has."""
        secret = self._new_secrets.get(row.pk)
        return {**values, self.secrets[0]: secret} if secret else values

    @cached_property
    def _new_secrets(self) -> dict[Any, str]:
        """Primary key of a stored row -> the secret that it got by this request; empty without one."""
        return {}

    def _store_batch(self) -> Outcome:
        """Creates or changes rows by their natural keys; nothing is stored if one of them is wrong."""
        data = self.read_rows()
        batch = Batch.read(self.table, self.get_queryset(), self.lookup_field, [self._key_in(row) for row in data])
        rows, errors, doubts = [], list[FieldError](), list[FieldError]()
        for index, values in enumerate(data):
            try:
                row, doubtful = self._store_one(values, batch, index)
            except Exception as error:
                problem = as_problem(error)
                if problem.code != "validation_failed":
                    raise
                errors += [{**each, "index": index} for each in errors_in(problem)]
            else:
                rows.append(row)
                doubts += [{**doubt, "index": index} for doubt in doubtful]
        if errors:
            raise invalid(errors)
        moments = [moment for row in rows for moment in moments_of(row)]
        stored = {row.pk: row for row in self._with_relations(self.table._default_manager.all(), rows)}
        serializer = self.get_serializer()
        body = [self._with_secret(row, serializer.to_representation(stored[row.pk])) for row in rows]
        return Outcome(body, 201, moments=moments, doubts=doubts)

    def _store_one(self, values: Any, batch: "Batch", index: int) -> tuple[Any, Sequence[FieldError]]:
        """Creates or changes the row with these values."""
        if (first := batch.first_with_key_of(index)) != index:
            message = f"Row {first} has the same key."
            raise invalid([{"field": self.key_field, "code": "duplicate", "message": message}])
        stored = batch.stored_at(index)
        require(self.request.user, "change" if stored else "add", self.table)
        serializer = self.get_serializer(stored, data=values, partial=stored is not None)
        if stored:
            self.check_precondition(serializer, values, index=index)
        serializer.names = batch.names
        names = batch.names_of(stored)
        row = self.save(serializer)
        batch.add_names(row, names)
        return row, serializer.doubts

    def _key_in(self, values: Any) -> str:
        """The natural key in a row of a batch; empty without one."""
        key = values.get(self.key_field) if isinstance(values, Mapping) else None
        if self.lookup_field == "pk":
            return str(key) if isinstance(key, int) and 0 < key < 2**63 else ""
        return key if isinstance(key, str) else ""

    # What every request goes through.

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if self.action == "metadata":
            return
        if not self.action:
            # Before authentication: the result is the same with every key.
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        self.check_parameters(request)

    def check_throttles(self, request: Request) -> None:
        """Counts the request of an admin key; a problem if there are too many in a minute."""
        key = getattr(request.auth, "key_id", "")
        if key and settings.ADMIN_API_PER_MINUTE:
            quota = limiter().hit(f"{settings.ADMIN_API_PER_MINUTE}/minute", f"admin key:{key}")
            context_of(request._request.META).quota = quota
            if not quota.allowed:
                raise too_many(quota.seconds(at=timezone.now()))

    def check_parameters(self, request: Request) -> None:
        """A problem if the address has a parameter that nobody reads, or one twice."""
        accepted = self.parameters_of_method()
        for name, values in request.query_params.lists():
            if name not in accepted:
                message = f"'{name[:80]}' is not a parameter of this address."
                message += f" It accepts {', '.join(accepted)}." if accepted else " It accepts none."
                error: FieldError = {"field": name[:80], "code": "unknown", "message": message}
                raise ProblemError("unknown_parameter", message, errors=[error])
            if len(values) > 1 or not values[0]:
                raise invalid_parameter(name, f"{name} must have one value.")

    def parameters_of_method(self) -> Sequence[str]:
        """The query parameters that the current method reads."""
        action = str(self.action)
        own = self.parameters.get(action, OF_METHODS.get(action, ()))
        if action == "list":
            filters = RowFilter().get_filterset_class(self, self.table._default_manager.all())
            return (*own, *(filters.base_filters if filters else ()))
        return own if self.request.method in READING else (*own, *writes.PARAMETERS)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})
        del response["Content-Type"]
        return response

    def get_exception_handler(self) -> Any:
        return handle_exception

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        # A client may store what it reads, and asks with the ETag whether it is still the same. Other responses may
        # have a secret.
        is_stored = request.method in READING and ETAG in response
        response.setdefault("Cache-Control", "private, no-cache" if is_stored else "no-store")
        return response

    def _chosen_fields(self) -> Sequence[str] | None:
        text = self.request.query_params.get(FIELDS)
        if text is None:
            return None
        names, known = text.split(","), self.get_serializer().fields
        if unknown := [name for name in names if name not in known]:
            raise invalid_parameter(
                FIELDS, f"There is no field '{unknown[0][:80]}'. The fields are {', '.join(known)}."
            )
        return names

    def _unless_known(self, response: HttpResponse, etag: str) -> HttpResponse:
        """The response with its ETag, or 304 if the client has it."""
        tags = [tag.removeprefix("W/") for tag in parse_etags(self.request.headers.get("If-None-Match", ""))]
        if "*" in tags or etag in tags:
            response = HttpResponse(status=304)
            del response["Content-Type"]
        response["ETag"] = etag
        return response


def error_at(index: int | None, field: str, code: str, message: str) -> FieldError:
    """The error of a field, in a batch with the index of its row."""
    error: FieldError = {"field": field, "code": code, "message": message}
    return error if index is None else {**error, "index": index}


def choose(values: Mapping[str, Any], names: Sequence[str] | None) -> Mapping[str, Any]:
    """Only these fields of a row, or all."""
    return values if names is None else {name: values[name] for name in names}


def moments_of(row: Any) -> list[Any]:
    """When a row takes effect, if it says so."""
    return [moment] if (moment := getattr(row, "starts_at", None)) else []


def addresses(resource: type[Resource]) -> list[URLPattern]:
    """The addresses of a resource: its actions, its list, and its rows, whose key may be the name of an action."""
    base = f"{ROOT.lstrip('/')}/{resource.address}"
    key = resource.lookup_url_kwarg or resource.lookup_field
    row = f"<{resource.lookup_value_converter}:{key}>"
    of_list: dict[str, Any] = {method: name for method, name in LIST_METHODS.items() if name in resource.methods}
    of_row: dict[str, Any] = {method: name for method, name in ROW_METHODS.items() if name in resource.methods}
    patterns = []
    actions: Any = resource.get_extra_actions()
    for action in actions:
        address = f"{base}/{row}/{action.url_path}" if action.detail else f"{base}/{action.url_path}"
        patterns.append(path(address, resource.as_view(dict(action.mapping), **action.kwargs)))
    if "batch" in resource.methods:
        # A row with the key "batch" can be read and changed there.
        rows = of_row if resource.lookup_value_converter != "int" else {}
        patterns.append(path(f"{base}/batch", resource.as_view({"post": "batch", **rows}), {key: "batch"}))
    return [
        *patterns,
        path(base, resource.as_view(of_list), name=f"admin_api_{resource.address}"),
        path(f"{base}/{row}", resource.as_view(of_row), name=f"admin_api_{resource.address}_row"),
    ]
