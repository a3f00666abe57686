"""The shapes of Gemini's dialect: tokens/dialects/gemini.py."""

from tokens.openapi.parts import Schema, array, body, number, ref, text, whole

MODEL_EXAMPLE: Schema = {
    "name": "models/gemini-3.8-flash",
    "baseModelId": "gemini-3.8-flash",
    "version": "001",
    "displayName": "Gemini 3.8 Flash",
    "inputTokenLimit": 1048576,
    "outputTokenLimit": 65536,
    "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    "thinking": True,
    "temperature": 1,
    "maxTemperature": 2,
    "topP": 0.95,
    "topK": 64,
}
ERROR_EXAMPLE: Schema = {
    "error": {
        "code": 401,
        "message": "Invalid API key",
        "status": "UNAUTHENTICATED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "modelbook",
                "metadata": {},
            }
        ],
    }
}
SCHEMAS: Schema = {
    "GeminiModel": body(
        {
            "name": text("`models/` and the model's id.", pattern="^models/."),
            "baseModelId": text("The model's id."),
            "version": text("The vendor's name of this edition; left out when not known."),
            "displayName": text("For people."),
            "description": text("Left out when there is none."),
            "inputTokenLimit": whole("Left out when not known."),
            "outputTokenLimit": whole("Left out when not known."),
            "supportedGenerationMethods": array(text(), "What Gemini's clients may call; empty for other models."),
            "thinking": {"const": True, "description": "Left out when it does not think or nobody knows."},
            "temperature": number("Where the caller names none; left out when not known."),
            "maxTemperature": number("The highest that it takes; left out when not known."),
            "topP": number("Where the caller names none; left out when not known."),
            "topK": whole("Where the caller names none; left out when not known."),
        },
        "A model. What is not known is left out, never null.",
        optional=[
            *("version", "description", "inputTokenLimit", "outputTokenLimit", "thinking"),
            *("temperature", "maxTemperature", "topP", "topK"),
        ],
        examples=[MODEL_EXAMPLE],
    ),
    "GeminiModelPage": body(
        {
            "models": array(ref("GeminiModel"), "The page's models, newest first."),
            "nextPageToken": text("Send it as `pageToken`; left out on the last page.", minLength=1),
        },
        "A page of the list.",
        optional=["nextPageToken"],
        examples=[{"models": [MODEL_EXAMPLE]}],
    ),
    "GeminiTunedModels": body(
        {"tunedModels": array({"type": "object"}, "Always empty.")},
        "The tuned models, of which there are none.",
        examples=[{"tunedModels": []}],
    ),
    "GeminiError": body(
        {
            "error": body(
                {
                    "code": whole("The HTTP status."),
                    "message": text("A sentence for people."),
                    "status": text("Google's name of the status, e.g. UNAUTHENTICATED."),
                    "details": array(
                        body(
                            {
                                "@type": text(),
                                "reason": text("In an ErrorInfo: what happened, e.g. API_KEY_INVALID."),
                                "domain": text("In an ErrorInfo: this service."),
                                "metadata": {"type": "object", "description": "In an ErrorInfo."},
                                "retryDelay": text("In a RetryInfo: how long to wait, e.g. 12s."),
                            },
                            "An ErrorInfo, and for 429 and 503 a RetryInfo.",
                            optional=["reason", "domain", "metadata", "retryDelay"],
                        )
                    ),
                },
                "What went wrong.",
            )
        },
        "An error.",
        examples=[ERROR_EXAMPLE],
    ),
}
