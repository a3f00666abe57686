"""The receiver of docs/automation.md, run as it is: it prints what Modelbook sends, once, and refuses the rest."""

import http.client
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import ROOT
from tests.servers import SECONDS, free_port, wait_for_port
from tests.tokens.events.delivery.receivers import subscribe
from tokens.events.delivery.dispatcher import Dispatcher
from tokens.events.outbox import emit
from tokens.models import Delivery

pytestmark = pytest.mark.django_db


def test_the_receiver_of_the_document_verifies_events(tmp_path: Path, settings: Any) -> None:
    document = (ROOT / "docs/automation.md").read_text()
    code = re.search(r"## Webhooks\n.*?```python\n(.*?)```", document, re.DOTALL)
    assert code
    program, port = tmp_path / "receiver.py", free_port()
    program.write_text(code[1])
    settings.FETCH_OWN_HOSTS = [f"127.0.0.1:{port}"]
    webhook, secret = subscribe(f"http://127.0.0.1:{port}/hook")
    emit("token.issued", {"name": "Ana"})
    running = subprocess.Popen(
        [sys.executable, str(program), str(port)],
        env=os.environ | {"WEBHOOK_SECRET": secret}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        wait_for_port(port, running)
        for _ in range(2):
            Delivery.objects.update(state="pending", attempts=0, next_attempt_at=webhook.created_at)
            Dispatcher(lambda _: None).run_once(threading.Event())
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        forged = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,"}
        client.request("POST", "/hook", b"{}", forged)
        refused = client.getresponse().status
        client.close()
    finally:
        running.terminate()
        output, _ = running.communicate(timeout=SECONDS)

    assert (Delivery.objects.get().state, Delivery.objects.get().last_status) == ("delivered", 204)
    assert refused == 401
    assert output == "token.issued {'name': 'Ana'}\n"
