"""Where the gateways' programs are: installed on this machine, or by tests/live/clients/install.sh."""

import shutil

import pytest

from tests.live.deployment import ROOT

INSTALLED = ROOT / ".clients" / "gateways"
# The package of Envoy also has a script of this name.
PLACES = (INSTALLED / "envoy" / "_bin", INSTALLED / "bin")


def program(name: str) -> str:
    """The path of the program; empty if it is not installed. The tests know the edition that install.sh names."""
    return next((str(place / name) for place in PLACES if (place / name).exists()), None) or shutil.which(name) or ""


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not program(name), reason=f"{name} is not installed: this configuration is not tested")
