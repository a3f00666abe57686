"""Code examples that call a model with curl, Python and JavaScript, for each endpoint type. Imports no models."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

JSON = dict[str, Any]
HELLO = "Hello!"
KEY = "YOUR_API_KEY"

CHAT: JSON = {"messages": [{"role": "user", "content": HELLO}]}
# Endpoint type -> the body of a first request, without the model.
BODIES: Mapping[str, JSON] = {
    "openai": CHAT,
    "anthropic": {"max_tokens": 1024} | CHAT,
    "openai-response": {"input": HELLO},
    "openai-response-compact": {"input": HELLO},
    "gemini": {"contents": [{"parts": [{"text": HELLO}]}]},
    "embeddings": {"input": HELLO},
    "jina-rerank": {"query": "a greeting", "documents": [HELLO, "Goodbye."]},
    "image-generation": {"prompt": "A lighthouse at dawn"},
    "openai-video": {"prompt": "A lighthouse at dawn"},
    "audio-speech": {"input": HELLO, "voice": "alloy"},
}
PROMPT: JSON = {"prompt": "A lighthouse at dawn"}
# Endpoint type -> (the method of OpenAI's SDKs, the part of its result that is printed).
OPENAI_CALLS: Mapping[str, tuple[str, str]] = {
    "openai": ("chat.completions.create", "choices[0].message.content"),
    "openai-response": ("responses.create", "output_text"),
    "embeddings": ("embeddings.create", "data[0].embedding"),
    "image-generation": ("images.generate", "data[0]"),
}


@dataclass(frozen=True)
class Snippet:
    language: str
    code: str


@dataclass(frozen=True)
class Endpoint:
    """An endpoint: the name of its type, its label, and its method and path at the gateway."""

    name: str
    label: str
    method: str
    path: str


def snippets(endpoint: Endpoint, model: str, *, base: str) -> tuple[Snippet, ...]:
    """The code examples for one endpoint; `base` is the address of the gateway without a slash at the end."""
    address = base + endpoint.path.replace("{model}", quote(model, safe="/:@"))
    body = BODIES.get(endpoint.name, PROMPT)
    if endpoint.name != "gemini":
        body = {"model": model} | body
    return (
        Snippet("curl", _curl(endpoint, address, body)),
        Snippet("Python", _python(endpoint, model, base, address, body)),
        Snippet("JavaScript", _javascript(endpoint, model, base, address, body)),
    )


def _headers(endpoint: Endpoint) -> dict[str, str]:
    if endpoint.name == "anthropic":
        return {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    return {"x-goog-api-key": KEY} if endpoint.name == "gemini" else {"Authorization": f"Bearer {KEY}"}


def _curl(endpoint: Endpoint, address: str, body: JSON) -> str:
    lines = [f"curl {_shell(address)}", *(f'-H "{name}: {value}"' for name, value in _headers(endpoint).items())]
    if endpoint.method == "POST":
        lines += ['-H "Content-Type: application/json"', f"-d {_shell(_pretty(body))}"]
    return " \\\n  ".join(lines)


def _python(endpoint: Endpoint, model: str, base: str, address: str, body: JSON) -> str:
    if endpoint.name in OPENAI_CALLS:
        call, result = OPENAI_CALLS[endpoint.name]
        return (
            "from openai import OpenAI\n\n"
            f"client = OpenAI(base_url={_quoted(base + '/v1')}, api_key={_quoted(KEY)})\n"
            f"answer = client.{call}(\n{_arguments(body)})\n"
            f"print(answer.{result})"
        )
    if endpoint.name == "anthropic":
        return (
            "from anthropic import Anthropic\n\n"
            f"client = Anthropic(base_url={_quoted(base)}, api_key={_quoted(KEY)})\n"
            f"answer = client.messages.create(\n{_arguments(body)})\n"
            "print(answer.content[0].text)"
        )
    if endpoint.name == "gemini":
        return (
            "from google import genai\n\n"
            f"client = genai.Client(api_key={_quoted(KEY)}, http_options={{{_quoted('base_url')}: {_quoted(base)}}})\n"
            f"answer = client.models.generate_content(model={_quoted(model)}, contents={_quoted(HELLO)})\n"
            "print(answer.text)"
        )
    sent = f",\n    json={_pretty(body, indent=4)}" if endpoint.method == "POST" else ""
    return (
        "import requests\n\n"
        f"answer = requests.{endpoint.method.lower()}(\n    {_quoted(address)},\n"
        f"    headers={json.dumps(_headers(endpoint))}{sent},\n)\nprint(answer.text)"
    )


def _javascript(endpoint: Endpoint, model: str, base: str, address: str, body: JSON) -> str:
    if endpoint.name in OPENAI_CALLS:
        call, result = OPENAI_CALLS[endpoint.name]
        return (
            'import OpenAI from "openai";\n\n'
            f"const client = new OpenAI({{ baseURL: {_quoted(base + '/v1')}, apiKey: {_quoted(KEY)} }});\n"
            f"const answer = await client.{call}({_pretty(body)});\n"
            f"console.log(answer.{result});"
        )
    if endpoint.name == "anthropic":
        return (
            'import Anthropic from "@anthropic-ai/sdk";\n\n'
            f"const client = new Anthropic({{ baseURL: {_quoted(base)}, apiKey: {_quoted(KEY)} }});\n"
            f"const answer = await client.messages.create({_pretty(body)});\n"
            "console.log(answer.content[0].text);"
        )
    if endpoint.name == "gemini":
        return (
            'import { GoogleGenAI } from "@google/genai";\n\n'
            "const client = new GoogleGenAI({\n"
            f"  apiKey: {_quoted(KEY)},\n  httpOptions: {{ baseUrl: {_quoted(base)} }},\n}});\n"
            f"const answer = await client.models.generateContent({_pretty({'model': model, 'contents': HELLO})});\n"
            "console.log(answer.text);"
        )
    headers = _headers(endpoint) | ({"Content-Type": "application/json"} if endpoint.method == "POST" else {})
    sent = f"\n  body: JSON.stringify({_pretty(body, indent=2)})," if endpoint.method == "POST" else ""
    return (
        f"const answer = await fetch({_quoted(address)}, {{\n  method: {_quoted(endpoint.method)},\n"
        f"  headers: {json.dumps(headers)},{sent}\n}});\nconsole.log(await answer.text());"
    )


def _arguments(body: JSON) -> str:
    return "".join(f"    {name}={_quoted(value)},\n" for name, value in body.items())


def _quoted(value: Any) -> str:
    """A literal for Python and for JavaScript."""
    return json.dumps(value, ensure_ascii=False)


def _pretty(body: JSON, *, indent: int = 0) -> str:
    return json.dumps(body, ensure_ascii=False, indent=2).replace("\n", "\n" + " " * indent)


def _shell(text: str) -> str:
    """The text in single quotes, so that the shell does not change it."""
    return "'" + text.replace("'", "'\\''") + "'"
