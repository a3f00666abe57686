"""What others read the catalog and its prices by: one format a file, each from plain values to bytes."""
