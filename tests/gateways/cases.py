"""What callers try at every gateway, and what SDKs make of its refusals."""

FORBIDDEN = ("gw-secret", "gw-draft", "gw-never-was")
# What SDKs make of a refusal: exception, status, and their word for it.
MODEL_REFUSED = {
    "openai": ("PermissionDeniedError", 403, "model_not_allowed"),
    "openai-responses": ("PermissionDeniedError", 403, "model_not_allowed"),
    "anthropic": ("PermissionDeniedError", 403, "permission_error"),
    "gemini": ("ClientError", 403, "PERMISSION_DENIED"),
}
KEY_REFUSED = {
    "openai": ("AuthenticationError", 401, "invalid_api_key"),
    "openai-responses": ("AuthenticationError", 401, "invalid_api_key"),
    "anthropic": ("AuthenticationError", 401, "authentication_error"),
    "gemini": ("ClientError", 401, "UNAUTHENTICATED"),
}
RATE_REFUSED = {
    "openai": ("RateLimitError", 429, "rate_limit_exceeded"),
    "openai-responses": ("RateLimitError", 429, "rate_limit_exceeded"),
    "anthropic": ("RateLimitError", 429, "rate_limit_error"),
    "gemini": ("ClientError", 429, "RESOURCE_EXHAUSTED"),
}
DOWN = {
    "openai": ("InternalServerError", 503, "service_unavailable"),
    "openai-responses": ("InternalServerError", 503, "service_unavailable"),
    "anthropic": ("ServiceUnavailableError", 503, "overloaded_error"),
    "gemini": ("ServerError", 503, "UNAVAILABLE"),
}
# Headers with which a caller could name another model, another address or another method than the call has.
FORGED = [
    {"x-model": "gw-chat"},
    {"x-gateway-model-name": "gw-chat"},
    {"x-ai-eg-model": "gw-chat"},
    {"x-original-uri": "/v1beta/models/gw-chat:generateContent"},
    {"x-original-url": "/v1beta/models/gw-chat:generateContent"},
    {"x-forwarded-uri": "/v1/chat/completions?model=gw-chat"},
    {"x-rewrite-url": "/v1beta/models/gw-chat:generateContent"},
    {"x-envoy-original-path": "/v1beta/models/gw-chat:generateContent"},
    {"x-envoy-auth-partial-body": "true", "x-model": "gw-chat"},
    {"x-original-method": "GET", "x-model": "gw-chat"},
    {"x-forwarded-method": "GET", "x-original-uri": "/v1/models"},
    {"x-http-method-override": "GET"},
    {"content-type": "text/plain", "x-model": "gw-chat"},
    {"content-encoding": "gzip", "x-model": "gw-chat"},
    {"x-modelbook-model": "gw-chat", "x-modelbook-key-id": "evil", "x-modelbook-reason": "evil"},
]
# Addresses that some reader takes for an allowed model's, or for none, and another one for gw-secret's.
AMBIGUOUS = [
    "/v1/engines/gw-chat/../gw-secret/completions",
    "/v1/engines/gw-chat/%2e%2e/gw-secret/completions",
    "/v1/engines/gw-chat/%2E./gw-secret/completions",
    "/v1/engines/gw-chat%2f..%2fgw-secret/completions",
    "/v1/engines/gw-chat/%252e%252e/gw-secret/completions",
    "/v1/engines//gw-secret/completions",
    "/v1/engines/gw-secret/completions",
    "/V1BETA/MODELS/gw-secret:generateContent",
    "/v1beta/models;a=b/gw-secret:generateContent",
    "/v1beta/models/gw-chat;/../gw-secret:generateContent",
    "/v1beta//models/gw-secret:generateContent",
    "//v1beta/models/gw-secret:generateContent",
    "/v1beta/models/gw-secret%3AgenerateContent",
    "/v1beta/models/gw-chat:generateContent/../gw-secret:generateContent",
    "/v1beta/models/gw-chat%5c..%5cgw-secret:generateContent",
    "/v1beta/models/gw-chat%00/../gw-secret:generateContent",
    "/v1beta/models/gw-secret:generateContent#/models/gw-chat:generateContent",
    "/model/gw-secret/invoke",
    "/openai/deployments/gw-secret/chat/completions",
    "/v1/chat/completions?Model=gw-secret",
    "/v1/chat/completions?deployment=gw-secret",
    "/v1/chat/completions?model=gw-secret&model=gw-chat",
    "v1beta/models/gw-secret:generateContent",
]
# What programs behind a gateway offer to their operators, and Modelbook to its own.
CLOSED = [
    "/",
    "/model/info",
    "/v1/model/info",
    "/get/config",
    "/config/yaml",
    "/key/generate",
    "/user/new",
    "/api/user/self",
    "/admin/",
    "/metrics",
    "/v1/chat/completions/../../model/info",
    "/v1/models/../../model/info",
    "/v1/chat/completions/%2e%2e/%2e%2e/get/config",
    "/authorize",
    "/api/authorize",
]
