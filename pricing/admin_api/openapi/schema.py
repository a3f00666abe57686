"""How drf-spectacular describes resources: operation ids, parameters, and a response for every status."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import append_meta, build_array_type, build_mock_request

from pricing.admin_api.fields import Exact, Json, Moment
from pricing.admin_api.filters import RowFilter
from pricing.admin_api.openapi import filters
from pricing.admin_api.pages import DEFAULT_LIMIT, MOST_ROWS
from pricing.admin_api.serializers import ETAG, RowSerializer
from pricing.impact.impact import ACCEPT_LOSS
from tokens.openapi.parts import ALWAYS, header_refs, ref

Schema = dict[str, Any]

SECURITY = "admin-key"
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
# Method of a viewset -> the verb in the operation's id, whether the noun is a plural, and what it does.
VERBS = {
    "list": ("list", True, "List {many}"),
    "retrieve": ("get", False, "Read {one}"),
    "create": ("create", False, "Create {one}"),
    "batch": ("store", True, "Create or change up to 1,000 {many}, all or none"),
    "update": ("update", False, "Change {one}"),
    "destroy": ("delete", False, "Delete {one}"),
}
READS = ("list", "retrieve")
ANY = ("400", "401", "403", "405", "429", "500", "503")
OF_WRITES = ("409", "413", "415")
OF_CHANGES = ("412", "428")
# Status -> what it means.
PROBLEMS: Mapping[str, str] = {
    "400": "The request is not valid; `errors` names each field. Unknown fields and parameters are errors.",
    "401": "No admin key, or none that is valid. A customer's key is not one.",
    "403": "The scopes of the key, or the permissions of its operator, do not include this.",
    "404": "There is no such row, or the operator does not see it.",
    "405": "The address does not support this method; `Allow` lists the methods that it supports.",
    "409": f"A guard stops the change, or other rows need this one. `impact` says what would happen; "
    f"`?{ACCEPT_LOSS}=1` applies a change that a guard stops.",
    "412": "The row has changed since you read it: `If-Match` has another ETag.",
    "413": "The body is too large.",
    "415": "The content type of the body is not supported.",
    "422": "The `Idempotency-Key` was used with another body.",
    "428": "The server requires `If-Match`.",
    "429": "Too many requests with this key in a minute, or with wrong keys from this address.",
    "500": "An internal error.",
    "503": "The database is down or busy.",
}
HEADERS_OF_PROBLEMS = {
    "401": ("WWW-Authenticate",),
    "405": ("Allow",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


def parameter(place: str, name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": place, "description": description, "schema": schema}


SWITCH: Schema = {"type": "integer", "minimum": 0, "maximum": 1}
TEXT: Schema = {"type": "string"}
MOMENT: Schema = {"type": "string", "description": "A date, or a date and time."}
# What addresses read beside their filters, by the name of the parameter.
PARAMETERS: Mapping[str, Schema] = {
    "limit": parameter(
        "query",
        "limit",
        "The most rows of a page.",
        {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": DEFAULT_LIMIT},
    ),
    "cursor": parameter("query", "cursor", "The `next` of a response: continues after it, with the same order.", TEXT),
    "ordering": parameter(
        "query", "ordering", "Fields to order by, separated by commas; `-` before one: the other direction.", TEXT
    ),
    "fields": parameter("query", "fields", "Only these fields, separated by commas: rows have no others then.", TEXT),
    "created_since": parameter("query", "created_since", "Only rows that were created at this time or later.", MOMENT),
    "updated_since": parameter("query", "updated_since", "Only rows that were changed at this time or later.", MOMENT),
    "dry_run": parameter("query", "dry_run", "1: changes nothing, and answers what would happen.", SWITCH),
    ACCEPT_LOSS: parameter("query", ACCEPT_LOSS, "1: applies a change that a guard stops.", SWITCH),
}
IF_NONE_MATCH = parameter("header", "If-None-Match", "ETags that you have; 304 if one is current.", TEXT)
IF_MATCH = parameter("header", "If-Match", "The row's ETag: 412 if it has another one, so no change is lost.", TEXT)
IDEMPOTENCY_KEY = parameter(
    "header",
    "Idempotency-Key",
    "Any text of yours, e.g. a UUID: for one day, a repeat gets the first response and changes nothing. Secrets in it "
    "are null.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*$"},
)
REASON = parameter("header", "X-Change-Reason", "Why; the history has it.", TEXT)
SHARED = {
    f"admin-{each['name'].lower()}": each
    for each in (*PARAMETERS.values(), IF_NONE_MATCH, IF_MATCH, IDEMPOTENCY_KEY, REASON)
}


def shared(each: Schema) -> Schema:
    return {"$ref": f"#/components/parameters/admin-{each['name'].lower()}"}


def or_some_fields(row: Schema) -> Schema:
    """A row, or only those of its fields that the parameter `fields` names."""
    return {"anyOf": [row, {"$ref": f"{row['$ref']}Fields"}]}


def camel(text: str) -> str:
    """price-sheets as PriceSheets."""
    return "".join(word.capitalize() for word in text.replace("_", "-").split("-"))


def make_request(*args: Any, **options: Any) -> Any:
    """The request that views have while they are described: nobody's, so that nothing is limited to an operator."""
    request: Any = build_mock_request(*args, **options)
    request.user = None
    return request


