"""The tree can be read by guessing: small folders, short modules, and tests in the folders of what they test."""

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("catalog", "tokens", "pricing")
MODULES = sorted(path.relative_to(ROOT) for app in APPS for path in (ROOT / app).rglob("*.py"))
# One file per format, table or command: such a folder is as long as the list that it holds.
LISTS = {"sources", "export", "commands", "dialects", "models", "migrations"}
MOST_MODULES = 12
MOST_LINES = 500


def test_no_folder_holds_too_many_modules() -> None:
    folders = Counter(path.parent for path in MODULES if path.stem != "__init__" and path.parent.name not in LISTS)

    assert {str(folder): count for folder, count in folders.items() if count > MOST_MODULES} == {}


def test_no_module_is_too_long_to_read() -> None:
    lengths = {
        str(path): len((ROOT / path).read_text().splitlines()) for path in MODULES if path.parent.name != "migrations"
    }

    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_tests_are_in_the_folders_of_what_they_test() -> None:
    packages = {path.parent for path in MODULES} | {path.parent.parent for path in MODULES}
    tested = {path.parent.relative_to(ROOT / "tests") for app in APPS for path in (ROOT / "tests" / app).rglob("*.py")}

    assert sorted(map(str, tested - packages)) == []


def test_every_package_has_tests() -> None:
    packages = {path.parent for path in MODULES if path.stem != "__init__"} - {Path(app) for app in APPS}
    # Commands are tested in the folder of `management`.
    packages = {path.parent if path.name == "commands" else path for path in packages if path.name != "migrations"}
    tested = {
        path.parent.relative_to(ROOT / "tests") for app in APPS for path in (ROOT / "tests" / app).rglob("test_*")
    }

    assert sorted(map(str, packages - tested)) == []
