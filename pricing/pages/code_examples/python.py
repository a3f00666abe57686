"""Examples for Python: the vendor's SDK where there is one, else requests. Imports no models."""

import re
from collections.abc import Mapping

from pricing.pages.code_examples.bodies import HELLO, JSON, PICTURE, body_of, headers_of, key_header
from pricing.pages.code_examples.endpoints import Target
from pricing.pages.code_examples.jobs import SECONDS, Job, job_of
from pricing.pages.code_examples.literals import pretty, quoted

KEY = 'os.environ["API_KEY"]'
# Kind -> (the method of OpenAI's SDK, what is printed of its result).
OPENAI_CALLS: Mapping[str, tuple[str, str]] = {
    "chat": ("chat.completions.create", "response.choices[0].message.content"),
    "completion": ("completions.create", "response.choices[0].text"),
    "responses": ("responses.create", "response.output_text"),
    "compaction": ("responses.compact", "response.to_json()"),
    "embeddings": ("embeddings.create", "response.data[0].embedding"),
    "moderation": ("moderations.create", "response.results[0].to_json()"),
}
# Ids that Gemini's SDKs put into an address unchanged.
PLAIN_ID = re.compile(r"(?!models/|tunedModels/|.*\.\.)[A-Za-z0-9._:/@+-]+")


def python(target: Target) -> str:
    if target.root:
        if target.kind in OPENAI_CALLS:
            call, result = OPENAI_CALLS[target.kind]
            return _openai(target, f"response = client.{call}(\n{_arguments(body_of(target))})\nprint({result})")
        match target.kind:
            case "speech":
                return _speech(target)
            case "transcription":
                return _transcription(target)
            case "image":
                return _image(target)
            case "video":
                return _video(target)
            case "messages":
                return _anthropic(target)
        if target.kind.startswith("gemini") and PLAIN_ID.fullmatch(target.model):
            return _gemini(target)
        if job := job_of(target):
            return _job(target, job)
    return _requests(target)


def _openai(target: Target, code: str, *, modules: tuple[str, ...] = (), third_party: str = "") -> str:
    imports = "\n".join(f"import {name}" for name in sorted(("os", *modules)))
    client = f"client = OpenAI(base_url={quoted(target.root)}, api_key={KEY})"
    return f"{imports}\n\n{third_party}from openai import OpenAI\n\n{client}\n{code}"


def _speech(target: Target) -> str:
    return _openai(
        target,
        "with client.audio.speech.with_streaming_response.create(\n"
        f"{_arguments(body_of(target))}) as response:\n"
        '    response.stream_to_file("speech.mp3")',
    )


def _transcription(target: Target) -> str:
    return _openai(
        target,
        'with open("audio.mp3", "rb") as file:\n'
        f"    response = client.audio.transcriptions.create(model={quoted(target.model)}, file=file)\n"
        "print(response.text)",
    )


def _image(target: Target) -> str:
    return _openai(
        target,
        f"image = client.images.generate(\n{_arguments(body_of(target))}).data[0]\n"
        + _save_image("image.b64_json", "image.b64_json", "image.url"),
        modules=("base64",),
        third_party="import requests\n",
    )


def _save_image(is_here: str, picture: str, address: str) -> str:
    return (
        "# Some vendors return the picture, others its address.\n"
        f"if {is_here}:\n    content = base64.b64decode({picture})\n"
        f"else:\n    response = requests.get({address})\n    response.raise_for_status()\n"
        '    content = response.content\nwith open("image.png", "wb") as file:\n    file.write(content)'
    )


def _save_part(parts: str, name: str, content: str, answer: str) -> str:
    """Saves the first picture among the parts of an answer, which may be a text instead."""
    return (
        f"pictures = [{content} for part in {parts} if {name}]\n"
        f"if not pictures:\n    raise SystemExit({answer})\n"
        'with open("image.png", "wb") as file:\n    file.write(pictures[0])'
    )


def _video(target: Target) -> str:
    return _openai(
        target,
        f"video = client.videos.create_and_poll(\n{_arguments(body_of(target))})\n"
        'if video.status != "completed":\n'
        "    raise SystemExit(video.to_json())\n"
        'client.videos.download_content(video.id).write_to_file("video.mp4")',
    )


