"""The documents name what exists: every command, every address, and no module that is missing."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from pricing.admin_api.urls import RESOURCES
from tokens.operators.roles import ROLES

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
PROSE = "\n".join(path.read_text() for path in DOCUMENTS)
COMMANDS = sorted(
    path.stem
    for app in ("catalog", "tokens", "pricing")
    for path in (ROOT / app / "management/commands").glob("[a-z]*.py")
)


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> list[str]:
    """Every address, up to its first variable part."""
    addresses = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            addresses += routes(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            addresses.append(f"{prefix}{pattern.pattern}")
    return addresses


OWN = sorted({re.split(r"<", route)[0].rstrip("/") or "/" for route in routes(get_resolver().url_patterns)})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_documents(command: str) -> None:
    assert re.search(rf"\b{command}\b", PROSE)


@pytest.mark.parametrize("route", [route for route in OWN if not route.startswith(("/admin/", "/assets", "/^"))])
def test_every_address_is_in_the_documents(route: str) -> None:
    documented = re.sub(r"^/api/export/.*", "/api/export/", route)
    # Every list of the management API has an address for batches.
    documented = re.sub(r"^(/api/admin/v1/[^/]+)/batch$", r"\1", documented)

    assert documented in PROSE


def test_the_tables_of_resources_and_roles_are_complete() -> None:
    resources = re.findall(
        r"^\| `/api/admin/v1/([a-z-]+)` \|", (ROOT / "docs/management-api.md").read_text(), re.MULTILINE
    )
    chapter = (ROOT / "docs/operating.md").read_text().partition("## Roles of operators")[2]
    roles = re.findall(r"^\| ([A-Z][a-z]+) \|", chapter, re.MULTILINE)

    assert sorted(resources) == sorted(resource.address for resource in RESOURCES)
    assert sorted(roles) == sorted(role.name for role in ROLES)


LINKS = sorted(
    (path, link) for path in DOCUMENTS for link in set(re.findall(r"\]\(((?!http)[^)#]+)[^)]*\)", path.read_text()))
)


@pytest.mark.parametrize(("document", "link"), LINKS, ids=str)
def test_every_link_leads_somewhere(document: Path, link: str) -> None:
    assert (document.parent / link).exists()


USES = sorted(set(re.findall(rf"(?:`|manage\.py )({'|'.join(COMMANDS)})\b([^`\n#]*--[^`\n#]*)", PROSE)))


@pytest.mark.parametrize(("command", "arguments"), USES)
def test_every_option_in_the_documents_exists(command: str, arguments: str) -> None:
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)

    assert set(re.findall(r"--[a-z-]+", arguments)) <= parser._option_string_actions.keys()


# catalog/db/bulk.py, catalog/sources/<source>.py, tests/pricing/test_*.py
MODULES = sorted(set(re.findall(r"(?<![\w/.<-])(?:catalog|tokens|pricing|config|tests)/[\w./<>*-]*[\w/>*]", PROSE)))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_in_the_documents_exists(module: str) -> None:
    assert list(ROOT.glob(re.sub(r"<\w+>", "*", module).rstrip("/"))), f"{module} does not exist"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (\w+)`", PROSE))))
def test_every_make_target_in_the_documents_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_commit_hooks_have_the_versions_of_pyproject() -> None:
    """They run the programs of the virtual environment, which pyproject.toml installs."""
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    programs = {hook["entry"].split()[0] for repository in repositories for hook in repository["hooks"]}

    assert {repository["repo"] for repository in repositories} == {"local"}
    assert programs == {".venv/bin/ruff", ".venv/bin/lint-imports", ".venv/bin/mypy"}
    assert {"ruff", "import-linter", "mypy"} <= {re.split(r"[\[<>=]", name)[0] for name in required}


def test_the_changelog_has_the_version_of_pyproject_below_what_is_unreleased() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    titles = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert titles[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", titles[1])


def test_the_index_of_decisions_lists_every_decision_once() -> None:
    text = (ROOT / "docs/decisions.md").read_text()
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    links = re.findall(r"^- \[.+\]\(#(.+)\)$", text, re.MULTILINE)

    assert sorted(links) == sorted(re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles)
