"""`python -m tests`: the whole suite on SQLite, then the tests marked `sql` once more on a real PostgreSQL.

`--full` runs the whole suite on both, with many more made-up cases, with older client SDKs, and with the costs that
litellm and genai-prices compute; it takes half an hour.
Other arguments go to pytest.
"""

import os
import subprocess
import sys
import time

from tests.postgres import throwaway_postgres

# What a browser and the clients in docs/clients.md show does not depend on the database.
SAME_FROM_BOTH = ("tests/browser", "tests/live/test_client_table.py")


def run_suite(name: str, database_url: str, arguments: list[str], environment: dict[str, str]) -> int:
    sys.stdout.write(f"\n--- {name} ---\n")
    sys.stdout.flush()
    # One more than there are cores: the worker with the tests of a running server mostly waits.
    workers = str(min((os.cpu_count() or 1) + 1, 4))
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, *arguments]
    began = time.monotonic()
    code = subprocess.run(
        command, env=os.environ | environment | {"DATABASE_URL": database_url}, check=False
    ).returncode
    sys.stdout.write(f"--- {name}: {time.monotonic() - began:.0f} s\n")
    return code


def main(arguments: list[str]) -> int:
    full = "--full" in arguments
    arguments = [argument for argument in arguments if argument != "--full"]
    environment = {"FULL_TESTS": "1"} if full else {}
    # Without bytecode files, each process of the tests would compile Modelbook and the tests again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed = run_suite("tests on SQLite", "sqlite://:memory:", arguments, environment)
    with throwaway_postgres() as url:
        selected = [f"--ignore={path}" for path in SAME_FROM_BOTH] if full else ["-m", "sql"]
        return run_suite("tests on PostgreSQL", url, [*selected, *arguments], environment) or failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
