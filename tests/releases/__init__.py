"""Populated databases of releases, one file each, to test that the newest version migrates and reads them.

`python -m tests.releases.make` writes the file of the version in pyproject.toml. Run it before the release is tagged,
and never again once it is out: the file has the tables as that release made them.
"""

from pathlib import Path

HERE = Path(__file__).parent
# A customer's key that every file has in it, made up for this purpose.
KEY = "sk-releases-0123456789abcdefghijklmnopqrstuvwxyz"
