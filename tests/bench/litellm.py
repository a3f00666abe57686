"""LiteLLM's proxy from PyPI, with as many models, in a virtual environment of its own or one that is there."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY = "sk-only-for-this-bench"


def installed(requirement: str, folder: Path) -> Path:
    """A new virtual environment with LiteLLM in it."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin/pip", "install", "-q", requirement], check=True)
    return venv


@contextmanager
def litellm_proxy(venv: Path, folder: Path, *, models: int) -> Iterator[tuple[int, int, str]]:
    """Starts the proxy of that virtual environment; yields port, process id and version."""
    ask = "import importlib.metadata; print(importlib.metadata.version('litellm'))"
    version = subprocess.run([venv / "bin/python", "-c", ask], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = "".join(
        f"  - model_name: vendor-{number % 40}/model-{number:06}\n"
        f"    litellm_params: {{model: openai/model-{number:06}, api_key: none}}\n"
        for number in range(models)
    )
    (folder / "config.yaml").write_text(f"model_list:\n{rows}general_settings:\n  master_key: {KEY}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [f"{venv}/bin/litellm", "--config", f"{folder}/config.yaml", "--port", str(port), "--num_workers", "2"]
    quiet = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | quiet, stdout=log, stderr=log)
    try:
        _wait_for(port)
        yield port, process.pid, version.strip()
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    """The port is open long before the list is answered."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models", headers={"Authorization": f"Bearer {KEY}"})
    end = time.monotonic() + 600
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(request, timeout=60).close()  # noqa: S310
        except OSError:
            time.sleep(1)
        else:
            return
    raise TimeoutError("LiteLLM's proxy did not answer in ten minutes.")
