"""Files that workers share: private, whole or missing, limited in size, and never an error."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tokens.http.bodies import Body, BodyCache
from tokens.http.shared import files as files_module
from tokens.http.shared.files import VARIABLE, SharedFiles, shared_files

ROWS = [b'{"id":"model-%d","owned_by":"vendor-%d"}' % (number, number % 9) for number in range(2_000)]


@pytest.fixture
def files(tmp_path: Path) -> SharedFiles:
    return SharedFiles(tmp_path, code="1")


def slow(text: bytes = b"x" * 5_000) -> bytes:
    time.sleep(0.02)
    return text


def test_what_one_worker_has_rendered_another_one_sends(files: SharedFiles) -> None:
    one, other = BodyCache(10_000_000, files), BodyCache(10_000_000, files)

    def render() -> Body:
        time.sleep(0.02)
        return Body.of_rows(b"[", ROWS, b"]")

    first = one.get_or_render((1, "list"), render)
    second = other.get_or_render((1, "list"), lambda: b"never called")

    assert second == first
    assert (second.plain, second.gzipped) == (first.plain, first.gzipped)
    # They share their blocks with the worker's own bodies.
    assert all(mine is theirs for mine, theirs in zip(first.blocks, second.blocks, strict=True))


def test_bodies_survive_their_way_through_a_file() -> None:
    for body in (Body.of(b""), Body.of(b"{}"), Body.of(bytes(range(256)) * 999), Body.of_rows(b"[", ROWS, b"]")):
        assert Body.load(body.dump()) == body


def test_only_what_takes_long_and_may_be_stored_is_shared(files: SharedFiles) -> None:
    cache = BodyCache(10_000_000, files)

    cache.get_or_render((1, "fast"), lambda: b"fast")
    cache.get_or_render((1, "free"), slow, is_stored=False)
    cache.get_or_render((1, object()), slow)
    assert list(files.folder.iterdir()) == []

    cache.get_or_render((1, "slow"), slow)
    assert len(list(files.folder.iterdir())) == 1


def test_files_are_private_and_named_by_digests(files: SharedFiles) -> None:
    BodyCache(10_000_000, files).get_or_render((1, "secret-model"), lambda: slow(b"secret-model" * 500))

    (file,) = files.folder.iterdir()
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert len(file.name) == 64
    assert int(file.name, 16)


@pytest.mark.parametrize("damage", ["shortened", "changed", "empty", "a folder", "gone"])
def test_a_damaged_file_is_rendered_again(files: SharedFiles, damage: str) -> None:
    BodyCache(10_000_000, files).get_or_render((1, "list"), slow)
    (file,) = files.folder.iterdir()
    content = file.read_bytes()
    if damage in ("a folder", "gone"):
        file.unlink()
    if damage == "a folder":
        file.mkdir()
    elif damage != "gone":
        file.write_bytes({"shortened": content[:-1], "changed": content[:-1] + b"!", "empty": b""}[damage])

    body = BodyCache(10_000_000, files).get_or_render((1, "list"), lambda: slow(b"again"))

    assert body.plain == b"again"


@pytest.mark.parametrize("fault", ["missing", "read only", "full"])
def test_a_folder_that_cannot_be_written_is_no_error(
    files: SharedFiles, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "missing":
        files.folder.rmdir()
    elif fault == "read only":
        monkeypatch.setattr(os, "open", fail)
    else:
        monkeypatch.setattr(os, "replace", fail)
        monkeypatch.setattr(Path, "replace", fail)

    assert BodyCache(10_000_000, files).get_or_render((1, "list"), slow).plain == slow()
    monkeypatch.undo()
    assert not files.folder.exists() or list(files.folder.iterdir()) == []


def fail(*_: Any, **__: Any) -> None:
    raise OSError(28, "No space left on device")


def test_the_least_recently_used_files_are_removed(files: SharedFiles) -> None:
    files.memory = 100_000
    for number in range(12):
        files.write(f"{number}", bytes(10_000))
        os.utime(files.folder / f"{number}", (number, number))
        files.read("0")
    (files.folder / "remainder.new").write_bytes(b"of a killed worker")
    os.utime(files.folder / "remainder.new", (1, 1))

    files.write("last", bytes(10_000))

    left = {path.name for path in files.folder.iterdir()}
    assert left == {"0", "last", *map(str, range(5, 12))}
    assert sum(path.stat().st_size for path in files.folder.iterdir()) <= files.memory


def test_a_body_that_takes_a_large_part_of_the_memory_is_not_written(files: SharedFiles) -> None:
    files.memory = 100_000

    files.write("large", bytes(30_000))

    assert list(files.folder.iterdir()) == []


def test_a_small_file_system_is_used_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((4096, 4096, 16_384, 0, 0, 0, 0, 0, 0, 255)))

    assert SharedFiles(tmp_path, code="1").memory == 16 * 1024 * 1024


def test_workers_render_a_body_once_between_them(files: SharedFiles) -> None:
    renders = []

    def render() -> bytes:
        renders.append(threading.get_ident())
        return slow()

    def as_a_worker_of_its_own(_: int) -> bytes:
        return BodyCache(10_000_000, SharedFiles(files.folder, code="1")).get_or_render((1, "list"), render).plain

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(as_a_worker_of_its_own, range(8))) == {slow()}

    assert len(renders) == 1
    assert [path.suffix for path in files.folder.iterdir()] == [""]


def test_a_killed_worker_blocks_nobody(files: SharedFiles) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tokens.http.shared.files import SharedFiles\n"
        "with SharedFiles(Path(sys.argv[1]), code='1').turn('name'):\n"
        "    print('locked', flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(files.folder)], stdout=subprocess.PIPE, text=True, env=os.environ
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        assert files_module._try_lock(files.folder / "name.lock") is None
        other.kill()
        other.wait()

    begin = time.monotonic()
    with files.turn("name"):
        assert time.monotonic() - begin < files_module.MAX_WAIT / 2


def test_nobody_waits_for_ever(files: SharedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "MAX_WAIT", 0.05)

    with files.turn("name"), files.turn("name"):
        pass


def test_without_gunicorns_master_nothing_is_shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert shared_files() is None

    monkeypatch.setenv(VARIABLE, str(tmp_path))
    shared = shared_files()
    assert shared is not None
    assert (shared.folder, len(shared.code)) == (tmp_path, 64)
