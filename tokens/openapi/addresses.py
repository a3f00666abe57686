"""The addresses of the model lists: their parameters and the shapes of their responses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tokens.access.filters import PARAMETERS
from tokens.api.views import STRICT
from tokens.dialects.anthropic import Anthropic
from tokens.dialects.gemini import Gemini
from tokens.dialects.openai import OpenAI
from tokens.openapi.parts import ANTHROPIC_RATE, OPENAI_RATE, SECURITY, errors, keys_of, not_modified, response
from tokens.openapi.shapes import Schema


@dataclass(frozen=True)
class Dialect:
    """The parts of the document for one dialect."""

    name: str
    list_shape: str
    model_shape: str
    error_shape: str
    paging: Sequence[str] = ()
    rate_headers: tuple[str, ...] = ()


OPENAI = Dialect("OpenAI", "OpenAIModelList", "OpenAIModel", "OpenAIError", keys_of(OpenAI.parameters), OPENAI_RATE)
ANTHROPIC = Dialect(
    "Anthropic",
    "AnthropicModelPage",
    "AnthropicModel",
    "AnthropicError",
    keys_of(Anthropic.parameters),
    ANTHROPIC_RATE,
)
GEMINI = Dialect("Gemini", "GeminiModelPage", "GeminiModel", "GeminiError", keys_of(Gemini.parameters))
ALL = (OPENAI, ANTHROPIC, GEMINI)
REFUSALS = ("400", "401", "403", "405", "429", "500", "503")
# The parameters that select the dialect if the path does not.
DIALECT_PARAMETERS = ("dialect", "anthropic-version")
FILTERS = keys_of(PARAMETERS)
PAGING = tuple(f"{dialect.name.lower()}-{key}" for dialect in (ANTHROPIC, GEMINI) for key in dialect.paging)

AUTOMATIC = (
    "Answers in the client's dialect: Anthropic's with `anthropic-version`, Gemini's with `x-goog-api-key` or `key`, "
    "and OpenAI's otherwise."
)


def operation(
    name: str,
    summary: str,
    description: str,
    parameters: Iterable[str],
    answers: Mapping[str, Schema],
    *,
    tag: str,
) -> Schema:
    return {
        "get": {
            "operationId": name,
            "tags": [tag],
            "summary": summary,
            "description": description,
            "security": SECURITY,
            "parameters": [
                {"$ref": f"#/components/parameters/{key}"} for key in (*parameters, STRICT, "if-none-match")
            ],
            "responses": dict(answers),
        }
    }


def answers(shapes: Iterable[str], dialects: tuple[Dialect, ...], refusals: Iterable[str], *headers: str) -> Schema:
    """200, 304 and the errors, with the headers of these dialects."""
    rate = [name for dialect in dialects for name in dialect.rate_headers]
    return {
        "200": response("The models." if not headers else "The model.", shapes,
                        headers=("ETag", "Cache-Control", *headers, *rate)),
        "304": not_modified(rate),
        **errors([dialect.error_shape for dialect in dialects], refusals, headers=rate),
    }  # fmt: skip


def list_address(name: str, prefix: str, dialects: tuple[Dialect, ...], description: str) -> dict[str, Schema]:
    """A list, and the single models under it."""
    tag = "Automatic" if len(dialects) > 1 else dialects[0].name
    choosing = DIALECT_PARAMETERS if len(dialects) > 1 else ()
    paging = (*DIALECT_PARAMETERS, *OPENAI.paging, *PAGING) if len(dialects) > 1 else dialects[0].paging
    shapes = [dialect.list_shape for dialect in dialects]
    single = [dialect.model_shape for dialect in dialects]
    statuses = sorted((*REFUSALS, "404"))
    return {
        f"{prefix}/models": operation(
            f"{name}ListModels",
            "List models",
            description,
            (*paging, *FILTERS),
            answers(shapes, dialects, REFUSALS),
            tag=tag,
        ),
        f"{prefix}/models/{{model}}": operation(
            f"{name}GetModel",
            "Get one model",
            f"{description} The same models as in the list. A hidden model and a missing model are both 404.",
            ("model", *choosing),
            answers(single, dialects, statuses, "Deprecation", "Sunset", "Link"),
            tag=tag,
        ),
    }


def tuned_models(name: str, prefix: str) -> dict[str, Schema]:
    summary, description = "List tuned models", "Google's SDKs request them. There are none."
    got = answers(["GeminiTunedModels"], (GEMINI,), REFUSALS)
    return {
        f"{prefix}/tunedModels": operation(
            f"{name}ListTunedModels", summary, description, GEMINI.paging, got, tag="Gemini"
        )
    }


PATHS: dict[str, Schema] = {
    **list_address("auto", "/v1", ALL, AUTOMATIC),
    **list_address("short", "", ALL, f"{AUTOMATIC} For clients that use this address as a fallback."),
    **list_address("openai", "/v1beta/openai", (OPENAI,), "OpenAI's dialect, regardless of the headers."),
    **list_address("anthropic", "/anthropic/v1", (ANTHROPIC,), "Anthropic's dialect, regardless of the headers."),
    **list_address("gemini", "/v1beta", (GEMINI,), "Gemini's dialect, regardless of the headers."),
    **list_address("geminiAlpha", "/v1alpha", (GEMINI,), "Gemini's dialect, regardless of the headers."),
    **tuned_models("gemini", "/v1beta"),
    **tuned_models("geminiAlpha", "/v1alpha"),
    **tuned_models("geminiV1", "/v1"),
}
