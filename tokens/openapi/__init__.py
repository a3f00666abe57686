"""The part of the OpenAPI 3.1 document that says what the model lists take and answer, one file a dialect.

Plain dicts, written by hand beside the dialects: the answers are no serializers' work, so no generator could read their
shapes off. Tests hold every route, every real answer and every field to it. The examples of errors are the
dialects' own.
"""

from typing import Any

from tokens.openapi import addresses, anthropic, gemini, keys, openai, platform
from tokens.openapi.parts import HEADERS, PARAMETERS, SECURITY_SCHEMES

Document = dict[str, Any]

PATHS: Document = addresses.PATHS | keys.PATHS | platform.PATHS
SCHEMAS: Document = openai.SCHEMAS | anthropic.SCHEMAS | gemini.SCHEMAS | keys.SCHEMAS

__all__ = ["HEADERS", "PARAMETERS", "PATHS", "SCHEMAS", "SECURITY_SCHEMES", "Document"]
