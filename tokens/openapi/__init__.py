"""The part of the OpenAPI 3.1 document about model lists and keys: the addresses, and the shapes that the code sends.

Tests compare the document with every route, every real answer and every field.
"""

from typing import Any

from tokens.api.views import Key
from tokens.dialects.anthropic import (
    AnthropicCapabilities,
    AnthropicError,
    AnthropicModel,
    AnthropicModelPage,
    AnthropicSupport,
)
from tokens.dialects.gemini import GeminiError, GeminiModel, GeminiModelPage, GeminiTunedModels
from tokens.dialects.openai import CodexModel, NewApiError, OpenAIError, OpenAIModel, OpenAIModelList
from tokens.openapi import addresses, keys, platform
from tokens.openapi.examples import EXAMPLES
from tokens.openapi.parts import HEADERS, PARAMETERS, SECURITY_SCHEMES
from tokens.openapi.shapes import schemas_of

Document = dict[str, Any]

PATHS: Document = addresses.PATHS | keys.PATHS | platform.PATHS
SCHEMAS: Document = schemas_of(
    *(OpenAIModel, OpenAIModelList, CodexModel, OpenAIError),
    *(AnthropicModel, AnthropicModelPage, AnthropicCapabilities, AnthropicSupport, AnthropicError),
    *(GeminiModel, GeminiModelPage, GeminiTunedModels, GeminiError),
    Key,
    ApiError=NewApiError,
)
for name, example in EXAMPLES.items():
    SCHEMAS[name]["examples"] = [example]

__all__ = ["HEADERS", "PARAMETERS", "PATHS", "SCHEMAS", "SECURITY_SCHEMES", "Document"]
