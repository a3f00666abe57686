"""The example of the environment names every variable that is read, and no other, with the true defaults."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = (ROOT / ".env.example").read_text()
READERS = ("config/settings.py", "config/gunicorn.py", "pricing/management/commands/quickstart.py")
# Functions that read a variable whose name is their first argument.
CALLS = {"env.str", "env.list", "switch", "number", "os.environ.get", "secret"}


def read_variables() -> dict[str, ast.expr | None]:
    """Every variable that the code reads -> its default as written there."""
    defaults: dict[str, ast.expr | None] = {}
    for path in READERS:
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS and node.args):
                continue
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                defaults.setdefault(name.value, node.args[1] if len(node.args) > 1 else None)
                if ast.unparse(node.func) == "secret":
                    defaults[f"{name.value}_FILE"] = None
    return defaults


def documented() -> dict[str, tuple[str, bool]]:
    """Every variable of the example -> its value, and whether that is active."""
    lines = re.findall(r"^(#?)([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE)
    return {name: (value, not hidden) for hidden, name, value in lines}


def test_every_variable_is_in_the_example_and_no_other() -> None:
    assert set(documented()) == set(read_variables())


def test_every_variable_has_a_line_of_explanation() -> None:
    lines = EXAMPLE.splitlines()
    for position, line in enumerate(lines):
        if re.match(r"#?[A-Z_]+=", line):
            assert lines[position - 1].startswith("# "), line


@pytest.mark.parametrize("name", [name for name, (_, active) in documented().items() if active])
def test_an_active_line_shows_the_default(name: str) -> None:
    line_value = documented()[name][0]
    default = read_variables()[name]

    if default is None:  # `os.environ.get("HOST") or "127.0.0.1"`
        assert any(f'"{name}") or "{line_value}"' in (ROOT / path).read_text() for path in READERS)
    else:
        value = ast.literal_eval(default)
        default_text = (
            ",".join(value)
            if isinstance(value, list)
            else str(value).lower()
            if isinstance(value, bool)
            else str(value)
        )
        assert line_value == default_text


def test_no_secret_has_a_constant_default() -> None:
    for name in ("SECRET_KEY", "TOKEN_PEPPERS"):
        assert read_variables()[name] is None
        assert not documented()[name][1]
