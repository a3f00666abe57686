"""The tables that programs of new-api's family have built in, each a file of this package. Imports no models.

They are in effect until an operator saves the option of their name, and numbers are added by copying prices. Their
numbers are doubles with the digits that the program prints.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources

from catalog.exact import read_json

# Name of a model, or a pattern of names -> number.
Table = Mapping[str, Decimal]
# The files of each version; a later file adds entries.
NEW_API_OF_APRIL = ("new_api_of_april.json",)
NEW_API_OF_AUGUST = (*NEW_API_OF_APRIL, "new_api_added_until_august.json")
VELOERA = ("veloera.json",)
ONE_API = ("one_api.json",)


@cache
def built_in_tables(files: tuple[str, ...]) -> Mapping[str, Table]:
    """Option -> the table that is in effect until an operator saves the option."""
    tables: dict[str, dict[str, Decimal]] = {}
    for file in files:
        for option, entries in read_json((resources.files(__package__) / file).read_bytes()).items():
            tables.setdefault(option, {}).update({key: Decimal(value) for key, value in entries.items()})
    return tables
