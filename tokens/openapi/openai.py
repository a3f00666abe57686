"""The shapes of OpenAI's dialect: tokens/dialects/openai.py."""

from tokens.api_error import CODES
from tokens.openapi.parts import Schema, array, body, ref, text, text_or_null, whole, yes_or_no

MODEL_EXAMPLE: Schema = {
    "id": "gpt-4o",
    "object": "model",
    "created": 1715558400,
    "owned_by": "openai",
    "shutdown_date": None,
    "supported_endpoint_types": ["openai", "openai-response"],
    "name": "GPT-4o",
    "context_length": 128000,
    "max_output_tokens": 16384,
}
ERROR_EXAMPLE: Schema = {
    "error": {"message": "Invalid API key", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
}
SCHEMAS: Schema = {
    "OpenAIModel": body(
        {
            "id": text("What clients send as `model`.", minLength=1),
            "object": {"const": "model"},
            "created": whole("The release date in Unix seconds; 0 when it is not known.", minimum=0),
            "owned_by": text("Who made it, as a short lower-case name."),
            "shutdown_date": text_or_null("The day it retires.", format="date"),
            "supported_endpoint_types": array(text(), "What customers may call, the preferred one first."),
            "name": text("For people."),
            "context_length": whole("Tokens; left out when not known."),
            "max_output_tokens": whole("Tokens; left out when not known."),
        },
        "A model.",
        optional=["context_length", "max_output_tokens"],
        examples=[MODEL_EXAMPLE],
    ),
    "OpenAIModelList": body(
        {
            "success": {"const": True, "description": "As new-api and its kin have it."},
            "object": {"const": "list"},
            "data": array(ref("OpenAIModel"), "Every model, newest first: this dialect has no pages."),
            "models": array(ref("CodexModel"), "Only where `client_version` was sent."),
        },
        "The list.",
        optional=["models"],
        examples=[{"success": True, "object": "list", "data": [MODEL_EXAMPLE]}],
    ),
    "CodexModel": body(
        {
            "slug": text("The model's id."),
            "display_name": text("For people."),
            "description": text(),
            "supported_reasoning_levels": array({"type": "object"}),
            "shell_type": text(),
            "visibility": text("list: offered for choice.", enum=["list", "hide", "none"]),
            "supported_in_api": yes_or_no(),
            "priority": whole("Its place in the list."),
            "upgrade": {"type": "null"},
            "base_instructions": text(),
            "supports_reasoning_summaries": yes_or_no(),
            "support_verbosity": yes_or_no(),
            "default_verbosity": {"type": "null"},
            "apply_patch_tool_type": {"type": "null"},
            "truncation_policy": body({"mode": text(), "limit": whole()}, "How long outputs of tools are cut."),
            "supports_parallel_tool_calls": yes_or_no(),
            "experimental_supported_tools": array(text()),
            "context_window": whole("Tokens; left out when not known."),
            "input_modalities": array(text(enum=["text", "image"])),
        },
        "A model as Codex reads it.",
        optional=["context_window", "input_modalities"],
    ),
    "OpenAIError": body(
        {
            "error": body(
                {
                    "message": text("A sentence for people."),
                    "type": text("The family of the error, e.g. invalid_request_error."),
                    "param": text_or_null("The parameter that is wrong."),
                    "code": text("What happened. Branch on this one.", enum=list(CODES)),
                },
                "What went wrong.",
            )
        },
        "An error.",
        examples=[ERROR_EXAMPLE],
    ),
}
