"""The secrets that nobody configured are made once, whole, and readable by their owner alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.secrets import NAMES, ensure_secrets, read_secrets


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets"

    assert ensure_secrets(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(read_secrets(path)) == set(NAMES)
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets"]


def test_they_are_never_made_twice(tmp_path: Path) -> None:
    path = tmp_path / "secrets"
    ensure_secrets(path)
    before = path.read_text()

    assert not ensure_secrets(path)

    assert path.read_text() == before


def test_of_many_first_starts_one_makes_them_and_all_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "secrets"

    def start(_: int) -> tuple[bool, dict[str, str]]:
        return ensure_secrets(path), read_secrets(path)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(start, range(8)))

    assert sum(made for made, _ in results) == 1
    assert len({found["SECRET_KEY"] for _, found in results}) == 1


def test_an_installation_with_secrets_of_its_own_gets_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "configured")
    monkeypatch.setenv("TOKEN_PEPPERS_FILE", "/run/secrets/peppers")

    assert not ensure_secrets(tmp_path / "secrets")

    assert list(tmp_path.iterdir()) == []
