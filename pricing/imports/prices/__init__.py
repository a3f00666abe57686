"""The prices of an import: what changes, which lines stay, and the sheets that are written."""
