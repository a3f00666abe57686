"""A model's row comes out of a document as it stands there, whatever the document's form."""

import json

import pytest

from catalog.sources import litellm
from catalog.sources.rawrows import raw_rows
from catalog.sources.rows import SourceError
from tests.samples import real, sample


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ('{"m": {"a": 1.50e-06 , "b": [1, {}]}, "n": {}}', ['{"a": 1.50e-06 , "b": [1, {}]}']),
        ('{"data": [{"id": "n"}, {"x": [],\n "id": "m"}]}', ['{"x": [],\n "id": "m"}']),
        ('{"p": {"models": {"m": {"id": "m"}}}, "q": {"models": {"m": {}}}}', ['{"id": "m"}', "{}"]),
        ('[{"model_name": "\\u006d", "é": "\\""}]', ['{"model_name": "\\u006d", "é": "\\""}']),
        ('{"models": [{"name": "m"}], "vendors": []}', ['{"name": "m"}']),
        ('{"vendors": [{"name": "m"}], "models": [{"id": "m"}]}', ['{"id": "m"}']),
        ('{"ratios": {"m": 1}, "m": null, "text": "m", "more": [true, -1e5, "m"]}', []),
        ("[]", []),
    ],
)
def test_it_is_found_by_its_key_or_its_id(document: str, rows: list[str]) -> None:
    assert raw_rows(b"\xef\xbb\xbf" + document.encode(), "m") == [row.encode() for row in rows]


@pytest.mark.parametrize("document", [b"model,input\nm,1\n", b"models:\n- name: m\n", b'{"a": 1,', b"\xff"])
def test_what_is_no_json_is_told(document: bytes) -> None:
    with pytest.raises(SourceError):
        raw_rows(document, "m")


@pytest.mark.parametrize("name", ["litellm.json", "litellm/model_prices_1.83.0.json"])
def test_every_row_of_a_map_is_found(name: str) -> None:
    content = real(name) if "/" in name else sample(name)
    rows = {key: row for key, row in json.loads(content).items() if key not in litellm.NOT_MODELS}
    for key, row in list(rows.items())[:: max(1, len(rows) // 10)]:
        assert [json.loads(found) for found in raw_rows(content, key)] == [row]
