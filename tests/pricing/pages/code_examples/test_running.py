"""Each code example runs as it is pasted: against a server that takes calls as the vendors do, and with their SDKs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.models import EndpointType
from pricing.pages.code_examples.endpoints import Endpoint
from pricing.pages.code_examples.snippets import snippets
from tests.live.test_clients import client_folder
from tests.pricing.pages.code_examples import vendor_api
from tests.pricing.pages.code_examples.vendor_api import GREETING, KEY, PICTURE, RECORDING, SPEECH, VIDEO, Server

# What a shell, Python, JavaScript, curl or an address might read as something else.
HOSTILE = '@it\'s "a"/b:$HOME;`id`\\n${x}%41#?&<é模型>|!*'
PLAIN = "vendor/model-1.5:free"
# Endpoint type -> what its example writes or prints.
VIDEO_JOB = "files.example/video.mp4"
RESULTS: dict[str, str | tuple[str, bytes]] = {
    "openai": GREETING,
    "openai-response": GREETING,
    "openai-response-compact": GREETING,
    "anthropic": GREETING,
    "gemini": GREETING,
    "embeddings": "",
    "jina-rerank": "relevance_score",
    "image-generation": ("image.png", PICTURE),
    "openai-video": ("video.mp4", VIDEO),
    "unified-video": VIDEO_JOB,
    "ali-video": VIDEO_JOB,
    "volc-video": VIDEO_JOB,
    "minimax-video": "video.mp4",
    "kling": VIDEO_JOB,
    "midjourney": VIDEO_JOB,
    "suno": VIDEO_JOB,
    "audio-speech": ("speech.mp3", SPEECH),
    "audio-transcription": GREETING,
}
LANGUAGES = ["curl", "Python", "JavaScript"]
# What operators enter: types with other names, and addresses that no SDK knows.
ENTERED: dict[str, tuple[str, str | tuple[str, bytes]]] = {
    "legacy": ("/v1/completions", GREETING),
    "guard": ("/v1/moderations", "flagged"),
    "audio-speech": ("/plain/speech", ("speech.mp3", SPEECH)),
    "audio-transcription": ("/plain/transcription", GREETING),
    "image-generation": ("/plain/image", ("image.png", PICTURE)),
    "openai": ("/plain/chat", GREETING),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with vendor_api.running() as running:
        yield running


def run(
    language: str, endpoint: Endpoint, model: str, server: Server, folder: Path, *, key: str = KEY, outputs: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Pastes the example."""
    listed = snippets(endpoint, model, base=server.address, outputs=tuple(filter(None, [outputs])))
    code = next(snippet.code for snippet in listed if snippet.language == language)
    # The wait between two questions about a job.
    for long, short in (("sleep 10", "sleep 0.1"), ("sleep(10)", "sleep(0.1)"), ("10_000", "100")):
        code = code.replace(long, short)
    (folder / "audio.mp3").write_bytes(RECORDING)
    environment = {"API_KEY": key, "PATH": os.environ["PATH"], "HOME": str(folder)}
    match language:
        case "curl":
            if not (shutil.which("curl") and shutil.which("jq")):
                pytest.skip("needs curl and jq")
            command = ["bash", "-c", code]
        case "Python":
            command = [sys.executable, "-c", code]
        case _:
            if not shutil.which("node"):
                pytest.skip("needs Node")
            # Modules are searched in the folders above the program.
            modules = folder / "node_modules"
            if not modules.exists():
                modules.symlink_to(client_folder("node") / "node_modules")
            (folder / "example.mjs").write_text(code)
            command = ["node", "example.mjs"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)


def succeeds(
    done: "subprocess.CompletedProcess[str]", result: str | tuple[str, bytes], server: Server, folder: Path
) -> None:
    assert not server.refused
    assert done.returncode == 0, done.stderr
    if isinstance(result, str):
        assert result in done.stdout
        assert done.stdout.strip()
    else:
        assert (folder / result[0]).read_bytes() == result[1]


@pytest.mark.django_db
def test_every_known_endpoint_type_has_examples() -> None:
    assert set(EndpointType.objects.values_list("name", flat=True)) == set(RESULTS)


