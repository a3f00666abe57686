"""The rules of prices as pure functions over plain values: no model, no database."""
