"""Runs code examples: shell commands, Python in this process, and modules of Node in one process."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.live.test_clients import client_folder

Variables = Mapping[str, str]
# Reads one example a line, runs it as a module with its variables, and answers with its error or an empty text.
DRIVER = """
import { createInterface } from "node:readline";
import { writeFileSync } from "node:fs";
const print = console.log;
console.log = () => {};
let number = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { code, variables } = JSON.parse(line);
  Object.assign(process.env, variables);
  const file = `${process.cwd()}/example-${process.pid}-${++number}.mjs`;
  writeFileSync(file, code);
  let error = "";
  try { await import(file); } catch (raised) { error = `${raised}`; }
  print(JSON.stringify(error));
}
"""


class Shell:
    """Runs commands; curl fails on an error of the service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".curlrc").write_text("silent\nshow-error\nfail-with-body\nnoproxy=*\n")

    def run(self, code: str, variables: Variables) -> str:
        """The error, or an empty text."""
        environment = os.environ | variables | {"CURL_HOME": str(self.folder)}
        finished = subprocess.run(
            ["sh", "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return finished.stdout + finished.stderr if finished.returncode else ""


class Python:
    """Runs programs here, because starting the SDKs anew for each takes seconds."""

    def run(self, code: str, variables: Variables) -> str:
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setenv("NO_PROXY", "*")
            try:
                exec(compile(code, "example", "exec"), {"__name__": "__main__"})  # noqa: S102
            except Exception as error:  # noqa: BLE001
                answer = getattr(error, "response", None)
                return f"{error!r} {getattr(answer, 'text', '')}"
        return ""


class Node:
    """Runs modules in one process, in the folder with the SDKs."""

    def __init__(self, folder: Path) -> None:
        (folder / "node_modules").symlink_to(client_folder("node").resolve() / "node_modules")
        (folder / "driver.mjs").write_text(DRIVER)
        self.process = subprocess.Popen(
            ["node", "driver.mjs"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, code: str, variables: Variables) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"code": code, "variables": dict(variables)}) + "\n")
        self.process.stdin.flush()
        error: str = json.loads(self.process.stdout.readline())
        return error

    def close(self) -> None:
        self.process.communicate(timeout=60)


@contextlib.contextmanager
def program(language: str, folder: Path) -> Iterator[Shell | Python | Node]:
    """What runs the examples of this language; the test is skipped if the machine lacks it."""
    needed = {"curl": "curl", "Python": sys.executable, "JavaScript": "node"}[language]
    if not shutil.which(needed):
        pytest.skip(f"there is no {needed} on this machine")
    if language != "JavaScript":
        yield Shell(folder) if language == "curl" else Python()
        return
    node = Node(folder)
    yield node
    node.close()
