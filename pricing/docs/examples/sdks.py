"""Which operations the vendors' SDKs call, and with which base address."""

from dataclasses import dataclass
from enum import Enum, auto

from pricing.docs.examples.requests import Request


class Dialect(Enum):
    OPENAI = auto()
    ANTHROPIC = auto()
    GEMINI = auto()


@dataclass(frozen=True)
class SdkCall:
    """A call of an SDK; without a model it lists them. `prefix` follows the host in the base address."""

    dialect: Dialect
    prefix: str
    version: str = ""
    model: str = ""
    tuned: bool = False


# Heading -> its dialect. An address without one answers OpenAI's SDK in OpenAI's dialect.
DIALECTS = {
    "Automatic": Dialect.OPENAI,
    "OpenAI": Dialect.OPENAI,
    "Anthropic": Dialect.ANTHROPIC,
    "Gemini": Dialect.GEMINI,
}


def call_of(request: Request) -> SdkCall | None:
    """The SDK's call that sends the request; None if no SDK does."""
    dialect = DIALECTS.get(request.heading)
    if dialect is None:
        return None
    tuned = "/tunedModels" in request.path
    prefix, _, model = request.path.partition("/tunedModels" if tuned else "/models")
    model = model.removeprefix("/")
    if dialect is Dialect.GEMINI:
        return SdkCall(dialect, "", prefix.removeprefix("/"), model, tuned)
    # Anthropic's SDK adds the version itself.
    return SdkCall(dialect, prefix.removesuffix("/v1") if dialect is Dialect.ANTHROPIC else prefix, model=model)
