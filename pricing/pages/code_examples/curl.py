"""Examples for curl, which fail visibly if the call is refused. Imports no models.

jq reads answers, as in the vendors' own examples. A file is only written by a call that succeeds.
"""

from pricing.pages.code_examples.bodies import body_of, headers_of, key_header
from pricing.pages.code_examples.endpoints import Target
from pricing.pages.code_examples.jobs import SECONDS, Job, job_of
from pricing.pages.code_examples.literals import pretty, shell

PRINTING, WRITING, QUIET = "--fail-with-body", "--fail --output", "--fail --silent --show-error --output"


def curl(target: Target) -> str:
    if job := job_of(target):
        return _job(target, job)
    match target.kind:
        case "speech":
            return _call(target, f"{WRITING} speech.mp3")
        case "transcription":
            form = ["-F file=@audio.mp3", f"--form-string model={shell(target.model)}"]
            return _lines(f"curl {PRINTING} {shell(target.address)}", _key(target), *form)
        case "image":
            return _image(target)
        case "gemini-image":
            found = "[.candidates[0].content.parts[].inlineData.data | values][0]"
            picture = shell(f'{found} // error("answer.json has no picture")')
            return (
                f"{_call(target, f'{WRITING} answer.json')} &&\npicture=$(jq --raw-output {picture} answer.json) &&\n"
                'printf %s "$picture" | base64 --decode > image.png'
            )
    return _call(target, PRINTING)


def _image(target: Target) -> str:
    """Vendors return the picture itself, or its address."""
    return (
        f"{_call(target, f'{WRITING} answer.json')} &&\n"
        "if jq --exit-status '.data[0].b64_json' answer.json > /dev/null\n"
        "then jq --raw-output '.data[0].b64_json' answer.json | base64 --decode > image.png\n"
        "else curl --fail --output image.png \"$(jq --raw-output '.data[0].url' answer.json)\"\n"
        "fi"
    )


def _job(target: Target, job: Job) -> str:
    address = shell(target.root + job.before) + '"$id"' + (shell(job.after) if job.after else "")
    status = f"{_path(job.status)} | IN({', '.join(map(_json, job.waiting))})"
    poll = _lines(f"curl {QUIET} job.json {address}", _key(target))
    wait = f"while {poll} &&\n  jq --exit-status {shell(status)} job.json > /dev/null\ndo sleep {SECONDS}; done"
    result = "jq . job.json"
    if target.kind == "video":
        result = _lines(f'curl {WRITING} video.mp4 {shell(target.root + job.before)}"$id"/content', _key(target))
    start = f"{_call(target, f'{WRITING} job.json')} &&\nid=$(jq --raw-output {shell(_path(job.id))} job.json) &&"
    return f"{start}\n{wait} &&\n{result}"


def _path(names: tuple[str, ...]) -> str:
    return "." + ".".join(names)


def _json(text: str) -> str:
    return f'"{text}"'


def _call(target: Target, options: str) -> str:
    start = f"curl {options} {shell(target.address)}", _key(target)
    if target.kind == "video":
        # OpenAI documents a form, because it may have a picture.
        return _lines(*start, *(f"--form-string {name}={shell(value)}" for name, value in body_of(target).items()))
    return _lines(
        *start,
        *(f"-H {shell(f'{name}: {value}')}" for name, value in headers_of(target)),
        "-H 'Content-Type: application/json'",
        f"-d {shell(pretty(body_of(target)))}",
    )


def _key(target: Target) -> str:
    name, before = key_header(target)
    return f'-H "{name}: {before}$API_KEY"'


def _lines(*lines: str) -> str:
    return " \\\n  ".join(lines)
