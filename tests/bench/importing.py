"""The duration of an import: `python -m tests.bench.importing ROWS` prints seconds as JSON: all new, again, changed.

The document is of LiteLLM's shape, and DATABASE_URL names a migrated database without these models.
"""

import json
import sys
import time


def document(rows: int, *, price: float, context: int) -> bytes:
    return json.dumps(
        {
            f"bench-model-{number:05}": {
                "mode": "chat", "litellm_provider": f"vendor-{number % 40}",
                "max_input_tokens": context, "max_output_tokens": 64_000,
                "input_cost_per_token": price, "output_cost_per_token": 5 * price,
                "cache_read_input_token_cost": price / 10,
                "supports_vision": number % 2 == 0, "supports_function_calling": True,
            }
            for number in range(rows)
        }
    ).encode()  # fmt: skip


def measure(rows: int) -> dict[str, float]:
    from django.utils import timezone

    from catalog.sources import SOURCES
    from pricing.imports.options import Options
    from pricing.imports.pipeline import apply_import

    options = Options(source=SOURCES["litellm"], channel="main", publish=True, accept_jumps=True)
    first = document(rows, price=2e-06, context=200_000)
    other = document(rows, price=2.5e-06, context=400_000)
    seconds = {}
    for name, content in (("new", first), ("again", first), ("changed", other)):
        began = time.monotonic()
        plan, run = apply_import(content, options, at=timezone.now())
        seconds[name] = round(time.monotonic() - began, 2)
        if (run is None) != (name == "again"):
            raise RuntimeError(f"{name}: {run}, {plan.guards}")
    return seconds


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))))
