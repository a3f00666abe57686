"""The structure part of an import: rows of every table beside the facts and prices of its records."""
