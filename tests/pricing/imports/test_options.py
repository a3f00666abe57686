"""The options of an import are stored with its run, except for what was confirmed for one document only."""

import pytest

from catalog.error_messages import InputError
from catalog.models import Source
from catalog.sources import SOURCES
from pricing.imports.options import Options

LITELLM = SOURCES["litellm"]


@pytest.mark.parametrize(
    "options",
    [
        Options(LITELLM, role=LITELLM.kind),
        Options(LITELLM, role="cost", channel="main", group="default", only=("a", "b"), publish=True, overrule=True),
        Options(LITELLM, role="list", providers=("azure",), name="ours"),
    ],
)
def test_stored_options_are_read_back(options: Options) -> None:
    assert Options.from_json(options.as_json(), name=options.slug) == options


def test_confirmations_are_not_read_back() -> None:
    confirmed = Options(LITELLM, role="list", allow_removals=True, accept_jumps=True)

    assert confirmed.as_json()["allow_removals"] is True
    assert Options.from_json(confirmed.as_json(), name="litellm") == Options(LITELLM, role="list")


def test_a_source_may_have_another_name_than_its_reader() -> None:
    options = Options.of_source(Source(slug="ours", reader="litellm", channel="main"))

    assert (options.source, options.slug, options.channel) == (LITELLM, "ours", "main")


def test_documents_of_an_unsupported_kind_are_refused() -> None:
    with pytest.raises(InputError, match="'telegram' are no longer supported"):
        Options.from_json({"source": "telegram"}, name="telegram")