def known(name: str) -> Endpoint:
    path = EndpointType.objects.get(name=name).path
    return Endpoint(name, "", "POST", path)


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_an_example_does_what_it_says(name: str, language: str, server: Server, tmp_path: Path) -> None:
    server.expect(HOSTILE)

    done = run(language, known(name), HOSTILE, server, tmp_path)

    succeeds(done, RESULTS[name], server, tmp_path)


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_a_refused_key_is_an_error(name: str, language: str, server: Server, tmp_path: Path) -> None:
    server.expect("m")

    done = run(language, known(name), "m", server, tmp_path, key="wrong")

    assert done.returncode != 0
    assert "401" in done.stderr or "Incorrect API key" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"audio.mp3", "example.mjs", "node_modules"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", [PLAIN, HOSTILE])
@pytest.mark.parametrize(
    ("outputs", "kind", "result"),
    [
        ("text", "gemini", GREETING),
        ("image", "gemini-image", ("image.png", PICTURE)),
        ("embedding", "gemini-embedding", "2"),
    ],
)
def test_a_model_of_gemini_is_called_for_what_it_makes(
    outputs: str, kind: str, result: str | tuple[str, bytes], model: str, language: str, server: Server, tmp_path: Path
) -> None:
    server.expect(model, kind=kind)
    endpoint = Endpoint("gemini", "", "POST", "/v1beta/models/{model}:generateContent")

    done = run(language, endpoint, model, server, tmp_path, outputs=outputs)

    succeeds(done, result, server, tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/v1/images/generations", "/plain/image"])
def test_a_picture_that_has_an_address_is_fetched(path: str, language: str, server: Server, tmp_path: Path) -> None:
    server.expect("m", pictures="url")

    done = run(language, Endpoint("image-generation", "", "POST", path), "m", server, tmp_path)

    succeeds(done, ("image.png", PICTURE), server, tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/v1/images/generations", "/plain/image"])
def test_a_picture_whose_address_is_gone_is_an_error(path: str, language: str, server: Server, tmp_path: Path) -> None:
    server.expect("m", pictures="gone")

    done = run(language, Endpoint("image-generation", "", "POST", path), "m", server, tmp_path)

    assert done.returncode != 0
    assert "403" in done.stderr or "expired" in done.stderr
    assert not (tmp_path / "image.png").exists()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", [PLAIN, HOSTILE])
@pytest.mark.parametrize(("kind", "reason"), [("gemini-declined", GREETING), ("gemini-empty", "IMAGE_SAFETY")])
def test_an_answer_without_a_picture_is_an_error(
    kind: str, reason: str, model: str, language: str, server: Server, tmp_path: Path
) -> None:
    server.expect(model, kind=kind)
    endpoint = Endpoint("gemini", "", "POST", "/v1beta/models/{model}:generateContent")

    done = run(language, endpoint, model, server, tmp_path, outputs="image")

    assert done.returncode != 0
    assert not (tmp_path / "image.png").exists()
    shown = done.stderr + (tmp_path / "answer.json").read_text() if language == "curl" else done.stderr
    assert reason in shown
    assert done.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_embeddings_are_read_from_vendors_that_have_no_base64(language: str, server: Server, tmp_path: Path) -> None:
    server.expect("m", has_base64=False)

    done = run(language, known("embeddings"), "m", server, tmp_path)

    succeeds(done, "2", server, tmp_path)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ENTERED)
def test_an_address_that_operators_enter_has_examples(name: str, language: str, server: Server, tmp_path: Path) -> None:
    path, result = ENTERED[name]
    server.expect(HOSTILE)

    done = run(language, Endpoint(name, "", "POST", path), HOSTILE, server, tmp_path)

    succeeds(done, result, server, tmp_path)


@pytest.mark.parametrize(
    ("name", "method", "path", "outputs"),
    [
        ("own", "POST", "/v1/own", ""),
        ("openai", "GET", "/v1/chat/completions", ""),
        ("gemini", "POST", "/v1beta/models/{model}:generateContent", "audio"),
    ],
)
def test_a_call_whose_format_is_not_known_has_none(name: str, method: str, path: str, outputs: str) -> None:
    endpoint = Endpoint(name, "", method, path)

    assert snippets(endpoint, "m", base="https://api.example.com", outputs=tuple(filter(None, [outputs]))) == ()
