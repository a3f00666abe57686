"""`python -m tests`: the whole suite on SQLite, and on a real PostgreSQL all of it that has to do with a database.

Arguments go to pytest.
"""

import os
import subprocess
import sys

from tests.postgres import throwaway_postgres


def run(name: str, database_url: str, arguments: list[str]) -> int:
    sys.stdout.write(f"\n--- the suite on {name} ---\n")
    sys.stdout.flush()
    workers = str(min(os.cpu_count() or 1, 4))
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, *arguments]
    return subprocess.run(command, env=os.environ | {"DATABASE_URL": database_url}, check=False).returncode


def main(arguments: list[str]) -> int:
    failed = run("SQLite", "sqlite://:memory:", arguments)
    with throwaway_postgres() as url:
        return run("PostgreSQL", url, ["--with-database", *arguments]) or failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
