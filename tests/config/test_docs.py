"""The documents name what there is: every command, every address, every setting."""

import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).parents[2]
PROSE = "\n".join(path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))))
COMMANDS = sorted(
    path.stem
    for app in ("catalog", "tokens", "pricing")
    for path in (ROOT / app / "management/commands").glob("[a-z]*.py")
)


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> list[str]:
    """Every address, up to its first variable part."""
    found = []
    for each in patterns:
        if isinstance(each, URLResolver):
            found += routes(each.url_patterns, prefix + str(each.pattern))
        else:
            found.append(f"{prefix}{each.pattern}")
    return found


OWN = sorted({re.split(r"<", route)[0].rstrip("/") or "/" for route in routes(get_resolver().url_patterns)})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_documents(command: str) -> None:
    assert re.search(rf"\b{command}\b", PROSE)


@pytest.mark.parametrize("route", [route for route in OWN if not route.startswith(("/admin/", "/assets", "/^"))])
def test_every_address_is_in_the_documents(route: str) -> None:
    shown = re.sub(r"^/api/export/.*", "/api/export/", route)

    assert shown in PROSE


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)\)", PROSE))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists() or (ROOT / "docs" / link).exists()
