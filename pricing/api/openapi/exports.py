"""The addresses of exports, one per format."""

from pricing.api.export_views import parameters_of
from pricing.api.openapi.addresses import OPEN, READ_AGAIN, REFUSALS, WHO, query_of
from pricing.export.formats import FORMATS, Format
from tokens import openapi
from tokens.http.middleware import KEY_END
from tokens.openapi.parts import errors, header_refs, not_modified
from tokens.openapi.shapes import Schema


def export(form: Format, name: str, *, error: str = "ApiError") -> Schema:
    kind = form.content_type.partition(";")[0]
    schema: Schema = {"type": "object"} if kind == "application/json" else {"type": "string"}
    return {
        "get": {
            "operationId": name,
            "tags": ["Exports"],
            "summary": form.about,
            "description": f"{form.about}. {WHO}",
            "security": OPEN,
            "parameters": [*query_of(parameters_of(form)), READ_AGAIN],
            "responses": {
                "200": {
                    "description": form.about,
                    "headers": header_refs("ETag", "Cache-Control", KEY_END),
                    "content": {kind: {"schema": schema}},
                },
                "304": not_modified(),
                **errors([error], REFUSALS),
            },
        }
    }


PATHS: openapi.Document = {
    **{f"/api/export/{path}": export(form, name) for form in FORMATS.values() for name, path in form.addresses.items()},
    # The addresses where language models look for them. They are not under /api: errors have OpenAI's shape only.
    "/llms.txt": export(FORMATS["llms_txt"], "llms_txt", error="OpenAIError"),
    "/llms-full.txt": export(FORMATS["llms_full"], "llms_full", error="OpenAIError"),
}
