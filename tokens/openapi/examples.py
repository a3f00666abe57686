"""Examples of the dialects' responses. The examples of errors are the service's own responses for each status."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tokens.api_error import ApiError
from tokens.dialects.anthropic import Anthropic, AnthropicModel, AnthropicModelPage
from tokens.dialects.base import Dialect
from tokens.dialects.gemini import Gemini, GeminiModel, GeminiModelPage, GeminiTunedModels
from tokens.dialects.openai import OpenAI, OpenAIModel, OpenAIModelList

OPENAI_MODEL: OpenAIModel = {
    "id": "gpt-4o",
    "object": "model",
    "created": 1715558400,
    "owned_by": "openai",
    "shutdown_date": None,
    "supported_endpoint_types": ["openai", "openai-response"],
    "name": "GPT-4o",
    "description": "Fast and multimodal.",
    "context_length": 128000,
    "max_output_tokens": 16384,
    "max_completion_tokens": 16384,
    "max_output_length": 16384,
    "input_modalities": ["text", "image", "pdf"],
    "output_modalities": ["text"],
    "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
    "supported_features": ["tools", "structured_outputs"],
    "supported_parameters": ["tools", "tool_choice", "structured_outputs", "response_format", "temperature"],
    "default_parameters": {"temperature": Decimal(1)},
}
ANTHROPIC_MODEL: AnthropicModel = {
    "type": "model",
    "id": "claude-opus-5",
    "display_name": "Claude Opus 5",
    "created_at": "2026-07-24T00:00:00Z",
    "lifecycle": "active",
    "deprecated_at": None,
    "retires_at": None,
    "line": "opus",
    "max_input_tokens": 1000000,
    "max_tokens": 128000,
    "capabilities": None,
}
GEMINI_MODEL: GeminiModel = {
    "name": "models/gemini-3.5-flash",
    "baseModelId": "gemini-3.5-flash",
    "version": "001",
    "displayName": "Gemini 3.5 Flash",
    "inputTokenLimit": 1048576,
    "outputTokenLimit": 65536,
    "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    "thinking": True,
    "temperature": Decimal(1),
    "maxTemperature": Decimal(2),
    "topP": Decimal("0.95"),
    "topK": 64,
}
ANTHROPIC_PAGE: AnthropicModelPage = {
    "data": [ANTHROPIC_MODEL],
    "has_more": False,
    "first_id": "claude-opus-5",
    "last_id": "claude-opus-5",
}
CODES: Mapping[str, str] = {
    "400": "invalid_parameter",
    "401": "invalid_api_key",
    "403": "ip_not_allowed",
    "404": "model_not_found",
    "405": "method_not_allowed",
    "413": "request_too_large",
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
    return {**body, "success": False, "message": error.message} if shape == "ApiError" else dict(body)


EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "OpenAIModel": OPENAI_MODEL,
    "OpenAIModelList": OpenAIModelList(success=True, object="list", data=[OPENAI_MODEL]),
    "AnthropicModel": ANTHROPIC_MODEL,
    "AnthropicModelPage": ANTHROPIC_PAGE,
    "GeminiModel": GEMINI_MODEL,
    "GeminiModelPage": GeminiModelPage(models=[GEMINI_MODEL]),
    "GeminiTunedModels": GeminiTunedModels(tunedModels=[]),
    **{shape: error_example(shape, "401") for shape in WRITERS},
}
