"""What a log line says and never says: the request it belongs to, and no key."""

import logging
import re

from catalog.requestid import current_request_id

# The secret of our own keys, whole or cut off (prefix and key id may be shown), and the keys of other gateways, with
# sk- or without it, which is 48 letters and digits or, at one-hub, up to 59.
# Written without the prefix: an expression that looks for one takes quadratic time, and callers choose what is logged.
KEYS = re.compile(
    r"(?<=_)([0-9A-Za-z]{10}_)[0-9A-Za-z]{16,}|sk-[0-9A-Za-z_-]{16,}|(?<![0-9A-Za-z])[0-9A-Za-z]{48,59}(?![0-9A-Za-z])"
)
# A key in a query string, whatever it looks like: ?key=… is how Gemini's clients send it.
QUERY_KEYS = re.compile(r"(?i)([?&](?:api[_-]?)?key=)[^&\s\"']+")


def scrub(text: str) -> str:
    """The text with every key in it replaced."""
    return QUERY_KEYS.sub(r"\1[key]", KEYS.sub(r"\1[key]", text))


class RequestIdFilter(logging.Filter):
    """Puts the id of the request under way into every record; a dash outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs refusals when the request is over, and gives the request along.
        over = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = current_request_id() or over or "-"
        return True


class SecretsFilter(logging.Filter):
    """Scrubs the finished message of every record, exceptions included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrub(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
        return True