def _anthropic(target: Target) -> str:
    return (
        "import os\n\nfrom anthropic import Anthropic\n\n"
        f"client = Anthropic(base_url={quoted(target.root)}, api_key={KEY})\n"
        f"response = client.messages.create(\n{_arguments(body_of(target))})\n"
        # Thoughts are blocks, too, and come first.
        'for block in response.content:\n    if block.type == "text":\n        print(block.text)'
    )


def _gemini(target: Target) -> str:
    call, contents, result = "generate_content", HELLO, "print(response.text)"
    if target.kind == "gemini-image":
        contents = PICTURE
        result = _save_part(
            "response.parts or []", "part.inline_data", "part.inline_data.data", "response.model_dump_json()"
        )
    elif target.kind == "gemini-embedding":
        call, result = "embed_content", "print(response.embeddings[0].values)"
    return (
        "import os\n\nfrom google import genai\n\n"
        f'options = {{"base_url": {quoted(target.root)}, "api_version": "v1beta"}}\n'
        f"client = genai.Client(api_key={KEY}, http_options=options)\n"
        f"response = client.models.{call}(\n{_arguments({'model': target.model, 'contents': contents})})\n{result}"
    )


def _job(target: Target, job: Job) -> str:
    address = quoted(target.root + job.before) + " + task_id" + (f" + {quoted(job.after)}" if job.after else "")
    waiting = ", ".join(map(quoted, job.waiting))
    return (
        f"import os\nimport time\n\nimport requests\n\nkey = {_headers(target, extra=False)}\n"
        f"{_post(target, headers=_with_extra(target, 'key'))}"
        f"task_id = response.json(){_path(job.id)}\n"
        f"while True:\n    response = requests.get({address}, headers=key)\n"
        "    if not response.ok:\n        raise SystemExit(response.text)\n"
        f"    if response.json(){_path(job.status)} not in ({waiting}):\n        break\n"
        f"    time.sleep({SECONDS})\nprint(response.text)"
    )


def _requests(target: Target) -> str:
    start = f"import os\n\nimport requests\n\n{_post(target, headers=_headers(target))}"
    match target.kind:
        case "speech":
            return start + 'with open("speech.mp3", "wb") as file:\n    file.write(response.content)'
        case "gemini-image":
            parts = 'response.json()["candidates"][0].get("content", {}).get("parts", [])'
            content = 'base64.b64decode(part["inlineData"]["data"])'
            return f"import base64\n{start}" + _save_part(parts, '"inlineData" in part', content, "response.text")
        case "image":
            picture = _save_image('image.get("b64_json")', 'image["b64_json"]', 'image["url"]')
            return f'import base64\n{start}image = response.json()["data"][0]\n{picture}'
    return start + "print(response.text)"


def _post(target: Target, *, headers: str) -> str:
    if target.kind != "transcription":
        sent = f"    json={pretty(body_of(target), indent=4)},\n"
    else:
        sent = f'    data={{"model": {quoted(target.model)}}},\n    files={{"file": open("audio.mp3", "rb")}},\n'
    return (
        f"response = requests.post(\n    {quoted(target.address)},\n    headers={headers},\n{sent})\n"
        "if not response.ok:\n    raise SystemExit(response.text)\n"
    )


def _headers(target: Target, *, extra: bool = True) -> str:
    name, before = key_header(target)
    key = f"{quoted(before)} + {KEY}" if before else KEY
    others = [f"{quoted(name)}: {quoted(value)}" for name, value in headers_of(target)] if extra else []
    return "{" + ", ".join([f"{quoted(name)}: {key}", *others]) + "}"


def _with_extra(target: Target, name: str) -> str:
    others = dict(headers_of(target))
    return f"{name} | {quoted(others)}" if others else name


def _path(names: tuple[str, ...]) -> str:
    return "".join(f"[{quoted(name)}]" for name in names)


def _arguments(body: JSON) -> str:
    return "".join(f"    {name}={quoted(value)},\n" for name, value in body.items())
