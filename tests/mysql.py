"""A real MySQL for the tests, where the machine has MariaDB's server: started here, thrown away after."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import free_port, wait_for_port

# Debian keeps servers where only root's PATH leads.
PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@contextmanager
def throwaway_mysql() -> Iterator[int]:
    """Starts a server that only this machine reaches, where root needs no password; yields its port."""
    pymysql = pytest.importorskip("pymysql", reason="pymysql is not installed: pip install 'modelbook[mysql]'")
    server, installer = (shutil.which(name, path=PLACES) for name in ("mariadbd", "mariadb-install-db"))
    if server is None or installer is None:
        pytest.skip("the machine has no MariaDB: apt-get install mariadb-server")
    # Not below the home folder: run by root, the server belongs to another user, who must be able to get there.
    folder = Path(tempfile.mkdtemp(prefix="modelbook-mysql-", dir="/tmp"))
    folder.chmod(0o755)
    user = ["--user=mysql"] if os.getuid() == 0 else []
    port = free_port()
    common = ["--no-defaults", f"--datadir={folder / 'data'}", *user]
    normal = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([installer, *common, *normal], check=True, capture_output=True)
    # Its socket has a path that may not be long, and its own user must be able to make it.
    addresses = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder / 'data' / 'socket'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([server, *common, *addresses], stdout=log, stderr=log)
    try:
        wait_for_port(port, process)
        pymysql.connect(host="127.0.0.1", port=port, user="root").close()
        yield port
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
