"""Code examples with curl for a POSIX shell."""

import re

from pricing.docs.examples.literals import VARIABLE, Syntax, quoted
from pricing.docs.examples.requests import Request

COMPUTED = {"NOW": "$(date -u +%Y-%m-%dT%H:%M:%SZ)", "UUID": "$(openssl rand -hex 16)"}


def curl(request: Request, base: str) -> str:
    """The command; `base` is the address of the service without a slash at the end."""
    # curl sends a body with POST.
    method = "" if request.method == ("GET" if request.body is None else "POST") else f"-X {request.method} "
    # An empty answer has only its status and headers to show.
    shown = "-i " if request.answer == "nothing" else ""
    lines = [f"curl {shown}{method}{_in_double_quotes(base + request.path)}"]
    lines += [f"-H {_in_double_quotes(f'{name}: {value}')}" for name, value in request.headers.items()]
    if request.body is not None:
        lines.append(f"-d {_in_single_quotes(JSON.literal(request.body))}")
    return " \\\n  ".join(lines)


def _in_double_quotes(text: str) -> str:
    return f'"{VARIABLE.sub(_expand, text)}"'


def _in_single_quotes(text: str) -> str:
    escaped = text.replace("'", "'\\''")
    return "'" + VARIABLE.sub(lambda match: f"""'"{_expand(match)}"'""", escaped) + "'"


def _expand(match: re.Match[str]) -> str:
    return COMPUTED.get(match[1], f"${match[1]}")


# The shell expands the variables in the text.
JSON = Syntax({None: "null", True: "true", False: "false"}, "  ", quoted, quoted, last="")
