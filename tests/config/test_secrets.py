"""Secrets that are not configured are created once, completely, and readable only by their owner."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import secrets
from config.secrets import SECRET_NAMES, ensure_secrets, read_secrets


@pytest.fixture(autouse=True)
def _no_configured_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRET_NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets"

    assert ensure_secrets(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(read_secrets(path)) == set(SECRET_NAMES)
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets"]


def test_secrets_are_created_only_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets"
    ensure_secrets(path)
    before = path.read_text()

    assert not ensure_secrets(path)

    assert path.read_text() == before


def test_simultaneous_first_starts_use_the_same_secrets(tmp_path: Path) -> None:
    path = tmp_path / "secrets"

    def start(_: int) -> tuple[bool, dict[str, str]]:
        return ensure_secrets(path), read_secrets(path)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(start, range(8)))

    assert sum(is_creator for is_creator, _ in results) == 1
    assert len({read["SECRET_KEY"] for _, read in results}) == 1


def test_an_installation_with_configured_secrets_gets_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "configured")
    monkeypatch.setenv("TOKEN_PEPPERS_FILE", "/run/secrets/peppers")

    assert not ensure_secrets(tmp_path / "secrets")

    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.setattr(secrets, "CHECKOUT", folder)
    return folder


def test_the_file_is_beside_a_sqlite_database(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'data.sqlite3'}")

    assert ensure_secrets()

    assert (tmp_path / "modelbook.secrets").exists()
    assert set(read_secrets()) == set(SECRET_NAMES)
    assert list(checkout.iterdir()) == []


@pytest.mark.parametrize("url", ["", "sqlite://:memory:", "postgres://modelbook@127.0.0.1/modelbook", "nonsense"])
def test_for_other_databases_the_file_is_in_the_checkout(
    checkout: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert ensure_secrets()

    assert (checkout / "modelbook.secrets").exists()


def test_an_existing_file_in_the_checkout_is_still_read(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_secrets(checkout / "modelbook.secrets")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'data.sqlite3'}")

    assert not ensure_secrets()

    assert read_secrets() == read_secrets(checkout / "modelbook.secrets")
    assert not (tmp_path / "modelbook.secrets").exists()


def test_a_file_beside_the_database_comes_first(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_secrets(checkout / "modelbook.secrets")
    ensure_secrets(tmp_path / "modelbook.secrets")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'data.sqlite3'}")

    assert read_secrets() == read_secrets(tmp_path / "modelbook.secrets")
