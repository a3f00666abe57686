"""Errors as the dialects write them, one a status: the document's examples are what the service says."""

from collections.abc import Mapping
from typing import Any

from tokens.api_error import ApiError
from tokens.dialects.anthropic import Anthropic
from tokens.dialects.base import Dialect
from tokens.dialects.gemini import Gemini
from tokens.dialects.openai import OpenAI

CODES: Mapping[str, str] = {
    "400": "invalid_parameter",
    "401": "invalid_api_key",
    "403": "ip_not_allowed",
    "404": "model_not_found",
    "405": "method_not_allowed",
    "429": "rate_limit_exceeded",
    "500": "internal_error",
    "503": "service_unavailable",
}
WRITERS: Mapping[str, Dialect] = {
    "OpenAIError": OpenAI(),
    "AnthropicError": Anthropic(),
    "GeminiError": Gemini(),
    "ApiError": OpenAI(),
}


def error_example(shape: str, status: str) -> dict[str, Any]:
    """The error of that status in the shape of one of the document's schemas."""
    error = ApiError(CODES[status], headers={"Retry-After": "12"} if status in ("429", "503") else None)
    body = WRITERS[shape].error_body(error, request_id="req_0123456789abcdef01234567", host="modelbook")
    return body | {"success": False, "message": error.message} if shape == "ApiError" else body
