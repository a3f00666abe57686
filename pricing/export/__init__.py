"""The export formats of the catalog and its prices, one in each module."""
