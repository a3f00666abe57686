"""The shapes of Anthropic's dialect: tokens/dialects/anthropic.py."""

from tokens.api_error import CODES
from tokens.openapi.parts import Schema, array, body, ref, text, text_or_null, whole_or_null, yes_or_no

MODEL_EXAMPLE: Schema = {
    "type": "model",
    "id": "claude-opus-5-5",
    "display_name": "Claude Opus 5.5",
    "created_at": "2026-09-10T00:00:00Z",
    "lifecycle": "active",
    "deprecated_at": None,
    "retires_at": None,
    "line": "opus",
    "max_input_tokens": 1000000,
    "max_tokens": 128000,
    "capabilities": None,
}
ERROR_EXAMPLE: Schema = {
    "type": "error",
    "error": {
        "type": "authentication_error",
        "message": "Invalid API key",
        "details": {"error_code": "invalid_api_key"},
    },
    "request_id": "req_0123456789abcdef01234567",
}


def support(description: str, *names: str) -> Schema:
    """Whether a thing is supported, and its parts."""
    parts = {name: ref("AnthropicSupport") for name in names}
    return body({"supported": yes_or_no(), **parts}, description)


SCHEMAS: Schema = {
    "AnthropicModel": body(
        {
            "type": {"const": "model"},
            "id": text("What clients send as `model`; an alias is answered with the model's own id.", minLength=1),
            "display_name": text("For people."),
            "created_at": text("The release date; 1970 when it is not known.", format="date-time"),
            "lifecycle": text("The stage today (UTC).", enum=["active", "deprecated", "retired"]),
            "deprecated_at": text_or_null("null while it is active.", format="date-time"),
            "retires_at": text_or_null("null while it is active.", format="date-time"),
            "line": {
                "type": ["string", "null"],
                "enum": ["haiku", "sonnet", "opus", "fable", "mythos", None],
                "description": "null for other vendors' models.",
            },
            "max_input_tokens": whole_or_null("null when not known."),
            "max_tokens": whole_or_null("Tokens of output; null when not known."),
            "capabilities": {
                "anyOf": [ref("AnthropicCapabilities"), {"type": "null"}],
                "description": "null when not known.",
            },
        },
        "A model.",
        examples=[MODEL_EXAMPLE],
    ),
    "AnthropicModelPage": body(
        {
            "data": array(ref("AnthropicModel"), "The page's models, newest first."),
            "has_more": yes_or_no("Whether more follow in the direction of travel."),
            "first_id": text_or_null("Send it as `before_id` to go back; null on an empty page."),
            "last_id": text_or_null("Send it as `after_id` to go on; null on an empty page."),
        },
        "A page of the list.",
        examples=[
            {"data": [MODEL_EXAMPLE], "has_more": False, "first_id": "claude-opus-5-5", "last_id": "claude-opus-5-5"}
        ],
    ),
    "AnthropicSupport": body({"supported": yes_or_no()}, "Whether the model can do it."),
    "AnthropicCapabilities": body(
        {
            "batch": support("Requests that wait for their turn."),
            "citations": support("Says where in a document an answer stands."),
            "code_execution": support("Runs code in a sandbox."),
            "context_management": support(
                "Clears what a long conversation no longer needs.",
                *("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112"),
            ),
            "effort": support("How hard to think.", "low", "medium", "high", "xhigh", "max"),
            "image_input": support("Understands pictures."),
            "pdf_input": support("Reads PDF files."),
            "server_tools": support("Tools on the vendor's servers.", "web_search", "code_execution"),
            "structured_outputs": support("Answers in a JSON schema."),
            "thinking": body(
                {
                    "supported": yes_or_no(),
                    "types": body(
                        {
                            name: ref("AnthropicSupport")
                            for name in ("adaptive", "enabled", "disabled", "between_tools")
                        },
                        "The ways to think.",
                    ),
                },
                "Thinks before it answers.",
            ),
        },
        "What the model can do.",
    ),
    "AnthropicError": body(
        {
            "type": {"const": "error"},
            "error": body(
                {
                    "type": text("The family of the error, e.g. authentication_error."),
                    "message": text("A sentence for people."),
                    "details": body(
                        {"error_code": text("What happened. Branch on this one.", enum=list(CODES))}, "The cause."
                    ),
                },
                "What went wrong.",
            ),
            "request_id": text("As in the header."),
        },
        "An error.",
        examples=[ERROR_EXAMPLE],
    ),
}
