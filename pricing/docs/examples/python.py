"""Code examples in Python: with the vendor's SDK where it calls the operation, else with requests."""

import re

from pricing.docs.examples.literals import VARIABLE, WIDTH, Syntax, quoted
from pricing.docs.examples.requests import Request
from pricing.docs.examples.sdks import Dialect, call_of

COMPUTED = {"NOW": "datetime.now(UTC).isoformat()", "UUID": "str(uuid.uuid4())"}
IMPORTS = {"NOW": "from datetime import UTC, datetime", "UUID": "import uuid"}


def python(request: Request, base: str) -> str:
    """The program; `base` is the address of the service without a slash at the end."""
    if call := call_of(request):
        return _with_sdk(call.dialect, base + call.prefix, call.version, call.model, tuned=call.tuned)
    names = set(VARIABLE.findall(f"{request.path}{request.headers}{request.body}"))
    standard = ["import os"] if names - COMPUTED.keys() else []
    standard = sorted([*standard, *(IMPORTS[name] for name in names & IMPORTS.keys())], key=lambda line: line[0] == "f")
    lines = [*standard, *([""] if standard else []), "import requests", ""]
    arguments = [SYNTAX.literal(base + request.path)]
    # requests states the type of the body itself.
    headers = {name: value for name, value in request.headers.items() if name != "Content-Type"}
    if headers:
        arguments.append(f"headers={SYNTAX.literal(headers, depth=1, room=70)}")
    if request.body is not None:
        arguments.append(f"json={SYNTAX.literal(request.body, depth=1, room=70)}")
    lines.append(_call(f"requests.{request.method.lower()}", [*arguments, "timeout=30"]))
    lines.append("response.raise_for_status()")
    shown = {"json": "response.json()", "text": "response.text", "nothing": "response.status_code"}[request.answer]
    return "\n".join([*lines, f"print({shown})"])


def _with_sdk(dialect: Dialect, address: str, version: str, model: str, *, tuned: bool) -> str:
    if dialect is Dialect.GEMINI:
        options = f'{{"base_url": "{address}", "api_version": "{version}"}}'
        lines = ["import os", "", "from google import genai", ""]
        lines += ["client = genai.Client(", '    api_key=os.environ["KEY"],', f"    http_options={options},", ")"]
        listed = 'client.models.list(config={"query_base": False})' if tuned else "client.models.list()"
        single, shown = f'client.models.get(model="{model}")', "model.name"
    else:
        package, client = ("openai", "OpenAI") if dialect is Dialect.OPENAI else ("anthropic", "Anthropic")
        lines = ["import os", "", f"from {package} import {client}", ""]
        lines.append(f'client = {client}(base_url="{address}", api_key=os.environ["KEY"])')
        listed, single, shown = "client.models.list()", f'client.models.retrieve("{model}")', "model.id"
    if model:
        return "\n".join([*lines, f"model = {single}", "print(model)"])
    return "\n".join([*lines, f"for model in {listed}:", f"    print({shown})"])


def _call(function: str, arguments: list[str]) -> str:
    """The call on one line if it fits."""
    one_line = f"response = {function}({', '.join(arguments)})"
    if len(one_line) <= WIDTH:
        return one_line
    return "\n".join([f"response = {function}(", *(f"    {argument}," for argument in arguments), ")"])


def _expression(text: str) -> str:
    whole = VARIABLE.fullmatch(text)
    if whole:
        return COMPUTED.get(whole[1], f'os.environ["{whole[1]}"]')
    return 'f"' + VARIABLE.sub(_inside, text) + '"'


def _inside(match: re.Match[str]) -> str:
    return f"{{os.environ['{match[1]}']}}"


SYNTAX = Syntax({None: "None", True: "True", False: "False"}, "    ", _expression, quoted)
