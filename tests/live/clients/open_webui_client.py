"""The models that Open WebUI offers, and what its button "Verify connection" shows; its database is in memory."""

import asyncio
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

folder = tempfile.mkdtemp()
Path(folder, "static").mkdir()
# It copies pictures of its pages from one folder to the other.
os.environ |= {
    "FRONTEND_BUILD_DIR": folder,
    "STATIC_DIR": folder,
    "DATA_DIR": folder,
    "DATABASE_URL": f"sqlite:///{folder}/webui.db",
}
os.environ |= {"WEBUI_SECRET_KEY": "for tests", "VECTOR_DB": "none", "ENABLE_DB_MIGRATIONS": "False"}

from open_webui.routers import openai  # noqa: E402

from tests.live.clients.situations import show  # noqa: E402

user = SimpleNamespace(id="1", name="an operator", email="", role="admin")
request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace()), state=SimpleNamespace(), cookies={}, headers={})


def connected(url: str, key: str) -> None:
    """The connection that an operator enters in Open WebUI."""

    async def config() -> tuple[bool, list[str], list[str], dict[str, Any]]:
        return True, [f"{url}/v1"], [key], {"0": {"enable": True}}

    openai.get_openai_runtime_config = config


def offered(url: str, key: str) -> Iterable[str]:
    connected(url, key)
    return [model["id"] for model in asyncio.run(openai.get_all_models.__wrapped__(request, user=user))["data"]]


def verified(url: str, key: str) -> Iterable[str]:
    form = openai.ConnectionVerificationForm(url=f"{url}/v1", key=key, config={})
    answer = asyncio.run(openai.verify_connection(request, form, user=user))
    if isinstance(answer, dict):
        return [model["id"] for model in answer["data"]]
    raise RuntimeError(answer.status_code, answer.body)


show({"Open WebUI, models": offered, "Open WebUI, verify": verified})
