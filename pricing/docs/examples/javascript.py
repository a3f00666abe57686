"""Code examples in JavaScript: with the vendor's SDK where it calls the operation, else with fetch."""

import re

from pricing.docs.examples.literals import VARIABLE, Syntax, quoted
from pricing.docs.examples.requests import Request
from pricing.docs.examples.sdks import Dialect, call_of

IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
COMPUTED = {"NOW": "new Date().toISOString()", "UUID": "crypto.randomUUID()"}


def javascript(request: Request, base: str) -> str:
    """The program, a module; `base` is the address of the service without a slash at the end."""
    if call := call_of(request):
        return _with_sdk(call.dialect, base + call.prefix, call.version, call.model, tuned=call.tuned)
    options = [] if request.method == "GET" else [f'method: "{request.method}",']
    if request.headers:
        options.append(f"headers: {SYNTAX.literal(dict(request.headers), depth=1, room=70)},")
    if request.body is not None:
        options.append(f"body: JSON.stringify({SYNTAX.literal(request.body, depth=1, room=60)}),")
    address = SYNTAX.literal(base + request.path)
    lines = [f"const response = await fetch({address});"]
    if options:
        lines = [f"const response = await fetch({address}, {{", *(f"  {option}" for option in options), "});"]
    lines.append("if (!response.ok) throw new Error(await response.text());")
    shown = {"json": "await response.json()", "text": "await response.text()", "nothing": "response.status"}
    return "\n".join([*lines, f"console.log({shown[request.answer]});"])


def _with_sdk(dialect: Dialect, address: str, version: str, model: str, *, tuned: bool) -> str:
    key = "apiKey: process.env.KEY"
    if dialect is Dialect.GEMINI:
        options = f'{{ baseUrl: "{address}", apiVersion: "{version}" }}'
        lines = ['import { GoogleGenAI } from "@google/genai";', "", "const client = new GoogleGenAI({"]
        lines += [f"  {key},", f"  httpOptions: {options},", "});"]
        listed = f"await client.models.list({'{ config: { queryBase: false } }' if tuned else ''})"
        single, shown = f'await client.models.get({{ model: "{model}" }})', "model.name"
    else:
        name, package = ("OpenAI", "openai") if dialect is Dialect.OPENAI else ("Anthropic", "@anthropic-ai/sdk")
        lines = [f'import {name} from "{package}";', ""]
        lines.append(f"const client = new {name}({{ baseURL: {quoted(address)}, {key} }});")
        listed, single, shown = "client.models.list()", f'await client.models.retrieve("{model}")', "model.id"
    if model:
        return "\n".join([*lines, f"const model = {single};", "console.log(model);"])
    return "\n".join([*lines, f"for await (const model of {listed}) {{", f"  console.log({shown});", "}"])


def _name(text: str) -> str:
    return text if IDENTIFIER.fullmatch(text) else quoted(text)


def _expression(text: str) -> str:
    whole = VARIABLE.fullmatch(text)
    if whole:
        return COMPUTED.get(whole[1], f"process.env.{whole[1]}")
    return "`" + VARIABLE.sub(_inside, text) + "`"


def _inside(match: re.Match[str]) -> str:
    return f"${{process.env.{match[1]}}}"


SYNTAX = Syntax({None: "null", True: "true", False: "false"}, "  ", _expression, _name, inside_braces=" ")
