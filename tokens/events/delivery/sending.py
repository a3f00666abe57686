"""Sends messages: one way for each kind of webhook. No database: a message has everything that is needed."""

import datetime as dt
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage

from catalog.exact import read_json, write_json
from catalog.imports.fetching import FetchError, Reply, send
from tokens.events.delivery.sent_events import SentEvent
from tokens.events.delivery.signing import sign_feishu, sign_webhook
from tokens.events.delivery.texts import write_text

# How long a receiver may take to acknowledge an event.
SECONDS = 10.0
LONGEST_SUBJECT = 120
JSON = {"Content-Type": "application/json; charset=utf-8"}
# Slack's words for what is wrong, e.g. invalid_payload. Other answers may contain the address, which is a secret.
SLACK_ERROR = re.compile(rb"[a-z_]{1,64}")


@dataclass(frozen=True)
class Message:
    """What is sent at once: one event to a webhook, or what has happened to people."""

    kind: str
    # The address, which may be a secret.
    target: str
    secrets: Sequence[str]
    events: Sequence[SentEvent]


@dataclass(frozen=True)
class Outcome:
    """What came of a message: delivered if there is no error, which contains no secret."""

    error: str = ""
    status: int | None = None
    # The receiver wants nothing more.
    is_gone: bool = False
    # It took too long.
    is_slow: bool = False


def send_message(message: Message, *, at: dt.datetime) -> Outcome:
    """Sends it at this moment. Whatever fails is an outcome."""
    try:
        return WAYS[message.kind](message, at)
    except FetchError as error:
        return Outcome(str(error), is_slow="longer than" in str(error))
    except Exception as error:  # noqa: BLE001
        # One message must not stop the others, and its text may contain a secret.
        return Outcome(f"This is a bug ({type(error).__name__}). Please report it.")


def send_webhook(message: Message, at: dt.datetime) -> Outcome:
    event = message.events[0]
    headers = sign_webhook(event.event_id, event.body, secrets=message.secrets, at=at)
    reply = send(message.target, event.body.encode(), headers=JSON | headers, seconds=SECONDS)
    if HTTPStatus(200) <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(status=reply.status)
    return _failure(reply, is_gone=reply.status == HTTPStatus.GONE)


def send_mail(message: Message, _at: dt.datetime) -> Outcome:
    if not settings.MAIL_SERVER:
        return Outcome("No mail server is set. Set EMAIL_URL and EMAIL_FROM.")
    text = write_text(message.events)
    mail = EmailMessage(
        textwrap.shorten(f"{settings.SITE_NAME}: {text.title}", LONGEST_SUBJECT, placeholder="…"),
        text.plain,
        to=[message.target],
        # Mail that is sent again, because nobody knows whether it arrived, is shown once.
        headers={"Message-ID": f"<{message.events[0].event_id}@modelbook>", "Auto-Submitted": "auto-generated"},
    )
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        # The text of the error may contain the address or what the server was sent.
        return Outcome(f"The mail server did not take it ({type(error).__name__}).")
    return Outcome()


def send_slack(message: Message, _at: dt.datetime) -> Outcome:
    # Otherwise a name such as <!channel> calls everybody.
    text = write_text(message.events).plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    reply = send(message.target, write_json({"text": text}), headers=JSON, seconds=SECONDS)
    if reply.status == HTTPStatus.OK and reply.content.strip() in (b"ok", b""):
        return Outcome(status=reply.status)
    word = reply.content.strip()
    return _failure(reply, detail=word.decode() if SLACK_ERROR.fullmatch(word) else "")


def send_feishu(message: Message, at: dt.datetime) -> Outcome:
    # Otherwise a name such as <at user_id="all"> calls everybody; Feishu knows no escapes in texts.
    text = write_text(message.events).plain.replace("<", "\N{FULLWIDTH LESS-THAN SIGN}")
    body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
    for secret in message.secrets[:1]:
        body |= sign_feishu(secret, at=at)
    reply = send(message.target, write_json(body), headers=JSON, seconds=SECONDS)
    code = _feishu_code(reply.content)
    if reply.status == HTTPStatus.OK and code == 0:
        return Outcome(status=reply.status)
    return _failure(reply, detail="" if code is None else f"code {code}")


def _feishu_code(content: bytes) -> int | None:
    """The code in the answer, 0 for success; None without one. Feishu's status is 200 whatever happened."""
    try:
        answer = read_json(content)
    except ValueError:
        return None
    code = answer.get("code", answer.get("StatusCode")) if isinstance(answer, dict) else None
    return code if isinstance(code, int) else None


def _failure(reply: Reply, *, detail: str = "", is_gone: bool = False) -> Outcome:
    error = f"The receiver answered {reply.status}" + (f" ({detail})." if detail else ".")
    return Outcome(error, reply.status, is_gone=is_gone)


WAYS: Mapping[str, Callable[[Message, dt.datetime], Outcome]] = {
    "webhook": send_webhook,
    "mail": send_mail,
    "slack": send_slack,
    "feishu": send_feishu,
}