class ResourceSchema(AutoSchema):
    """Describes one method of a resource."""

    view: Any

    def is_excluded(self) -> bool:
        """A row with the key "batch" is read and changed at the address of batches."""
        return self.path.endswith("/batch") and self.view.action != "batch"

    def get_operation_id(self) -> str:
        many = camel(self.view.address)
        one = _singular(many)
        if self.view.action in VERBS:
            verb, is_plural, _ = VERBS[self.view.action]
            return f"{verb}{many if is_plural else one}"
        name = camel(self.view.action)
        name = name[0].lower() + name[1:]
        if self.method == "GET":
            return f"get{one}{camel(self.view.action)}"
        return f"{name}{one}"

    def get_tags(self) -> list[str]:
        return [tag_of(self.view.address)]

    def get_auth(self) -> list[Schema]:
        return [{SECURITY: []}]

    def get_summary(self) -> str:
        return self._says()

    def get_description(self) -> str:  # type: ignore[override]
        own = super().get_description() if self.view.action not in VERBS else ""
        return own or f"{self._says()}."

    def _says(self) -> str:
        words = self.view.address.replace("-", " ")
        one = str(self.view.noun)
        if self.view.action in VERBS:
            article = "an" if one[0] in "aeio" else "a"  # A usage count.
            return VERBS[self.view.action][2].format(many=words, one=f"{article} {one}")
        first = (super().get_description() or self.view.action).strip().split("\n")[0]
        return first.rstrip(".")

    # What a request has.

    def _get_parameters(self) -> list[Schema]:
        """Those of the address, those that the method reads of the query, and headers."""
        self.view.request.method = self.method
        made = self._filters()
        asked = {each["name"]: each for each in super()._get_parameters() if each["in"] == "query"}
        query = [
            shared(PARAMETERS[name])
            if name in PARAMETERS
            else parameter("query", name, filters.describe(name, made[name]), filters.schema_of(made[name]))
            if name in made
            else asked[name]
            for name in self.view.parameters_of_method()
        ]
        headers = [IF_NONE_MATCH] if self.view.action in READS and self._has_versions else []
        if self.method != "GET":
            headers = [IDEMPOTENCY_KEY if self.method == "POST" else IF_MATCH, REASON]
        return [*self._path_parameters(), *query, *map(shared, headers)]

    @property
    def _has_versions(self) -> bool:
        """Whether what is read are rows, which have ETags."""
        return ETAG in self.view.serializer_class().fields

    def _filters(self) -> Mapping[str, Any]:
        """The filters of a list, by their names."""
        if self.view.action != "list" or not issubclass(self.view.serializer_class, RowSerializer):
            return {}
        made = RowFilter().get_filterset_class(self.view, self.view.table._default_manager.all())
        return made.base_filters if made else {}

    def _path_parameters(self) -> list[Schema]:
        key = self.view.key_field
        if f"{{{key}}}" not in self.path:
            return []
        schema = {"type": "integer"} if self.view.lookup_value_converter == "int" else TEXT
        what = f"The {key.replace('_', ' ')} of the {self.view.noun}."
        return [{**parameter("path", key, what, schema), "required": True}]

    def _resolve_path_parameters(self, variables: Any) -> list[Schema]:
        return []

    def _get_filter_parameters(self) -> list[Schema]:
        return []

    def _get_pagination_parameters(self) -> list[Schema]:
        return []

    def _get_request_body(self, direction: str = "request") -> Schema | None:
        action = self.view.action
        if action in self.view.takes:
            shape: Any = self.view.takes[action]
            contents: Schema = {media_type: {"schema": ref(shape.__name__)} for media_type in self.map_parsers()}
            self._add_example(contents)
            return {"content": contents, **({"required": True} if shape.__required_keys__ else {})}
        body: Schema | None = super()._get_request_body(direction) if action in VERBS else None
        if body and action == "batch":
            row = body["content"][JSON]["schema"]
            body["content"][JSON]["schema"] = {**build_array_type(row), "minItems": 1, "maxItems": MOST_ROWS}
        if body:
            body["required"] = True
            self._add_example(body["content"])
        return body

    def _add_example(self, contents: Schema) -> None:
        """Adds the example of the method to its body in JSON."""
        if example := self.view.examples.get(self.view.action):
            contents[JSON]["examples"] = {self.get_operation_id(): {"value": example}}

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Schema:
        """The types of our own fields."""
        if isinstance(field, Exact):
            schema: Schema = {"type": "string", "format": "decimal"}
        elif isinstance(field, Json):
            schema = self._shape_of_json(field)
        elif "pk" in (field.source, getattr(field, "slug_field", "")):
            schema = {"type": "integer"}
        elif isinstance(field, Moment):
            schema = {"type": "string", "format": "date-time"}
        else:
            return dict(super()._map_serializer_field(field, direction, bypass_extensions))
        return dict(append_meta(schema, self._get_serializer_field_meta(field, direction)))

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Schema:
        schema: Schema = super()._map_basic_serializer(serializer, direction)
        if not type(serializer).__dict__.get("__doc__"):
            # That of a base class.
            schema.pop("description", None)
        if direction == "request":
            # Unknown fields are errors.
            schema["additionalProperties"] = False
        else:
            # Rows have all their fields.
            schema["required"] = list(schema.get("properties", ()))
        return schema

    def _shape_of_json(self, field: Any) -> Schema:
        """An object or a list, as the empty value of the column is; anything without one."""
        model = getattr(getattr(field.parent, "Meta", None), "model", None)
        column = model and next((each for each in model._meta.concrete_fields if each.name == field.source), None)
        if column is not None and column.default is dict:
            return {"type": "object", "additionalProperties": {}}
        return {"type": "array", "items": {}} if column is not None and column.default is list else {}

    # What responses have.

    def _get_response_bodies(self, direction: Any = "response") -> Schema:
        responses: Schema = super()._get_response_bodies(direction)
        action = self.view.action
        shape = self.view.gives.get(action) or self.view.adds.get(action)
        for response in responses.values():
            if shape:
                response["content"][JSON]["schema"] = ref(shape.__name__)
            response["description"] = self._says()
            response["headers"] = header_refs(*ALWAYS, *self._headers_of_method())
        if action == "retrieve" and self._has_versions:
            body = responses["200"]["content"][JSON]
            body["schema"] = or_some_fields(body["schema"])
        if action == "batch":
            rows = responses.pop("200")
            rows["content"][JSON]["schema"] = build_array_type(rows["content"][JSON]["schema"])
            responses["201"] = rows
        if self.method != "GET":
            self._add_dry_run(responses)
        elif action in READS and self._has_versions:
            responses["304"] = {"$ref": "#/components/responses/NotModified"}
        for status in self._statuses():
            responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
        return dict(sorted(responses.items()))

    def _headers_of_method(self) -> tuple[str, ...]:
        match self.view.action:
            case "list" | "retrieve":
                return ("ETag", "Cache-Control") if self._has_versions else ("Cache-Control",)
            case "update":
                return ("ETag",)
            case "create":
                return ("Location", "ETag", "Idempotent-Replayed")
            case _:
                return ("Idempotent-Replayed",) if self.method == "POST" else ()

    def _add_dry_run(self, responses: Schema) -> None:
        """A dry run answers with 200 in its own shape."""
        usual = responses.get("200")
        if usual is None and self.view.action in self.view.gives:
            # There may be nothing to create.
            usual = responses["200"] = {**responses["201"], "content": deepcopy(responses["201"]["content"])}
        if usual is None:
            responses["200"] = {"$ref": "#/components/responses/DryRun"}
            return
        content = usual.get("content", {}).get(JSON)
        if content is not None:
            content["schema"] = {"anyOf": [content["schema"], ref("DryRun")]}
            # Those of the row itself are missing then.
            usual["headers"] = header_refs(*ALWAYS) | {
                name: {"$ref": f"#/components/headers/admin-{name}"} for name in self._headers_of_method()
            }

    def _statuses(self) -> list[str]:
        statuses = [*ANY]
        if self._path_parameters():
            statuses.append("404")
        if self.method != "GET":
            statuses += OF_WRITES
        if self.method == "POST":
            statuses.append("422")
        if self.view.action in ("update", "destroy"):
            statuses += OF_CHANGES
        return sorted(statuses)


def tag_of(address: str) -> str:
    """group-rates as Group rates."""
    return address.replace("-", " ").capitalize()


def _singular(words: str) -> str:
    for plural, singular in (("ies", "y"), ("iases", "ias"), ("s", "")):
        if words.endswith(plural):
            return words.removesuffix(plural) + singular
    return words
