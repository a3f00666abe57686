"""Examples for JavaScript: the vendor's SDK where there is one, else fetch. Imports no models."""

from collections.abc import Mapping

from pricing.pages.code_examples.bodies import HELLO, PICTURE, body_of, headers_of, key_header
from pricing.pages.code_examples.endpoints import PATHS, Target
from pricing.pages.code_examples.jobs import SECONDS, Job, job_of
from pricing.pages.code_examples.literals import pretty, quoted
from pricing.pages.code_examples.python import PLAIN_ID

KEY = "process.env.API_KEY"
WRITE = 'import { writeFile } from "node:fs/promises";\n'
# Kind -> (the method of OpenAI's SDK, what is printed of its result).
OPENAI_CALLS: Mapping[str, tuple[str, str]] = {
    "chat": ("chat.completions.create", "response.choices[0].message.content"),
    "completion": ("completions.create", "response.choices[0].text"),
    "responses": ("responses.create", "response.output_text"),
    "compaction": ("responses.compact", "JSON.stringify(response)"),
    # Some vendors refuse base64, which embeddings.create asks for, others float.
    "embeddings": ("post", "response.data[0].embedding"),
    "moderation": ("moderations.create", "response.results[0]"),
}
WAIT = f"await new Promise((resolve) => setTimeout(resolve, {SECONDS}_000));"
CHECK = "if (!response.ok) throw new Error(await response.text());\n"


def javascript(target: Target) -> str:
    if target.root:
        if target.kind in OPENAI_CALLS:
            return _openai(target, _call(target))
        match target.kind:
            case "speech":
                return WRITE + _openai(
                    target,
                    f"const speech = await client.audio.speech.create({pretty(body_of(target))});\n"
                    'await writeFile("speech.mp3", Buffer.from(await speech.arrayBuffer()));',
                )
            case "transcription":
                return 'import { createReadStream } from "node:fs";\n' + _openai(
                    target,
                    f"const response = await client.audio.transcriptions.create({{\n  model: {quoted(target.model)},\n"
                    '  file: createReadStream("audio.mp3"),\n});\nconsole.log(response.text);',
                )
            case "image":
                return WRITE + _openai(
                    target,
                    f"const {'{'} data: [image] {'}'} = await client.images.generate({pretty(body_of(target))});\n"
                    + _save_image(),
                )
            case "video":
                return WRITE + _openai(target, _video(target))
            case "messages":
                return _anthropic(target)
        if target.kind.startswith("gemini") and PLAIN_ID.fullmatch(target.model):
            return _gemini(target)
        if job := job_of(target):
            return _job(target, job)
    return _fetch(target)


def _openai(target: Target, code: str) -> str:
    client = f"const client = new OpenAI({{ baseURL: {quoted(target.root)}, apiKey: {KEY} }});"
    return f'import OpenAI from "openai";\n\n{client}\n{code}'


def _call(target: Target) -> str:
    call, result = OPENAI_CALLS[target.kind]
    sent = pretty(body_of(target))
    if call == "post":
        sent = f"{quoted(PATHS[target.kind])}, {{ body: {sent} }}"
    return f"const response = await client.{call}({sent});\nconsole.log({result});"


def _save_image() -> str:
    return (
        "// Some vendors return the picture, others its address.\n"
        'let content;\nif (image.b64_json) {\n  content = Buffer.from(image.b64_json, "base64");\n} else {\n'
        f"  const response = await fetch(image.url);\n  {CHECK}"
        '  content = Buffer.from(await response.arrayBuffer());\n}\nawait writeFile("image.png", content);'
    )


def _save_part(answer: str) -> str:
    """Saves the first picture among the parts of an answer, which may be a text instead."""
    return (
        f"const picture = {answer}.candidates?.[0].content?.parts?.find((part) => part.inlineData);\n"
        f"if (!picture) throw new Error(JSON.stringify({answer}));\n"
        'await writeFile("image.png", Buffer.from(picture.inlineData.data, "base64"));'
    )


