"""The report of an import run, for people who may not see everything."""

from catalog.imports.run_reports import without_names


def test_a_report_without_names_has_the_numbers_of_its_impact() -> None:
    report = {
        "guards": ["1 key loses all: Acme (1 of 1). If this is correct, repeat with --accept-loss.", "Another."],
        "impact": {"counts": {"keys": 1200, "groups": 0, "prices": 2}, "lines": ["The key Acme loses 1 of 1 models."]},
    }

    assert without_names(report) == {
        "guards": ["Another."],
        "impact": {"lines": ["1,200 keys change", "2 prices change"]},
    }
