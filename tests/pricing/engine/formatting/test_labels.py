"""Labels of meters, units and words."""

from catalog import vocabulary
from pricing.engine import money
from pricing.engine.formatting import labels


def test_every_meter_and_unit_has_a_label() -> None:
    assert list(labels.METERS) == list(vocabulary.METERS)
    assert list(labels.UNITS) == list(money.UNITS)


def test_words_of_a_source_are_shown_as_it_has_them() -> None:
    assert labels.meter("x.litellm.odd_figure") == "odd figure"
    assert labels.word("odd_capability") == "odd capability"
    assert labels.unit("parsec") == "parsec"


def test_types_have_one_order() -> None:
    for names in (["text", "image", "pdf"], ["pdf", "image", "text"], ["image", "pdf", "text"]):
        assert labels.modalities(names) == "text, image, PDF"
    assert labels.modalities(["three_d", "text"]) == "text, three d"
    assert labels.modalities([]) == ""
