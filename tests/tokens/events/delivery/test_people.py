"""Mail, Slack and Feishu: events as sentences, several in one message, and no way to write commands into one."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core.mail import EmailMessage

from tests.tokens.events.delivery.receivers import Receiver, receiver, subscribe
from tokens.events.delivery.dispatcher import Dispatcher
from tokens.events.delivery.sending import Message, Outcome, send_message
from tokens.events.delivery.sent_events import SentEvent
from tokens.events.delivery.texts import LONGEST_MESSAGE, write_text
from tokens.events.outbox import emit
from tokens.models import Delivery

NOW = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def host(settings: Any) -> Iterator[Receiver]:
    with receiver(settings) as running:
        yield running


def event(name: str = "Ana", number: int = 1, event_type: str = "token.issued") -> SentEvent:
    return SentEvent(f"msg_{number}", event_type, NOW, {"name": name, "key_id": "k1"}, "{}")


def send(host: Receiver, kind: str, *events: SentEvent, secrets: Any = ()) -> tuple[Outcome, Any]:
    outcome = send_message(Message(kind, host.url, secrets, events or (event(),)), at=NOW)
    return outcome, json.loads(host.bodies[-1])


def test_slack_gets_an_escaped_text(host: Receiver) -> None:
    host.content = b"ok"

    outcome, body = send(host, "slack", event("<!channel> & co"))

    assert outcome == Outcome(status=200)
    assert list(body) == ["text"]
    assert "&lt;!channel&gt; &amp; co" in body["text"]
    assert "<" not in body["text"]


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (404, b"no_service", "The receiver answered 404 (no_service)."),
        (200, b"invalid_payload", "The receiver answered 200 (invalid_payload)."),
        (404, b"Cannot POST /services/T0/B0/secret", "The receiver answered 404."),
        (500, b"", "The receiver answered 500."),
    ],
)
def test_slacks_words_are_the_reason_and_nothing_else_that_it_says(
    host: Receiver, status: int, content: bytes, error: str
) -> None:
    host.statuses, host.content = [status], content
    assert send(host, "slack")[0] == Outcome(error, status)


def test_feishu_gets_a_text_that_calls_nobody_with_a_signature(host: Receiver) -> None:
    host.content = b'{"code":0,"msg":"success"}'

    outcome, body = send(host, "feishu", event('<at user_id="all">'), secrets=["a secret"])

    assert outcome == Outcome(status=200)
    assert body["msg_type"] == "text"
    assert "<" not in body["content"]["text"]
    key = f"{body['timestamp']}\na secret".encode()
    assert body["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert body["timestamp"] == str(int(NOW.timestamp()))
    assert set(send(host, "feishu")[1]) == {"msg_type", "content"}


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (200, b'{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}', "200 (code 19021)"),
        (200, b'{"StatusCode":9499}', "200 (code 9499)"),
        (200, b"<html>", "200"),
        (200, b"", "200"),
        (400, b'{"code":0}', "400 (code 0)"),
        (200, b'{"StatusCode":0,"StatusMessage":"success"}', None),
    ],
)
def test_feishus_code_counts_and_not_its_status(host: Receiver, status: int, content: bytes, error: str | None) -> None:
    host.statuses, host.content = [status], content
    assert send(host, "feishu")[0] == Outcome("" if error is None else f"The receiver answered {error}.", status)


def test_a_mail_is_plain_text_without_headers_from_names(settings: Any, mailoutbox: list[EmailMessage]) -> None:
    settings.MAIL_SERVER = {"host": "mail.example.com"}
    settings.SITE_NAME = "Models"
    name = "Ana\r\nBcc: eve@example.com\n\nHello\x1b[31m"

    assert send_message(Message("mail", "ops@example.com", (), [event(name)]), at=NOW) == Outcome()

    (mail,) = mailoutbox
    assert (mail.to, mail.content_subtype) == (["ops@example.com"], "plain")
    assert mail.subject.startswith("Models: ")
    assert "\n" not in mail.subject
    assert mail.message()["Message-ID"] == "<msg_1@modelbook>"
    assert mail.message()["Bcc"] is None
    assert "2026-11-30 12:00 UTC" in mail.body
    assert "\x1b" not in mail.body


def test_a_mail_server_that_fails_is_the_reason_without_its_words(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = Message("mail", "ops@example.com", (), [event()])
    assert send_message(message, at=NOW).error == "No mail server is set. Set EMAIL_URL and EMAIL_FROM."
    settings.MAIL_SERVER = {"host": "mail.example.com"}

    def fail(self: EmailMessage) -> None:
        raise SMTPRecipientsRefused({"secret": (550, b"secret")})

    monkeypatch.setattr(EmailMessage, "send", fail)
    assert send_message(message, at=NOW).error == "The mail server did not take it (SMTPRecipientsRefused)."


def test_many_events_are_one_message_that_is_not_too_long() -> None:
    text = write_text([event("n" * 100, number, "model.changed") for number in range(3000)] + [event()])

    assert text.title == "3,001 events"
    assert len(text.plain.encode()) < LONGEST_MESSAGE + 500
    assert text.lines[-1].startswith(f"And {3001 - len(text.lines) + 1:,} events more: ")
    assert text.lines[-1].endswith(" model.changed, 1 token.issued.")
    ping = SentEvent("msg_1", "ping", NOW, {"message": "n" * 5000}, "{}")
    assert len(write_text([ping]).title) == 500


@pytest.mark.django_db
@pytest.mark.sql
def test_what_happens_together_is_one_message_to_people(host: Receiver) -> None:
    host.statuses, host.content = [500], b"ok"
    subscribe(host.url, kind="slack")
    for number in range(5):
        emit("token.issued", {"name": f"customer {number}"})
    clock = dt.datetime.now(tz=dt.UTC)
    lines: list[str] = []
    Dispatcher(lines.append, clock=lambda: clock).run_once(threading.Event())
    emit("token.issued", {"name": "late"})
    clock += dt.timedelta(seconds=5)
    Dispatcher(lines.append, clock=lambda: clock).run_once(threading.Event())

    first, second = (json.loads(body)["text"].splitlines() for body in host.bodies)
    assert (len(first), len(second)) == (6, 7)
    assert "customer 4" in first[5]
    assert set(Delivery.objects.values_list("state", "attempts")) == {("delivered", 2), ("delivered", 1)}
    assert lines[0].startswith("5 events to Slack to http://127.0.0.1")
    assert lines[1].startswith("6 events to Slack to http://127.0.0.1")
