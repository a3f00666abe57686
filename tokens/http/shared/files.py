"""Files in a private folder that the workers of one machine share; config/gunicorn.py creates and removes it.

Without it, each worker would render each body, and a new worker would start cold. A file is never wrong: its name is a
digest of everything that its bytes were rendered from. It may be missing, damaged or not writable: the worker then
renders for itself, and no client notices.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tokens.http.shared.names import name_of, running_code

# Missing on Windows, where gunicorn does not run either.
with suppress(ImportError):
    import fcntl

# The environment variable with the path of the folder.
VARIABLE = "MODELBOOK_SHARED_BODIES"
# The limit of all files together; less where the file system is small, such as /dev/shm in a container (64 MB).
MEMORY = 64 * 1024 * 1024
PART_OF_FILE_SYSTEM = 4
# Seconds that a worker waits for another one that renders the same body.
MAX_WAIT = 60.0
# Seconds between two looks at a lock: the first, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.05
# Seconds after which a file that was not finished is a remainder of a killed worker.
UNFINISHED = 60.0
DIGEST_SIZE = 32


class SharedFiles:
    """Byte strings by name, the least recently used removed; safe between processes and threads."""

    def __init__(self, folder: Path, *, code: str, memory: int = MEMORY) -> None:
        self.folder = folder
        self.code = code
        try:
            status = os.statvfs(folder)
            memory = min(memory, status.f_blocks * status.f_frsize // PART_OF_FILE_SYSTEM)
        except OSError:
            memory = 0
        self.memory = memory

    def name_of(self, key: object) -> str | None:
        """The name under which the bytes of a key are stored; None if they cannot be shared."""
        return name_of(key, code=self.code)

    def read(self, name: str) -> bytes | None:
        """The bytes of the name; None if there are none, or if they are damaged."""
        path = self.folder / name
        try:
            stored = path.read_bytes()
            if hashlib.sha256(stored[DIGEST_SIZE:]).digest() == stored[:DIGEST_SIZE]:
                # The time of its last use.
                os.utime(path)
                return stored[DIGEST_SIZE:]
            path.unlink()
        except OSError:
            return None
        return None

    def write(self, name: str, content: bytes) -> None:
        """Stores the bytes, unless they take a large part of the memory or the folder cannot be written."""
        if len(content) > self.memory // 4:
            return
        unfinished = self.folder / f"{uuid.uuid4().hex}.new"
        try:
            with open(unfinished, "wb", opener=_open_private) as file:
                file.write(hashlib.sha256(content).digest())
                file.write(content)
            unfinished.replace(self.folder / name)
            self._remove_least_recently_used()
        except OSError:
            # No room, no folder, or read only.
            with suppress(OSError):
                unfinished.unlink()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Waits until no other worker is in the block for this name, at most MAX_WAIT; a crash releases it."""
        path, end, pause = self.folder / f"{name}.lock", time.monotonic() + MAX_WAIT, FIRST_PAUSE
        lock = None
        while lock is None and time.monotonic() < end:
            try:
                lock = _try_lock(path)
            except OSError:
                break
            if lock is None:
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        try:
            yield
        finally:
            if lock is not None:
                # Removed while it is locked: one who waits for it sees that it has lost its name.
                with suppress(OSError):
                    path.unlink()
                os.close(lock)

    def _remove_least_recently_used(self) -> None:
        files, unfinished = [], time.time() - UNFINISHED
        for path in self.folder.iterdir():
            with suppress(OSError):
                stat = path.stat()
                if path.suffix == ".new":
                    if stat.st_mtime < unfinished:
                        path.unlink()
                elif path.suffix != ".lock":
                    files.append((stat.st_mtime_ns, stat.st_size, path))
        used = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if used <= self.memory:
                break
            with suppress(OSError):
                path.unlink()
            used -= size


def shared_files() -> SharedFiles | None:
    """The files that this process shares with others; None without gunicorn's master, in tests and commands."""
    folder = os.environ.get(VARIABLE)
    # Now, because files may be replaced while this process runs.
    return SharedFiles(Path(folder), code=running_code()) if folder else None


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _try_lock(path: Path) -> int | None:
    """The descriptor of the locked file; None while another one has the lock."""
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), path.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None
