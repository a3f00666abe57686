"""The list of changes and its feed over HTTP."""
