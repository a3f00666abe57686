"""An importing process to kill: a child imports each document named on stdin; its pid and exit code are printed."""

import os
import sys
from pathlib import Path

import django

django.setup()

from django.utils import timezone  # noqa: E402

from catalog.sources import SOURCES  # noqa: E402
from pricing.imports.options import Options  # noqa: E402
from pricing.imports.pipeline import apply_import  # noqa: E402

OPTIONS = Options(source=SOURCES["litellm"], channel="main", publish=True, accept_jumps=True)


def main() -> None:
    for line in sys.stdin:
        # Nothing is connected here: every child opens its own connection, and loses it when it is killed.
        pid = os.fork()
        if not pid:
            apply_import(Path(line.strip()).read_bytes(), OPTIONS, at=timezone.now())
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
