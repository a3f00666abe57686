"""Signatures of webhooks, by the Standard Webhooks specification."""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence

import standardwebhooks


def sign_webhook(event_id: str, body: str, *, secrets: Sequence[str], at: dt.datetime) -> dict[str, str]:
    """The headers of a webhook that is sent at this moment; while a secret is replaced, both sign.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    # The library drops the time zone.
    sent_at = at.astimezone(dt.UTC)
    signatures = [standardwebhooks.Webhook(secret).sign(event_id, sent_at, body) for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def sign_feishu(secret: str, *, at: dt.datetime) -> dict[str, str]:
    """The fields that a Feishu bot with a secret requires: the secret is part of the key, and nothing is hashed.

    https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    """
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(f"{timestamp}\n{secret}".encode(), digestmod=hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}