def _video(target: Target) -> str:
    return (
        f"let video = await client.videos.create({pretty(body_of(target))});\n"
        f'while (["queued", "in_progress"].includes(video.status)) {{\n  {WAIT}\n'
        "  video = await client.videos.retrieve(video.id);\n}\n"
        'if (video.status !== "completed") throw new Error(JSON.stringify(video));\n'
        "const content = await client.videos.downloadContent(video.id);\n"
        'await writeFile("video.mp4", Buffer.from(await content.arrayBuffer()));'
    )


def _anthropic(target: Target) -> str:
    return (
        'import Anthropic from "@anthropic-ai/sdk";\n\n'
        f"const client = new Anthropic({{ baseURL: {quoted(target.root)}, apiKey: {KEY} }});\n"
        f"const response = await client.messages.create({pretty(body_of(target))});\n"
        # Thoughts are blocks, too, and come first.
        'for (const block of response.content) {\n  if (block.type === "text") console.log(block.text);\n}'
    )


def _gemini(target: Target) -> str:
    call, contents, start, result = "generateContent", HELLO, "", "console.log(response.text);"
    if target.kind == "gemini-image":
        start, contents, result = WRITE, PICTURE, _save_part("response")
    elif target.kind == "gemini-embedding":
        call, result = "embedContent", "console.log(response.embeddings[0].values);"
    sent = pretty({"model": target.model, "contents": contents})
    return (
        f'{start}import {{ GoogleGenAI }} from "@google/genai";\n\n'
        f"const client = new GoogleGenAI({{\n  apiKey: {KEY},\n"
        f'  httpOptions: {{ baseUrl: {quoted(target.root)}, apiVersion: "v1beta" }},\n}});\n'
        f"const response = await client.models.{call}({sent});\n{result}"
    )


def _job(target: Target, job: Job) -> str:
    address = quoted(target.root + job.before) + " + id" + (f" + {quoted(job.after)}" if job.after else "")
    status = ".".join(("job", *job.status))
    return (
        f"const key = {_headers(target)};\n"
        "async function call(address, options) {\n  const response = await fetch(address, options);\n"
        f"  {CHECK}  return response.json();\n}}\n\n"
        f'const started = await call({quoted(target.address)}, {{\n  method: "POST",\n'
        f"  headers: {{ ...key, {_others(target)} }},\n"
        f"  body: JSON.stringify({pretty(body_of(target), indent=2)}),\n}});\n"
        f"const id = {'.'.join(('started', *job.id))};\nlet job;\ndo {{\n"
        f"  if (job) {WAIT}\n"
        f"  job = await call({address}, {{ headers: key }});\n"
        f"}} while ([{', '.join(map(quoted, job.waiting))}].includes({status}));\nconsole.log(JSON.stringify(job));"
    )


def _fetch(target: Target) -> str:
    headers = _headers(target)
    if target.kind == "transcription":
        start = (
            'import { openAsBlob } from "node:fs";\n\nconst form = new FormData();\n'
            f'form.append("model", {quoted(target.model)});\n'
            'form.append("file", await openAsBlob("audio.mp3"), "audio.mp3");\n'
        )
        sent = "  body: form,\n"
    else:
        start = f"{WRITE}\n" if target.kind in ("image", "gemini-image", "speech") else ""
        headers = f"{{ {headers[2:-2]}, {_others(target)} }}"
        sent = f"  body: JSON.stringify({pretty(body_of(target), indent=2)}),\n"
    match target.kind:
        case "speech":
            result = 'await writeFile("speech.mp3", Buffer.from(await response.arrayBuffer()));'
        case "image":
            result = "const { data: [image] } = await response.json();\n" + _save_image()
        case "gemini-image":
            result = f"const answer = await response.json();\n{_save_part('answer')}"
        case _:
            result = "console.log(await response.text());"
    return (
        f'{start}const response = await fetch({quoted(target.address)}, {{\n  method: "POST",\n  headers: {headers},\n'
        f"{sent}}});\n{CHECK}{result}"
    )


def _headers(target: Target) -> str:
    name, before = key_header(target)
    key = f"`{before}${{{KEY}}}`" if before else KEY
    return "{ " + f"{quoted(name)}: {key}" + " }"


def _others(target: Target) -> str:
    pairs = [*headers_of(target), ("Content-Type", "application/json")]
    return ", ".join(f"{quoted(name)}: {quoted(value)}" for name, value in pairs)
