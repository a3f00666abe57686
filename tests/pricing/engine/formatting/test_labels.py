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
