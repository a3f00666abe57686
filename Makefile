# Short names for the usual commands; docs/contributing.md describes them.
.PHONY: run test lint bench

run: .venv
	.venv/bin/python manage.py quickstart

test: .venv
	.venv/bin/python -m tests

lint: .venv
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy

bench: .venv
	.venv/bin/python -m tests.bench

.venv:
	python3 -m venv .venv
	.venv/bin/pip install -e '.[dev]'
