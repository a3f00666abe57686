"""Gateways in front of a running Modelbook and a stand-in upstream; suite.py is what each of them has to pass."""

import pytest

# Its failures show values, as those of test modules do.
pytest.register_assert_rewrite("tests.gateways.suite")
