"""The errors of the API: their codes, statuses and messages, and the exception that carries one. Pure."""

from collections.abc import Mapping

from tokens.logs import scrub

# Code -> (status, message). The codes are part of the API: clients branch on them.
CODES: Mapping[str, tuple[int, str]] = {
    "invalid_parameter": (400, "A parameter is not valid."),
    "bad_request": (400, "The request is not valid."),
    "invalid_body": (400, "The body of the request cannot be read in exactly one way."),
    "missing_api_key": (401, "No API key was sent. Send it as `Authorization: Bearer <key>`."),
    "invalid_api_key": (401, "Invalid API key"),
    "key_expired": (401, "This API key has expired."),
    "key_disabled": (401, "This API key is disabled."),
    "key_not_yet_valid": (401, "This API key is not valid yet."),
    "ip_not_allowed": (403, "This API key is not allowed from this IP address."),
    "model_not_named": (
        403,
        "The call states no model. Its gateway must send its body, its address, or a header of the gateway's own.",
    ),
    "ambiguous_address": (403, "The address of the call can be read in more than one way."),
    "model_not_allowed": (403, "The model does not exist, or this API key has no access to it."),
    "model_retired": (403, "The model is retired."),
    "endpoint_not_supported": (403, "The model does not support this endpoint."),
    "insufficient_quota": (403, "The budget of this API key is used up."),
    "permission_denied": (403, "This API key does not have permission for this request."),
    "not_found": (404, "This address does not exist."),
    "model_not_found": (404, "The model does not exist, or this API key has no access to it."),
    "method_not_allowed": (405, "This address does not support this method."),
    "request_timeout": (408, "The request did not arrive in time."),
    "request_too_large": (413, "The body of the request is too large."),
    "address_too_long": (414, "The address is too long."),
    "expectation_failed": (417, "This server does not support any Expect value other than 100-continue."),
    "rate_limit_exceeded": (429, "Too many requests."),
    "headers_too_large": (431, "The request has too many headers, or its headers are too large."),
    "not_implemented": (501, "This server does not support this transfer coding."),
    "internal_error": (500, "Something went wrong on our side."),
    "service_unavailable": (503, "The service is not available right now. Try again in a moment."),
}


CATALOG_ONLY = "This service is a catalog only: it lists models and prices and does not accept chat requests."


class ApiError(Exception):
    """An error for the caller: a code of CODES, and a message if the code's own is not specific enough."""

    def __init__(
        self, code: str, message: str = "", *, param: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.code = code
        self.status, default_message = CODES[code]
        # A caller may have sent a key in a wrong place; a response never repeats one.
        self.message = scrub(message or default_message)
        self.param = param
        self.headers = dict(headers or {})
        super().__init__(self.message)
