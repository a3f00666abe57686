"""Bodies of requests and responses as JSON with exact numbers."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer

from catalog.exact import InexactError, read_json, write_json
from tokens.operators.problems import ProblemError

# A batch of 1,000 rows with long descriptions.
MOST_MIB = 16
MOST_BYTES = MOST_MIB * 1024 * 1024
# No row has as many levels.
MOST_LEVELS = 64


class ExactParser(BaseParser):
    """JSON whose fractions become Decimals, so that no digit of an amount is lost."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        document = read_at_most(stream, MOST_BYTES)
        try:
            value = read_json(document)
            _refuse_depth(value)
        except InexactError as error:
            raise ProblemError("validation_failed", str(error)) from None
        return value


class ExactRenderer(JSONRenderer):
    """JSON whose Decimals are numbers with all digits; amounts of money are strings before they get here."""

    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else write_json(data)


class Negotiation(DefaultContentNegotiation):
    """Responses are JSON whatever the client accepts; only bodies are chosen by their content type."""

    def select_renderer(  # type: ignore[override]
        self, request: Any, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type or "application/json"


def read_at_most(stream: IO[Any], most: int) -> bytes:
    """The bytes of a body; a problem if there are more than that."""
    document: bytes = stream.read(most + 1)
    if len(document) > most:
        raise ProblemError("request_too_large", f"The body is larger than {most // 1024 // 1024} MiB.")
    return document


def _refuse_depth(value: Any) -> None:
    """InexactError for a value with more levels than MOST_LEVELS, without recursion."""
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [part for parent in level for part in _parts(parent)]
        if not level:
            return
    raise InexactError(f"The document is nested too deeply: more than {MOST_LEVELS} levels.")


def _parts(value: Any) -> list[Any]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [part for part in parts if isinstance(part, dict | list)]
