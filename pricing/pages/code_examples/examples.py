"""The code examples of a model's page: one group for each endpoint by which customers may call the model."""

from dataclasses import dataclass

from django.conf import settings

from catalog.models import AIModel, EndpointType
from pricing.pages.code_examples.endpoints import Endpoint
from pricing.pages.code_examples.snippets import Snippet, snippets
from pricing.pages.formatting import endpoint_label

# The end of an id in the code examples of a wildcard model.
PLACEHOLDER = "NAME"


@dataclass(frozen=True)
class Call:
    """An endpoint with its code examples."""

    endpoint: Endpoint
    snippets: tuple[Snippet, ...]

    @property
    def reads_recording(self) -> bool:
        return any("audio.mp3" in snippet.code for snippet in self.snippets)


@dataclass(frozen=True)
class CodeExamples:
    """What the page has; empty for a model that nobody can call."""

    calls: tuple[Call, ...] = ()
    # The examples call this catalog, because no setting names the gateway.
    calls_catalog: bool = False


def code_examples(model: AIModel, *, base: str) -> CodeExamples:
    """The endpoints with code examples, the preferred one first; `base` is where customers call models."""
    registry = {entry.name: entry for entry in EndpointType.objects.filter(name__in=model.callable_endpoint_types)}
    endpoints = [
        Endpoint(entry.name, endpoint_label(entry.label), entry.method, entry.path)
        for entry in map(registry.get, model.callable_endpoint_types)
        if entry is not None
    ]
    name = f"{model.prefix}{PLACEHOLDER}" if model.is_wildcard else model.name
    outputs = tuple(model.output_modalities)
    calls = tuple(Call(endpoint, snippets(endpoint, name, base=base, outputs=outputs)) for endpoint in endpoints)
    return CodeExamples(calls, calls_catalog=bool(calls) and not settings.PUBLIC_BASE_URL)
