"""Management commands without waiting for Django each time: one process loads it, and a fork of it runs each command.

`python -m tests.config.commands` reads requests from stdin, one JSON object a line, and answers each with one.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]


class Commands:
    """Runs `manage.py` with one environment, whose settings are read once."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.config.commands"],
            cwd=ROOT, env=environment | {"PYTHONUNBUFFERED": "1"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def run(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Exit code, output and errors."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([arguments, stdin]) + "\n")
        self.process.stdin.flush()
        code, output, errors = json.loads(self.process.stdout.readline())
        return code, output, errors


@contextmanager
def commands(environment: dict[str, str]) -> Iterator[Commands]:
    running = Commands(environment)
    try:
        yield running
    finally:
        running.process.communicate()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.urls import get_resolver

    # System checks import every view.
    assert get_resolver().url_patterns
    for line in sys.stdin:
        arguments, text = json.loads(line)
        with (
            tempfile.TemporaryFile() as stdin_file,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as errors,
        ):
            stdin_file.write(text.encode())
            stdin_file.seek(0)
            pid = os.fork()
            if not pid:
                run_here(arguments, stdin_file, output, errors)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            sys.stdout.write(json.dumps([code, read(output), read(errors)]) + "\n")
            sys.stdout.flush()


def read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def run_here(arguments: list[str], stdin_file: IO[bytes], output: IO[bytes], errors: IO[bytes]) -> Any:
    """As Python runs a script: what is raised becomes an exit code, and what ends with it is never returned from."""
    for number, file in enumerate((stdin_file, output, errors)):
        os.dup2(file.fileno(), number)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.argv = ["manage.py", *arguments]
    code = 1
    try:
        import manage

        manage.main()
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        else:
            code = end.code or 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
